"""The brokers and rates of the measurement of latency."""

from tests.load.latency import LEAST_COMMANDS, RATES, commands_of, targets


def test_latency_is_measured_at_four_rates_and_only_compared_at_the_highest() -> None:
    [target] = targets(["tansu", "apache"], compared=False)
    assert (target.broker, target.partitions, tuple(target.rates)) == ("apache", 12, RATES)
    _, *others = targets(["tansu", "apache"], compared=True)
    assert [(one.broker, one.partitions, *one.rates) for one in others] == [
        ("tansu", 12, 5_000),
        ("tansu", 4, 5_000),
        ("apache", 4, 5_000),
    ]


def test_a_low_rate_is_measured_until_there_are_enough_commands() -> None:
    assert [commands_of(rate, 3.0) for rate in RATES] == [LEAST_COMMANDS, 1_500, 6_000, 15_000]
