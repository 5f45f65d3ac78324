"""The id of an Apache Kafka cluster, which is passed as an argument to Kafka's tools."""

from collections.abc import Iterator

from service.stack.apache.cluster import cluster_id


def test_a_cluster_id_never_begins_with_a_dash() -> None:
    # Kafka's storage tool would parse it as an option.
    tokens: Iterator[bytes] = iter([b"\xf8" + bytes(15), bytes(16)])
    assert cluster_id(lambda length: next(tokens)) == "A" * 22
