"""Header names that are not text do not prevent reading a batch."""

import pytest

from consumers.kafka.aiokafka_workarounds import TolerantRecords
from tests.support.raw_batch import Value, builder

GOOD: Value = (b"good", [("ce_id", b"1"), ("none", None)])
ODD: Value = (b"odd", [(b"\xff\xfe", b"v"), ("ce_id", b"\xff")])


@pytest.mark.parametrize("compression", [0, 1, 3], ids=["plain", "gzip", "lz4"])
def test_other_records_are_unchanged_when_a_header_name_is_not_text(compression: int) -> None:
    records = TolerantRecords(bytes(builder([GOOD, ODD, GOOD], compression).build()))
    batch = records.next_batch()
    assert batch.validate_crc()
    read = [(record.value, list(record.headers)) for record in batch]
    assert read == [GOOD, (b"odd", [("\\xff\\xfe", b"v"), ("ce_id", b"\xff")]), GOOD]
    assert [type(value) for _, headers in read for _, value in headers if value is not None] == [bytes] * 4
    assert records.next_batch() is None


def test_a_batch_with_valid_header_names_is_read_by_the_client_library() -> None:
    batch = TolerantRecords(bytes(builder([GOOD, GOOD]).build())).next_batch()
    assert [record.value for record in batch] == [b"good", b"good"]
    assert batch.next_offset == 2
