"""The base path: what a proxy removes from the paths of requests, so that callers see it in front of every link."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from starlette.types import Scope

from service.setting_type import PATH_PREFIX

MAX_LENGTH: Final = 256

_HEADER: Final = b"x-forwarded-prefix"
_LINKS: Final = (b'"href":"/', b'"uri":"/')


class BasePaths:
    """Finds the base path of a request: that of a trusted proxy, otherwise the configured one.

    `trusted` are addresses and networks of proxies whose header X-Forwarded-Prefix is used.
    """

    def __init__(self, configured: str, trusted: Sequence[str]) -> None:
        self._configured = configured
        self._networks = [_unmapped(ip_network(network)) for network in trusted]
        self._is_trusted = lru_cache(maxsize=1024)(self._in_networks)

    def of(self, scope: Scope) -> str:
        """Return the base path of a request, without a slash at the end; empty if there is none."""
        if self._networks and scope.get("client") and self._is_trusted(scope["client"][0]):
            # Each proxy of a chain appends what it removed, the outermost first.
            given = "".join(_parts(value for name, value in scope["headers"] if name == _HEADER))
            if given and len(given) <= MAX_LENGTH and re.fullmatch(PATH_PREFIX, given):
                return given
        return self._configured

    def _in_networks(self, address: str) -> bool:
        try:
            client = _unmapped(ip_network(address))
        except ValueError:
            return False
        return any(client.network_address in network for network in self._networks)


def public_path(scope: Scope) -> str:
    """Return the decoded path of a request as its caller sees it."""
    path: str = scope.get("base_path", "") + scope["path"]
    return path


def with_base_path(body: bytes, base_path: str) -> bytes:
    """Insert the base path into the links of a JSON body that was written without spaces.

    A quotation mark within a JSON string is escaped, so these bytes occur only where the registry writes a link.
    """
    for link in _LINKS:
        body = body.replace(link, b"%b%b/" % (link[:-1], base_path.encode()))
    return body


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network of IPv4 addresses that is written in IPv6, such as `::ffff:10.0.0.0/104`, in IPv4."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return network if mapped is None else IPv4Network((mapped, network.prefixlen - 96))


def _parts(values: Iterable[bytes]) -> Iterable[str]:
    for value in values:
        for part in value.decode("latin-1").split(","):
            yield part.strip().rstrip("/")
