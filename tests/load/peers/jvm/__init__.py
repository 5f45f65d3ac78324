"""Peer (f): a JVM service with the same guarantees, as a good team would write it in Java. Needs a JDK and Maven.

`RegistryPeer.java` uses plain kafka-clients, the PostgreSQL driver and Jackson, and one thread. For each poll of up to
2,000 records it validates the commands, runs one transaction, publishes, deletes and commits the offsets. The
transaction has the inbox, the rows of the registry (same tables, same indexes, same lock of batches and of rows) and an
outbox with one row per message; new rows are written by COPY in binary format, changed ones by one statement for each
table. The fsync of PostgreSQL is on, the producer has acks=all and is idempotent. Rows and messages are those of the
registry, byte by byte (`tests/integration/load/test_jvm_peer_apache.py`).

It has less to do than the registry: no state topics, so it is compared with the registry without them; four of the
types of commands; one active instance instead of many; binary content mode only; no metrics and no HTTP.

Settings: heap 512 MiB, the parallel collector, which is the one for throughput, and Apache Kafka, because the embedded
broker has no idempotent producer. Three quarters of the commands, 60,000 or more, are not measured, to warm up the JVM.
"""
