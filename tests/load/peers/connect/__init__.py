"""Peer (e): Kafka Connect with the Debezium JDBC sink, writing the same state as upserts. Needs java and mvn.

What it writes: for each command the row of the code or association as it is after the command, worked out beforehand
by our own core. It writes no inbox, no outbox, no owners' counters and publishes nothing; it decides nothing.

Settings: Connect 4.3 standalone, one worker, one connector and one task a table (three), JSON without schemas in the
records (the schema is given to the converter, KIP-1054), upsert by the record's key, batches and polls of 2,000,
`reWriteBatchedInserts`, UNNEST upserts where a row has no array (the sink cannot do both), the reduction buffer on (one
upsert for several of a key, which the rewritten ones need), no schema evolution, heap 1 GiB. Offsets are committed ten
times a second, and what is committed counts. The first half of the records is not measured: the JVM gets warm.
"""
