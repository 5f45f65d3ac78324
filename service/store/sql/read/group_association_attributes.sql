-- Part: the attributes of group association a with its code c and the code's branch b.
'{' || concat_ws(',',
    '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
        || ',"id":' || to_json(b.id) || '}',
    '"code":' || to_json(c.code),
    '"description":' || to_json(c.description),
    '"id":' || to_json(a.id),
    '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
    '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
) || '}'
