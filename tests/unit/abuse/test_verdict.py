"""The verdict on an attack, the choice of rows, and the table."""

from collections import Counter

import pytest

from tests.abuse import report
from tests.abuse.__main__ import arguments, chosen
from tests.abuse.attacker import run
from tests.abuse.attacks import malformed
from tests.abuse.attacks.overload import accept_queue
from tests.abuse.observed import MEBIBYTE, Observed, Series
from tests.abuse.row import ROWS, Row
from tests.abuse.run import Result
from tests.abuse.target import Got, Target
from tests.support.issuer import NAME

ROW = Row(99, "an attack", malformed.strict)
REST = Observed(caller=Series([0.010] * 100), memory=[100 * MEBIBYTE])


def observed(*, seconds: float = 0.030, mebibytes: int = 160) -> Observed:
    served = Series([seconds] * 100)
    return Observed(served, Series([0.001] * 10), Series([0.001] * 10), [mebibytes * MEBIBYTE, 100 * MEBIBYTE])


def test_an_attack_that_others_do_not_notice_has_no_failure() -> None:
    assert Result(ROW, REST, observed(), Got()).failures(times=True) == []


def test_each_limit_is_part_of_the_verdict() -> None:
    attacked = observed(seconds=0.031, mebibytes=161)
    attacked.caller.lost.update({"503": 2, "time-out": 1})
    attacked.livez.lost["503"] = 1
    attacked.readyz.lost["time-out"] = 1
    result = Result(ROW, REST, attacked, Got(unexpected=["200 instead of 400"]))
    others = [
        "caller: 3 of 103 lost (503: 2, time-out: 1)",
        "livez: 1 of 11 lost (503: 1)",
        "readyz: 1 of 11 lost (time-out: 1)",
        "memory grows by 61 MiB",
    ]
    assert result.failures(times=False) == [*others, "200 instead of 400"]
    assert result.failures(times=True) == [*others, "p99 is more than 3 times that at rest", "200 instead of 400"]


def test_the_end_of_the_process_is_a_failure() -> None:
    ended = Observed(caller=Series(lost=Counter({"ConnectionRefusedError": 5})))
    assert Result(ROW, REST, ended, Got()).failures(times=True)[-1] == "memory grows by nan MiB"


def test_the_times_of_an_overload_are_information() -> None:
    row = Row(99, "an overload", malformed.strict, information=True)
    assert Result(row, REST, observed(seconds=1.0), Got()).failures(times=True) == []


def test_rows_are_chosen_by_number_and_by_name() -> None:
    assert chosen("") == list(ROWS)
    assert {row.number for row in chosen("1,15")} == {1, 15}
    assert {row.name for row in chosen("smuggling")} == {"request smuggling"}
    assert not [row for row in arguments(["--short"]).rows if row.long]


def test_rows_have_different_keys() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)


def test_the_table_has_a_line_for_each_result() -> None:
    results = [Result(ROW, REST, observed(), Got(remarks=["a | b"])), Result(ROW, REST, observed(seconds=1.0), Got())]
    text = report.table(results, "make abuse")
    assert "1 of 2 rows fail" in text
    assert "| 99 | an attack | API | 10, 10 | 30, 30 | 0 of 100 | 0 and 0 of 10 | +60 | a / b | good |" in text
    assert "| p99 is more than 3 times that at rest |" in text


def test_an_unexpected_result_is_named() -> None:
    got = Got()
    got.counts.update({"400": 2, "200": 1})
    got.expect_only("400", "431")
    assert got.unexpected == ["200 instead of 400 or 431"]
    assert str(got) == "200: 1, 400: 2"


async def test_an_attack_that_fails_is_reported() -> None:
    async def attack(_: Target) -> Got:
        raise ConnectionRefusedError("nobody listens")

    got = await run(attack, target())
    assert got.unexpected == ["the attack failed: ConnectionRefusedError('nobody listens')"]


def test_turns_end_with_their_count() -> None:
    assert list(target().turns(9, 3)) == [0, 1, 2]
    assert target(short=False).count(9, 3) == 9


SOCKETS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:0000001E 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000005 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
"""


@pytest.mark.parametrize(("port", "waiting"), [(8080, 30), (8081, 0)])
def test_the_accept_queue_is_that_of_the_listening_socket(port: int, waiting: int) -> None:
    assert accept_queue(SOCKETS, port) == waiting


def target(*, short: bool = True) -> Target:
    return Target(
        port=1,
        api_port=1,
        admin_port=2,
        seconds=60.0,
        short=short,
        log="",
        database_url="",
        kafka_bootstrap_servers="",
        topic_prefix="",
        codes=1,
        caller=NAME,
        key="",
    )
