"""The samples of an overload and their figures."""

import pytest

from tests.load.observation import Answer, Phase, Sample


def sample(at: float, sent: int, decided: int, mebibytes: int = 100, ready: int = 200) -> Sample:
    return Sample(at, sent, decided, mebibytes * 2**20, Answer(ready, at), Answer(200, 10 * at))


def test_the_rate_is_that_while_commands_waited() -> None:
    phase = Phase([sample(0, 100, 0), sample(1, 100, 40), sample(2, 100, 80), sample(9, 100, 100)])
    assert phase.rate() == 40.0
    assert phase.rate(least=30) == 40.0
    assert phase.rate(least=90) == 0.0


def test_a_phase_has_the_lag_the_memory_and_the_responses_of_its_samples() -> None:
    figures = Phase([sample(0, 100, 100), sample(1, 300, 200, 130, ready=503), sample(2, 500, 300, 110)]).figures()
    assert (figures["seconds"], figures["sent"], figures["decided"]) == (2, 200, 100)
    assert figures["lag"] == {"first": 0, "last": 200}
    assert figures["mebibytes"] == {"first": 100, "last": 110, "most": 130}
    assert figures["ready"] == pytest.approx(2 / 3)
    assert figures["ready_milliseconds"] == {"p50": 1, "p99": 2}
    assert figures["read_statuses"] == {"200": 3}
    assert figures["read_milliseconds"] == {"p50": 10, "p99": 20}


def test_outcomes_may_be_counted_before_their_commands() -> None:
    assert sample(0, 100, 103).lag == 0
