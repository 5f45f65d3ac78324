-- migrate:up
-- Usernames are compared in the normalization form NFC. A username that would collide with another one is not changed:
-- `producer-registry migrate` reports it.
UPDATE registry_user AS u SET username = normalize(u.username, NFC)
WHERE u.username IS NOT NFC NORMALIZED
    AND NOT EXISTS (
        SELECT FROM registry_user AS o WHERE o.id <> u.id AND normalize(o.username, NFC) = normalize(u.username, NFC)
    );

-- migrate:down
