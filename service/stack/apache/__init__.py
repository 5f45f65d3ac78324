"""Apache Kafka from its published artifacts, started with `java`: a KRaft cluster of one or three nodes."""
