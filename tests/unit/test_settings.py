"""Settings: valid values are read, invalid ones are rejected by name, and secrets are never shown."""

import os

import pytest

from service.masking import MASK, masked
from service.settings import InvalidSettings, Settings, load, valid
from service.store.position import BLOCK


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings of the machine that runs the tests."""
    for name in [variable for variable in os.environ if variable.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)


def problems(**options: object) -> str:
    with pytest.raises(InvalidSettings) as invalid:
        load(options)
    return "\n".join(invalid.value.problems)


def test_defaults_hold_when_nothing_is_given() -> None:
    settings = load()
    assert (settings.topic_prefix, settings.api_port, settings.partitions) == ("registry", 8080, 12)


def test_option_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TOPIC_PREFIX", "from-environment")
    monkeypatch.setenv("REGISTRY_PARTITIONS", "3")
    settings = load({"topic_prefix": "from-option", "partitions": None})
    assert (settings.topic_prefix, settings.partitions) == ("from-option", 3)


def test_empty_value_means_that_the_setting_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_API_PORT", "")
    assert load().api_port == 8080


def test_unknown_name_is_rejected_with_the_closest_known_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATABSE_URL", "postgresql://localhost/registry")
    assert problems() == "REGISTRY_DATABSE_URL is not a setting: did you mean REGISTRY_DATABASE_URL?"


def test_names_of_the_test_suite_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TEST_DATABASE_URL", "anything")
    assert load() == Settings()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("api_port", "eighty"),
        ("api_port", "65536"),
        ("partitions", "0"),
        ("database_url", "mysql://localhost/registry"),
        ("database_url", "postgresql://localhost:abc/registry"),
        ("kafka_bootstrap_servers", "localhost:9092,broker"),
        ("kafka_security_protocol", "TLS"),
        ("kafka_idempotent_producer", "perhaps"),
        ("topic_prefix", "with space"),
        ("schema_base_uri", "/schemas/"),
        ("schema_base_uri", "https://registry.example.com/schemas"),
        ("schema_base_uri", "https://registry.example.com/a b/"),
        ("schema_base_uri", "https://registry.example.com/#/"),
        ("schema_base_uri", "https://registry.example.com/\n"),
        ("jwt_algorithms", "HS256"),
        ("jwt_algorithms", "none"),
        ("jwt_algorithms", " , "),
        ("log_level", "loud"),
        ("batch_max_records", "10001"),
        ("dead_letter_minimum", "2000"),
        ("inbox_retention_days", "3"),
        ("kafka_ssl_certfile", "client.pem"),
    ],
)
def test_invalid_value_is_rejected_by_name(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> None:
    name = f"REGISTRY_{field.upper()}"
    monkeypatch.setenv(name, value)
    assert problems().startswith(f"{name}")


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_API_PORT", "x")
    monkeypatch.setenv("REGISTRY_NO_SUCH_SETTING", "x")
    reported = problems(partitions="0")
    assert [name in reported for name in ("REGISTRY_API_PORT", "REGISTRY_NO_SUCH_SETTING", "REGISTRY_PARTITIONS")] == [
        True
    ] * 3


def test_inbox_retention_covers_the_retention_of_commands_and_dead_letters() -> None:
    inbox = "REGISTRY_INBOX_RETENTION_DAYS: must be at least REGISTRY_"
    assert f"{inbox}DEAD_LETTER_RETENTION_DAYS" in problems(inbox_retention_days=7), "a replay on day 20"
    assert f"{inbox}COMMAND_RETENTION_DAYS" in problems(inbox_retention_days=30, command_retention_days=31)
    assert load({"inbox_retention_days": 7, "dead_letter_retention_days": 7}).inbox_retention_days == 7


def test_problem_does_not_show_the_secret_of_an_invalid_value() -> None:
    reported = problems(database_url="postgresql://registry:s3cret@host:99999999/registry")
    assert "s3cret" not in reported
    assert "REGISTRY_DATABASE_URL" in reported


def test_sasl_requires_user_name_and_password() -> None:
    assert "REGISTRY_KAFKA_SASL_USERNAME" in problems(kafka_security_protocol="SASL_SSL")
    given = {"kafka_sasl_username": "registry", "kafka_sasl_password": "s3cret"}
    assert load({"kafka_security_protocol": "SASL_SSL", **given}).kafka_sasl_password.get_secret_value() == "s3cret"


def test_list_items_are_trimmed_and_empty_items_are_ignored() -> None:
    settings = load({"externally_visible_producer_codes": " 301-008578, AI-50701 ,,"})
    assert settings.externally_visible_producer_codes == ("301-008578", "AI-50701")


def test_secrets_are_never_shown() -> None:
    settings = load(
        {
            "database_url": "postgresql://registry:s3cret@host:5432/registry?sslpassword=s3cret&sslmode=require",
            "kafka_sasl_password": "s3cret",
            "jwks": "https://reader:s3cret@login.example.com/keys",
        }
    )
    shown = settings.effective()
    assert "s3cret" not in f"{settings} {settings!r} {shown}"
    assert shown["REGISTRY_KAFKA_SASL_PASSWORD"] == MASK
    assert shown["REGISTRY_DATABASE_URL"].endswith("@host:5432/registry?sslpassword=********&sslmode=require")


def test_masked_keeps_the_address_when_the_password_has_special_characters() -> None:
    assert masked("postgresql://u:p@ss:word@host:5/db") == f"postgresql://u:{MASK}@host:5/db"
    assert masked("postgresql://host/db") == "postgresql://host/db"


def test_the_largest_batch_fits_into_a_block_of_positions() -> None:
    messages_per_command = 2
    assert load({"batch_max_records": 10_000}).batch_max_records * messages_per_command <= BLOCK


def test_require_names_the_missing_setting() -> None:
    with pytest.raises(InvalidSettings, match="REGISTRY_DATABASE_URL is not set"):
        load().require("topic_prefix", "database_url")


def test_every_setting_has_a_description_and_valid_values() -> None:
    assert [f for f, info in Settings.model_fields.items() if not info.description or not valid(f)] == []
