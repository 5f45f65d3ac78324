"""Settings: what is right is read, what is wrong is refused by name, and secrets never show."""

import os

import pytest

from service.settings import MASK, InvalidSettings, Settings, load, masked, right
from service.store.position import BLOCK


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests reaches them."""
    for name in [variable for variable in os.environ if variable.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)


def refusal(**options: object) -> str:
    with pytest.raises(InvalidSettings) as refused:
        load(options)
    return "\n".join(refused.value.problems)


def test_defaults_hold_when_nothing_is_given() -> None:
    settings = load()
    assert (settings.topic_prefix, settings.api_port, settings.partitions) == ("registry", 8080, 12)


def test_option_goes_before_the_environment_when_both_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TOPIC_PREFIX", "from-environment")
    monkeypatch.setenv("REGISTRY_PARTITIONS", "3")
    settings = load({"topic_prefix": "from-option", "partitions": None})
    assert (settings.topic_prefix, settings.partitions) == ("from-option", 3)


def test_empty_value_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_API_PORT", "")
    assert load().api_port == 8080


def test_unknown_name_is_refused_with_the_nearest_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATABSE_URL", "postgresql://localhost/registry")
    assert refusal() == "REGISTRY_DATABSE_URL is not a setting: did you mean REGISTRY_DATABASE_URL?"


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
        ("jwt_algorithms", "HS256"),
        ("jwt_algorithms", "none"),
        ("jwt_algorithms", " , "),
        ("log_level", "loud"),
        ("batch_max_records", "50001"),
        ("dead_letter_minimum", "2000"),
        ("inbox_retention_days", "3"),
        ("kafka_ssl_certfile", "client.pem"),
    ],
)
def test_malformed_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> None:
    name = f"REGISTRY_{field.upper()}"
    monkeypatch.setenv(name, value)
    assert refusal().startswith(f"{name}")


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_API_PORT", "x")
    monkeypatch.setenv("REGISTRY_UNHEARD_OF", "x")
    reported = refusal(partitions="0")
    assert [name in reported for name in ("REGISTRY_API_PORT", "REGISTRY_UNHEARD_OF", "REGISTRY_PARTITIONS")] == [
        True
    ] * 3


def test_ids_are_kept_as_long_as_whatever_may_bring_them_again() -> None:
    inbox = "REGISTRY_INBOX_RETENTION_DAYS: at least REGISTRY_"
    assert f"{inbox}DEAD_LETTER_RETENTION_DAYS" in refusal(inbox_retention_days=7), "a replay on day 20"
    assert f"{inbox}COMMAND_RETENTION_DAYS" in refusal(inbox_retention_days=30, command_retention_days=31)
    assert load({"inbox_retention_days": 7, "dead_letter_retention_days": 7}).inbox_retention_days == 7


def test_refusal_does_not_show_a_secret_when_the_value_is_malformed() -> None:
    reported = refusal(database_url="postgresql://registry:s3cret@host:99999999/registry")
    assert "s3cret" not in reported
    assert "REGISTRY_DATABASE_URL" in reported


def test_log_on_needs_name_and_password_when_the_protocol_is_sasl() -> None:
    assert "REGISTRY_KAFKA_SASL_USERNAME" in refusal(kafka_security_protocol="SASL_SSL")
    given = {"kafka_sasl_username": "registry", "kafka_sasl_password": "s3cret"}
    assert load({"kafka_security_protocol": "SASL_SSL", **given}).kafka_sasl_password.get_secret_value() == "s3cret"


def test_lists_are_trimmed_and_empty_parts_do_not_count() -> None:
    settings = load({"externally_visible_producer_codes": " 301-008578, AI-50701 ,,"})
    assert settings.externally_visible_producer_codes == ("301-008578", "AI-50701")


def test_secrets_never_show() -> None:
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


def test_masked_keeps_the_address_when_the_password_holds_signs() -> None:
    assert masked("postgresql://u:p@ss:word@host:5/db") == f"postgresql://u:{MASK}@host:5/db"
    assert masked("postgresql://host/db") == "postgresql://host/db"


def test_the_largest_batch_fits_into_a_block_of_positions() -> None:
    messages_of_a_command = 2
    assert load({"batch_max_records": 50_000}).batch_max_records * messages_of_a_command <= BLOCK


def test_need_names_what_is_missing() -> None:
    with pytest.raises(InvalidSettings, match="REGISTRY_DATABASE_URL is not set"):
        load().need("topic_prefix", "database_url")


def test_every_setting_says_what_it_means_and_what_is_right() -> None:
    assert [f for f, info in Settings.model_fields.items() if not info.description or not right(f)] == []
