-- Set existing marks to any offset. $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 next offsets
UPDATE offset_mark AS mark
SET next_offset = n.next_offset, updated_at = now()
FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[]) AS n (topic, topic_id, partition, next_offset)
WHERE mark.cluster_id = $1
  AND mark.topic = n.topic
  AND mark.topic_id = n.topic_id
  AND mark.partition = n.partition
