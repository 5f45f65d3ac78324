"""The commands of the benchmark have the documented properties."""

from collections import Counter
from itertools import islice

import orjson
import pytest

from service.contract.time_ordered_id import uuid7
from service.core.ids import created_subject
from tests.load import people
from tests.load.workload import Mix, Sent, Workload

COUNT = 5_000


def type_of(sent: Sent) -> str:
    return dict(sent.headers)["ce_type"].decode()


def test_friendly_load_is_two_fifths_creates_two_fifths_updates_one_fifth_associations() -> None:
    kinds = Counter(type_of(sent).removeprefix("producer-registry.") for sent in Workload(100_000).take(COUNT))
    shares = {kind: count / COUNT for kind, count in kinds.items()}
    assert shares["producer-code.create.v1"] == pytest.approx(0.4, abs=0.03)
    assert shares["producer-code.update.v1"] == pytest.approx(0.4, abs=0.03)
    assert shares["group.add-producer-code.v1"] == pytest.approx(0.1, abs=0.02)
    assert shares["user.add-producer-code.v1"] == pytest.approx(0.1, abs=0.02)


def test_a_command_has_about_365_bytes() -> None:
    sizes = [
        len(sent.key) + len(sent.value) + sum(len(name) + len(value) for name, value in sent.headers)
        for sent in Workload(100_000).take(COUNT)
    ]
    assert sum(sizes) / COUNT == pytest.approx(365, abs=25)


def test_the_same_seed_gives_the_same_commands() -> None:
    assert list(Workload(1_000, seed=3).take(200)) == list(Workload(1_000, seed=3).take(200))
    assert list(Workload(1_000, seed=3).take(200)) != list(Workload(1_000, seed=4).take(200))


def test_a_code_is_associated_only_after_it_was_created_with_the_same_key() -> None:
    created: dict[str, bytes] = {}
    given = 0
    for sent in Workload(100_000).take(COUNT):
        headers = dict(sent.headers)
        if type_of(sent).endswith("create.v1"):
            created[created_subject(headers["ce_source"].decode(), headers["ce_id"].decode())] = sent.key
        elif "add-producer-code" in type_of(sent):
            given += 1
            assert created[orjson.loads(sent.value)["producerCode"]["id"]] == sent.key
    assert given


def test_ids_rise_with_time_and_are_uuids_of_version_7() -> None:
    ids = [dict(sent.headers)["ce_id"].decode() for sent in Workload(100_000).take(COUNT)]
    assert len(set(ids)) == COUNT
    assert [id_[:13] for id_ in ids] == sorted(id_[:13] for id_ in ids)
    assert uuid7(1_790_000_000_000, 2**74 - 1).version == 7
    assert uuid7(1_790_000_000_000, 2**74 - 1).variant == "specified in RFC 4122"


def test_the_share_of_duplicates_can_be_set() -> None:
    sent = list(Workload(100_000, mix=Mix(repeated=0.3)).take(COUNT))
    ids = [dict(one.headers)["ce_id"] for one in sent]
    assert len(set(ids)) == pytest.approx(0.7 * COUNT, rel=0.05)
    assert len({(dict(one.headers)["ce_id"], one.value, one.key) for one in sent}) == len(set(ids))


def test_half_of_the_commands_have_the_hot_key() -> None:
    keys = Counter(sent.key for sent in Workload(100_000, mix=Mix(hot=0.5)).take(COUNT))
    assert keys[b"bench-org-0"] / COUNT == pytest.approx(0.5, abs=0.04)


def test_the_length_of_bodies_can_be_set() -> None:
    for sent in islice(Workload(100_000, mix=Mix(padding=65_536)).take(100), 100):
        assert 60_000 < len(sent.value) < 70_000
        orjson.loads(sent.value)


def test_rejected_commands_name_an_unknown_entity_or_an_existing_code() -> None:
    sent = list(Workload(100_000, mix=Mix(rejected=1.0)).take(400))
    bodies = [orjson.loads(one.value) for one in sent]
    assert any(body.get("code") == 7 for body in bodies)
    assert any(str(body.get("organization", {}).get("id", "")).startswith("missing") for body in bodies)
    assert {type_of(one) for one in sent} == {
        "producer-registry.producer-code.create.v1",
        "producer-registry.producer-code.update.v1",
    }


def test_names_of_codes_are_those_the_database_derives() -> None:
    # SELECT md5('code-0')::uuid
    assert people.code_id(0) == "606810c9-14b3-adc5-ef86-349429710331"
    assert people.code_string(17) == "117-0000017"
