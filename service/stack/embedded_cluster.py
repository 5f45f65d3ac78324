"""How the embedded broker is recognised: by its cluster id, which no Apache Kafka has."""

import secrets

PREFIX = "producer-registry-"


def new_cluster_id() -> str:
    """Return a random cluster id for an embedded broker."""
    return f"{PREFIX}{secrets.token_hex(8)}"


def is_embedded(cluster_id: str) -> bool:
    """Return whether a cluster is an embedded broker. Ids of Apache Kafka have 22 characters, which is shorter."""
    return cluster_id.startswith(PREFIX) and len(cluster_id) > 22
