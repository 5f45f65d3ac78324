SELECT u.* FROM registry_user AS u WHERE u.id > $1::text ORDER BY u.id LIMIT /*bound*/ 32
