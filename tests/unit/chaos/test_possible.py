"""The faults that are possible on a site."""

from tests.chaos.execute import possible
from tests.chaos.site import Site


def _names(site: Site) -> set[str]:
    site.folder.rmdir()
    return {fault.name for fault in possible(site)}


def test_several_nodes_have_no_faults_that_need_the_proxy() -> None:
    names = _names(Site("apache", nodes=3))
    assert "one node after the other" in names
    assert not names & {"all connections to the broker cut", "started before its servers"}


def test_the_embedded_broker_is_not_restarted() -> None:
    names = _names(Site("tansu"))
    assert "started before its servers" in names
    assert not names & {"broker killed and started", "disk of the broker full", "partitions added"}
