"""The offset marks as the consumer sees them between two batches: where to read on."""

from collections.abc import Mapping

from service.settings import Settings
from service.store.errors import translated
from service.store.lock import START_MARK
from service.store.mark import LOCK_START, Origin, read_marks
from service.store.pool import Connection, connect
from service.store.statement import statement

_CLAIM = statement("offset_mark_claim")
_SET = statement("offset_mark_set")

Place = tuple[str, int]
"""Topic and partition."""


class MarkStore:
    """Reads and sets marks of one cluster, each time on a short session; every method raises StoreUnavailable."""

    def __init__(self, settings: Settings, origin: Origin) -> None:
        self._settings = settings
        self._origin = origin

    async def marks(self) -> dict[Place, int]:
        """The next offset to decide of every partition that has a mark."""
        return {
            (topic, partition): offset
            for topic, topic_id in self._origin.topic_ids.items()
            for partition, offset in (await self._of(topic)).get(topic_id, {}).items()
        }

    async def has_former(self, topic: str) -> bool:
        """Whether there are marks of an earlier topic of this name."""
        return any(topic_id != self._origin.topic_ids[topic] for topic_id in await self._of(topic))

    async def claim(self, offsets: Mapping[Place, int]) -> None:
        """Set marks where there are none yet."""
        # The claim sees only marks that were there when it began: whoever else starts one has to be done by then.
        await self._write(_CLAIM, offsets, *START_MARK, [0] * len(offsets))

    async def move(self, offsets: Mapping[Place, int]) -> None:
        """Set marks, whatever they were: only after an operator accepted what is lost by it."""
        await self._write(_SET, offsets)

    async def _of(self, topic: str) -> dict[str, dict[int, int]]:
        connection = await connect(self._settings, "marks")
        try:
            with translated():
                return await read_marks(connection, self._origin.cluster_id, topic)
        finally:
            connection.terminate()

    async def _write(self, query: str, offsets: Mapping[Place, int], *more: object) -> None:
        if not offsets:
            return
        places = sorted(offsets)
        connection: Connection = await connect(self._settings, "marks")
        try:
            with translated():
                async with connection.transaction():
                    await connection.execute(LOCK_START, *START_MARK)
                    await connection.fetch(
                        query,
                        self._origin.cluster_id,
                        [topic for topic, _ in places],
                        [self._origin.topic_ids[topic] for topic, _ in places],
                        [partition for _, partition in places],
                        [offsets[place] for place in places],
                        *more,
                    )
        finally:
            connection.terminate()
