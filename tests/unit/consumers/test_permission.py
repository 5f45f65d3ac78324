"""A permission that is missing is named like an ACL; other errors are left to the caller."""

import pytest
from aiokafka import errors

from consumers.kafka.permission import Operation, denied
from consumers.relay.refusal import refusal_of

CASES: list[tuple[BaseException, Operation, str]] = [
    (errors.TopicAuthorizationFailedError("a"), "READ", "TopicAuthorizationFailedError: {} READ on the topic a"),
    (
        errors.TopicAuthorizationFailedError("topic a"),
        "DESCRIBE",
        "TopicAuthorizationFailedError: {} DESCRIBE on the topic a",
    ),
    (
        errors.TopicAuthorizationFailedError({"b", "a"}),
        "READ",
        "TopicAuthorizationFailedError: {} READ on the topic a, b",
    ),
    (errors.TopicAuthorizationFailedError(), "WRITE", "TopicAuthorizationFailedError: {} WRITE on the topic sent"),
    (errors.GroupAuthorizationFailedError("g"), "WRITE", "GroupAuthorizationFailedError: {} READ on the group g"),
    (errors.ClusterAuthorizationFailedError(), "WRITE", "ClusterAuthorizationFailedError: {} WRITE on the topic sent"),
]


@pytest.mark.parametrize(("error", "operation", "text"), CASES)
def test_operation_and_resource_are_named(error: BaseException, operation: Operation, text: str) -> None:
    assert denied(error, operation, "sent") == text.format("the Kafka user lacks")


def test_other_errors_are_not_permissions() -> None:
    assert denied(errors.NotEnoughReplicasError(), "WRITE") is None
    assert denied(errors.ClusterAuthorizationFailedError(), "READ") is None


def test_the_reason_of_a_refused_topic_names_the_permission_behind_the_code() -> None:
    refusal = refusal_of(errors.TopicAuthorizationFailedError("a"))
    assert refusal is not None
    assert refusal.reason == "TOPIC_AUTHORIZATION_FAILED: the Kafka user lacks WRITE on the topic"
