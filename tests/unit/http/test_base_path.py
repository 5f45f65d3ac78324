"""The address of a trusted proxy is recognized in each form in which it may be configured or appear."""

import pytest

from service.http.base_path import BasePaths
from service.settings import Settings


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:a00:1"),
        ("fd00::/8", "fd00::1"),
        ("fe80::/10", "fe80::1%eth0"),
    ],
)
def test_a_trusted_proxy_is_recognized_in_each_form_of_its_address(trusted: str, peer: str) -> None:
    paths = BasePaths("/configured", Settings(trusted_proxies=trusted).trusted_proxies)
    headers = [(b"x-forwarded-prefix", b"/given")]
    assert paths.of({"client": (peer, 1), "headers": headers}) == "/given"
    assert paths.of({"client": ("192.0.2.1", 1), "headers": headers}) == "/configured"
    assert paths.of({"client": ("::1", 1), "headers": headers}) == "/configured"
