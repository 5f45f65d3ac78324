"""Apache Kafka from its published artefacts, started with plain `java`: a KRaft cluster of one node or three."""
