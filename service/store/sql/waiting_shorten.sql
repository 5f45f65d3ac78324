-- Let no command wait for longer than the setting says now, which may be less than when it came. $1 seconds
UPDATE waiting_command SET deadline = received_at + make_interval(secs => $1::double precision)
WHERE deadline > received_at + make_interval(secs => $1::double precision)
