-- The current role, the schema that it can use for names without a schema (null: none), and the first one that exists
SELECT current_user::text AS role,
       current_schema()::text AS usable,
       (
           SELECT n.nspname::text
           FROM unnest(string_to_array(replace(current_setting('search_path'), ' ', ''), ',')) WITH ORDINALITY AS p (name, place)
           JOIN pg_namespace AS n
               ON n.nspname = CASE p.name WHEN '"$user"' THEN current_user::text ELSE trim('"' FROM p.name) END
           ORDER BY p.place
           LIMIT 1
       ) AS existing
