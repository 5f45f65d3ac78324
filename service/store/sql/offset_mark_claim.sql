-- Locks the marks of the batch's partitions and answers where each stands; a new partition starts at its first record.
-- $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 first offsets; rows sorted by topic and partition
INSERT INTO offset_mark AS mark (cluster_id, topic, topic_id, partition, next_offset)
SELECT $1, n.topic, n.topic_id, n.partition, n.first_offset
FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[]) AS n (topic, topic_id, partition, first_offset)
ON CONFLICT (cluster_id, topic, topic_id, partition) DO UPDATE SET next_offset = mark.next_offset
RETURNING mark.topic, mark.partition, mark.next_offset, mark.xmax = 0 AS made
