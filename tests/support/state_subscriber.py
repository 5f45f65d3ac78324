"""A subscriber to the state topics that follows the contract: it reads to their end, stops, and continues later."""

from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from service.contract.topics import Topics

_Key = tuple[str, bytes]


class StateSubscriber:
    """A copy of the registry, with the highest sequence of each key and the offsets to continue at."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._bootstrap = bootstrap
        self._topics = list(topics.states.values())
        self._offsets: dict[TopicPartition, int] = {}
        self._records: dict[_Key, tuple[bytes, Any]] = {}
        self.read: set[tuple[str, bytes, bytes]] = set()
        """Topic, key and sequence of each record."""

    async def read_to_end(self) -> None:
        """Read what is there now, and stop."""
        consumer = AIOKafkaConsumer(*self._topics, bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            places = consumer.assignment()
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.seek(place, self._offsets.get(place, 0))
            waiting = {place for place in places if self._offsets.get(place, 0) < ends[place]}
            while waiting:
                for place, records in (await consumer.getmany(*waiting, timeout_ms=500)).items():
                    for record in records:
                        self._apply(record)
                    self._offsets[place] = await consumer.position(place)
                # The embedded broker lists the start of its last batch as the end.
                done = {p for p in waiting if self._offsets.get(p, 0) >= max(ends[p], consumer.highwater(p) or 0)}
                waiting -= done
        finally:
            await consumer.stop()

    def _apply(self, record: Any) -> None:
        key, sequence = (record.topic, record.key), dict(record.headers)["ce_sequence"]
        self.read.add((*key, sequence))
        if sequence > self._records.get(key, (b"", None))[0]:
            self._records[key] = sequence, None if record.value is None else orjson.loads(record.value)

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the states by id, for each kind (the name of its field in the data)."""
        states: dict[str, dict[str, Any]] = {}
        for _, data in self._records.values():
            if data is not None:
                noun = next(iter(data))
                states.setdefault(noun, {})[data[noun]["id"]] = data[noun]
        return states
