"""Peer (e): Kafka Connect with the Debezium JDBC sink, writing the same state as upserts. Needs java and mvn.

For each command it writes the row of the code or association after the command, computed beforehand by our own core.
It decides and publishes nothing, and writes no inbox, no outbox and no counters of owners.

Settings: Connect 4.3 standalone, one worker, one connector and one task per table (three), JSON without schemas in the
records (the schema is given to the converter, KIP-1054), upsert by the record's key, batches and polls of 2,000,
`reWriteBatchedInserts`, UNNEST upserts where a row has no array (the sink does not support both), the reduction buffer
on (one upsert per key, which rewritten inserts require), no schema evolution, heap 1 GiB. Offsets are committed ten
times a second, and committed records are counted. The first half of the records is not measured, to warm up the JVM.
"""
