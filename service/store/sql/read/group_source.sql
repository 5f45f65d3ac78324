SELECT g.* FROM registry_group AS g WHERE g.id > $1::text /*type*/ ORDER BY g.id LIMIT /*bound*/ 32
