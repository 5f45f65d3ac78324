"""The course of a refusal: messages are held, their neighbours are not, and all arrive when the cause is removed."""

from collections.abc import Awaitable, Callable

from tests.support.replies import Replies

Wave = Callable[[str], Awaitable[None]]
Remove = Callable[[], Awaitable[None]]


async def held_and_released(replies: Replies, refused: str, wave: Wave, remove: Remove) -> None:
    """Send a wave, a second while messages of the first are held, and a third when the cause is removed.

    The name that a wave is given begins the ids of its commands.
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
    """The same for a topic that refuses every record."""

    async def wave(name: str) -> None:
        for turn in range(3):
            await replies.ask(f"{name}-refused-{turn}", to=refused, refused=True)
            await replies.ask(f"{name}-refused-other-key-{turn}", to=refused, key="other", refused=True)
        await replies.ask(f"{name}-refused-keyless", to=refused, key=None, refused=True)
        await ask_neighbours(replies, name, other)

    await held_and_released(replies, refused, wave, remove)


async def ask_neighbours(replies: Replies, name: str, other: str) -> None:
    """Ask for outcomes that no refusal concerns: the same key and another one, on the default topic and on `other`.

    Every command has an event too, which goes to a topic that takes everything.
    """
    for turn in range(3):
        await replies.ask(f"{name}-default-{turn}")
        await replies.ask(f"{name}-default-other-key-{turn}", key="other")
        await replies.ask(f"{name}-elsewhere-{turn}", to=other)
        await replies.ask(f"{name}-elsewhere-other-key-{turn}", to=other, key="other")
