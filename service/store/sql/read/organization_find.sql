-- Statement: the organization $1, or no row.
SELECT o.version, '{"displayName":' || to_json(o.display_name) || ',"domains":' || to_json(o.domains)
    || ',"id":' || to_json(o.id) || ',"insurer":' || to_json(o.insurer)
    || ',"producerStatus":{"code":' || to_json(o.status) || ',"name":' || to_json(o.status)
    || '},"type":"Organization"}' AS attributes
FROM organization AS o WHERE o.id = $1::text
