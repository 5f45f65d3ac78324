-- $1 cluster, $2 topic
SELECT topic_id, partition, next_offset FROM offset_mark WHERE cluster_id = $1 AND topic = $2
