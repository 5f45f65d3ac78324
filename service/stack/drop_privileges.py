"""Run a program as an unprivileged user if this process is root.

`python -m service.stack.drop_privileges PROGRAM ARGUMENTS…`

PostgreSQL refuses to run as root, and the checkout or the data folder may be accessible only to root. Therefore the
program runs as `nobody` and keeps one privilege of root: it bypasses file permissions (CAP_DAC_OVERRIDE, preserved
across exec as an ambient capability; see capabilities(7)). If the kernel refuses that capability, the program runs
without it.
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
    """Return the user that the program runs as, or None if this process is not root."""
    return pwd.getpwnam(USER) if os.geteuid() == 0 else None


def drop_privileges(user: pwd.struct_passwd) -> None:
    """Switch from root to a user, and keep CAP_DAC_OVERRIDE if the kernel permits it. Raises OSError on failure."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Without this bit, access(2) ignores the kept capability, and initdb does not find its programs.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Two triples (effective, permitted, inheritable): one for capabilities 0 to 31, one for 32 to 63.
    if libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
    elif libc.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "the privileges of root cannot be dropped")


def main() -> None:
    """Drop the privileges of root, then replace this process by the program."""
    user = owner()
    if user is not None:
        drop_privileges(user)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - must not use a shell


if __name__ == "__main__":
    main()
