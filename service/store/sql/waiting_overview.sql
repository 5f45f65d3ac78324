-- How many commands wait, since when, and how long the next deadline is away, in seconds
SELECT count(*) AS commands,
       COALESCE(EXTRACT(EPOCH FROM now() - min(received_at)), 0)::double precision AS oldest_seconds,
       EXTRACT(EPOCH FROM min(deadline) - now())::double precision AS next_seconds
FROM waiting_command
