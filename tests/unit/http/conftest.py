"""Fixtures of several tests of the HTTP side."""

import pytest

from service.http import connections
from tests.support.issuer import Issuer


@pytest.fixture(scope="module")
def trusted() -> Issuer:
    """Return one issuer for all tests of a module."""
    return Issuer()


@pytest.fixture
def frequent_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the deadlines of connections so often that short ones can be tested."""
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.05)
