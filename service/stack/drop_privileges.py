"""Run a program as an unprivileged user when this process is root.

`python -m service.stack.drop_privileges PROGRAM ARGUMENTS…`

PostgreSQL refuses to run as root, and a checkout or a data folder may lie where only root may go. So the program runs
as `nobody`, with the one right of root it needs: passing file permissions (CAP_DAC_OVERRIDE, kept over exec as an
ambient capability; see capabilities(7)). Where the kernel refuses that right, the program runs without it.
"""

import ctypes
import os
import pwd
import sys

USER = "nobody"
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 4
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def owner() -> pwd.struct_passwd | None:
    """Return the user that such a program runs as, or None when this process is not root."""
    return pwd.getpwnam(USER) if os.geteuid() == 0 else None


def drop_privileges(user: pwd.struct_passwd) -> None:
    """Give up root for a user, keeping the right to pass file permissions where the kernel allows it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Without this bit access(2), by which initdb looks for its programs, would leave the kept right out.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Two triples of effective, permitted, inheritable: capabilities 0 to 31, then 32 to 63.
    if libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
    elif libc.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "the rights of root cannot be given up")


def main() -> None:
    """Step down when root, then become the program."""
    user = owner()
    if user is not None:
        drop_privileges(user)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
