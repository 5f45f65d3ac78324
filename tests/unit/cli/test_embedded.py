"""The port of the API of `dev`: the preferred one when it is free, and always the one that is given."""

import socket

from service.cli.composition import can_listen
from service.cli.embedded import with_api_port
from service.settings import Settings, load

HOST = "127.0.0.1"
SERVERS: dict[str, object] = {"api_port": 0, "admin_port": 0}


def _settings(**given: object) -> Settings:
    return load(given)


def test_preferred_port_is_chosen_when_it_is_free() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    assert with_api_port(_settings(**SERVERS), _settings(), port).api_port == port


def test_any_free_port_is_chosen_when_the_preferred_one_is_taken() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert not can_listen(HOST, port)
        assert with_api_port(_settings(**SERVERS), _settings(), port).api_port == 0
    assert can_listen(HOST, port)


def test_given_port_is_kept_when_the_preferred_one_is_free() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    given = _settings(api_port=9999)
    assert with_api_port(given, given, port).api_port == 9999
    zero = _settings(api_port=0)
    assert with_api_port(zero, zero, port).api_port == 0, "0 is given, too: any free port"
