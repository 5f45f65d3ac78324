-- Users whose usernames are not in the normalization form NFC because another user has that form or becomes it
SELECT u.id, min(o.id) AS other
FROM registry_user AS u JOIN registry_user AS o ON o.id <> u.id AND normalize(o.username, NFC) = normalize(u.username, NFC)
WHERE u.username IS NOT NFC NORMALIZED
GROUP BY u.id ORDER BY u.id LIMIT 100
