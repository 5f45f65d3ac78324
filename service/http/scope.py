"""The scopes of tokens."""

from typing import Final

ACCOUNT_READ: Final = "account:read"
ADMIN_READ: Final = "admin:read"

SCOPES: Final = (ACCOUNT_READ, ADMIN_READ)
