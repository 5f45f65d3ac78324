"""The phases of a refusal: messages are held, others are not, and all arrive after the cause is removed."""

from collections.abc import Awaitable, Callable

from tests.support.replies import Replies

Wave = Callable[[str], Awaitable[None]]
Remove = Callable[[], Awaitable[None]]


async def held_and_released(replies: Replies, refused: str, wave: Wave, remove: Remove) -> None:
    """Send a wave, a second one while messages of the first are held, and a third one after the cause is removed.

    The name of a wave is the prefix of its command ids.
    """
    await wave("first")
    await replies.neighbours()
    await replies.held(refused)
    async with replies.ready_throughout():
        await wave("second")
        await replies.neighbours()
    await replies.held(refused)
    replies.none_of_the_refused()
    await remove()
    await wave("third")
    await replies.released()


async def topic_held_and_released(replies: Replies, refused: str, other: str, remove: Remove) -> None:
    """Do the same for a topic that refuses every record."""

    async def wave(name: str) -> None:
        for turn in range(3):
            await replies.ask(f"{name}-refused-{turn}", to=refused, refused=True)
            await replies.ask(f"{name}-refused-other-key-{turn}", to=refused, key="other", refused=True)
        await replies.ask(f"{name}-refused-keyless", to=refused, key=None, refused=True)
        await ask_neighbours(replies, name, other)

    await held_and_released(replies, refused, wave, remove)


async def ask_neighbours(replies: Replies, name: str, other: str) -> None:
    """Request outcomes that are not refused: with the same key and another one, on the default topic and on `other`.

    Every command also has an event, whose topic accepts all records.
    """
    for turn in range(3):
        await replies.ask(f"{name}-default-{turn}")
        await replies.ask(f"{name}-default-other-key-{turn}", key="other")
        await replies.ask(f"{name}-elsewhere-{turn}", to=other)
        await replies.ask(f"{name}-elsewhere-other-key-{turn}", to=other, key="other")
