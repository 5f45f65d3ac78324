-- The marks of a topic in every cluster. $1 topic
SELECT cluster_id, topic_id, partition, next_offset FROM offset_mark WHERE topic = $1
