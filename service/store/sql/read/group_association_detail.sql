-- Part: the associations of the group as JSON text. The version is the group's: an association changes with its owner.
SELECT shown.n, owner.version, '/admin/v1/groups/' || owner.id || '/producer-codes/' || c.id AS href,
    '{' || concat_ws(',',
        '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
            || ',"id":' || to_json(b.id) || '}',
        '"code":' || to_json(c.code),
        '"description":' || to_json(c.description),
        '"id":' || to_json(a.id),
        '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
        '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
    ) || '}'
    AS attributes
FROM owner CROSS JOIN shown
JOIN group_producer_code AS a ON a.group_id = $4::text AND a.code_id = shown.id
JOIN producer_code AS c ON c.id = shown.id
LEFT JOIN branch AS b ON b.id = c.branch_id
