"""The part of a document that shows attributes as they are, derived from the attributes of the contract."""

from collections.abc import Iterable

from service.contract.attribute import Attribute


def shown(attributes: Iterable[Attribute], row: str) -> str:
    """Return the attributes that HTTP shows as they are, as further arguments of concat_ws; `row` names the table."""
    return "\n".join(f""", '"{a.name}":' || to_json({row}.{a.field})""" for a in attributes if a.http)
