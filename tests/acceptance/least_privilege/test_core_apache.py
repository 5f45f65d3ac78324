"""The core of the acceptance tests, with the least privilege in PostgreSQL and on Apache Kafka."""

from tests.acceptance.test_access import access, test_a_caller_gains_and_loses_codes_with_the_event
from tests.acceptance.test_commands import test_a_command_is_pending_until_it_is_decided_or_dead_lettered
from tests.acceptance.test_http_writes import (
    test_a_request_is_repeated_on_another_process_after_the_first_was_killed,
    test_the_calls_of_the_producer_codes_document_work,
)
from tests.acceptance.test_seed_calls import (
    curl,
    test_the_calls_of_the_producer_codes_document_do_what_it_says,
    test_the_routes_of_the_groups_document_do_what_it_says,
)

__all__ = [
    "access",
    "curl",
    "test_a_caller_gains_and_loses_codes_with_the_event",
    "test_a_command_is_pending_until_it_is_decided_or_dead_lettered",
    "test_a_request_is_repeated_on_another_process_after_the_first_was_killed",
    "test_the_calls_of_the_producer_codes_document_do_what_it_says",
    "test_the_calls_of_the_producer_codes_document_work",
    "test_the_routes_of_the_groups_document_do_what_it_says",
]
