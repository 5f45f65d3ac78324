"""What the API documents say about the program and its operator: contact and license."""

from importlib.metadata import metadata

from service.settings import Settings


def contact_object(settings: Settings) -> dict[str, str]:
    """Return the contact object of OpenAPI and AsyncAPI: whoever operates the installation."""
    named = {"name": "Operator of the producer registry"}
    if not settings.api_contact:
        return named
    return {**named, "url" if "://" in settings.api_contact else "email": settings.api_contact}


def license_object() -> dict[str, str]:
    """Return the license object of OpenAPI and AsyncAPI, from the metadata of the distribution."""
    return {"name": metadata("producer-registry")["License-Expression"]}
