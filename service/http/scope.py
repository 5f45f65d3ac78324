"""The scopes of tokens."""

from typing import Final

ACCOUNT_READ: Final = "account:read"
ADMIN_READ: Final = "admin:read"
ADMIN_WRITE: Final = "admin:write"

SCOPES: Final = (ACCOUNT_READ, ADMIN_READ, ADMIN_WRITE)
