-- Part: whether a code is usable on the day of the caller. The first condition makes the partial indexes applicable.
-- Placeholders:
--   row    the row of producer_code, or of an association, which repeats these columns
--   least  the least usability: 1 for renewal, 2 for submission
/*row*/.usable > 0 AND /*row*/.usable >= /*least*/
AND (/*row*/.appointment_date > caller.day) IS NOT TRUE
AND (/*row*/.termination_date <= caller.day) IS NOT TRUE
