-- The current role, and the privileges that it lacks. $1 names of tables and sequences, $2 privileges on tables,
-- $3 privilege on sequences
SELECT current_user::text AS role,
       ARRAY(
           SELECT wanted.privilege || ' on ' || c.relname
           FROM pg_class AS c
           CROSS JOIN LATERAL (
               SELECT unnest(CASE WHEN c.relkind = 'S' THEN ARRAY[$3::text] ELSE $2::text[] END) AS privilege
           ) AS wanted
           WHERE c.relname = ANY($1::text[])
             AND pg_table_is_visible(c.oid)
             AND NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, wanted.privilege)
                          ELSE has_table_privilege(c.oid, wanted.privilege) END
           ORDER BY 1
       ) AS lacking
