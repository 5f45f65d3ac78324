-- Held rows without values. $1 positions or null, $2 topic or null, $3 reason or null: the whole reason, or its part
-- before the first colon
SELECT position, 'held' AS state, shard, topic, messages, raw_bytes, held_at AS since, scope, reason
FROM outbox_held
WHERE ($1::bigint[] IS NULL OR position = ANY($1))
  AND ($2::text IS NULL OR topic = $2)
  AND ($3::text IS NULL OR reason = $3 OR split_part(reason, ':', 1) = $3)
ORDER BY position
