"""Serialized JSON uses no more memory than its bytes."""

import tracemalloc

import orjson
import pytest

from service.contract.dense import dense


@pytest.mark.parametrize("characters", [1, 300, 1_500, 5_000])
def test_serialized_json_uses_the_memory_of_its_bytes(characters: int) -> None:
    value = {"text": "x" * characters}
    tracemalloc.start()
    try:
        serialized = [dense(value) for _ in range(100)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert serialized[0] == orjson.dumps(value)
    assert taken < 1.1 * 100 * (characters + 100)
