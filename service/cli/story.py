"""The demo's story, told while it happens: every answer is compared with what is told, a wrong one ends it."""

from service.cli import cast
from service.cli.stage import Stage
from service.cli.telling import LEGEND, chapter, sign, talk


async def tell(stage: Stage) -> None:
    """Tell the whole story; raises StoryBroken at the first answer that is not as told."""
    for mark, meaning in LEGEND:
        sign(mark, meaning)
    await _directory(stage)
    await _codes(stage)
    await _office(stage)
    await _people(stage)
    await _holding(stage)
    await _trouble(stage)
    await _end(stage)


async def _directory(stage: Stage) -> None:
    chapter(1, "The operator writes the directory")
    talk("Three companies, two branches, two roles and a product, on the operator's own topic.")
    answers = await stage.send(*cast.DIRECTORY)
    stage.expect([answer.status for answer in answers], ["accepted"] * 8, "the directory is accepted")


async def _codes(stage: Stage) -> None:
    chapter(2, "Producer codes")
    talk("Armstrong and Company has six codes, ACV Property Insurance and Allrisk Insurance one each.")
    first, *others = cast.CODES
    await stage.send(first, whole=True)
    talk("The other seven in short:")
    await stage.send(*others)
    codes = await stage.ask("/admin/v1/producer-codes?fields=code,description", stage.operator)
    stage.expect(codes["count"], 8, "all eight codes are there")
    one = await stage.ask("/admin/v1/producer-codes/pc:16", stage.operator, whole=True)
    stage.expect(one["data"]["attributes"]["code"], "301-008578", "pc:16 is 301-008578")
    stage.expect(one["data"]["attributes"]["branch"]["branchCode"], "301", "its branch is Minneapolis")


async def _office(stage: Stage) -> None:
    chapter(3, "An office moves")
    talk("A group of the kind office is its address. The event carries what changed and what was before.")
    await stage.send(cast.OFFICE_OPENS)
    await stage.send(cast.OFFICE_MOVES, whole=True)


async def _people(stage: Stage) -> None:
    chapter(4, "Producers are assigned to the office")
    await stage.send(*cast.PEOPLE)
    group = (await stage.ask(f"/groups/{cast.OFFICE}", stage.operator, whole=True))["group"]
    names = [producer["name"] for producer in group["producers"]]
    stage.expect(sorted(names), ["Dana Whitfield", "Ruth Okafor"], "both are in the office")
    stage.expect(group["value"]["line1"], cast.NEW_ADDRESS["line1"], "the office has moved")
    stage.expect(group["products"], None, "it has no products yet")


async def _holding(stage: Stage) -> None:
    chapter(5, "Who may use which code: before and after")
    talk(f"Dana ({cast.DANA}) asks which codes she may use for a submission today. None yet:")
    stage.expect(await stage.codes_of(cast.DANA), [], "Dana has no code before")
    talk("The operator grants the office a product; the office gets code pc:17, Dana herself pc:535.")
    await stage.send(cast.GRANT)
    await stage.send(cast.CODE_OF_THE_OFFICE, cast.CODE_OF_DANA)
    talk("Now Dana has her own code and, as a producer of the office, the office's:")
    stage.expect(await stage.codes_of(cast.DANA), ["501-002542", "501-002543"], "Dana has two codes after")
    talk("Ruth has the office's; somebody the registry does not know has none.")
    stage.expect(await stage.codes_of(cast.RUTH), ["501-002542"], "Ruth has the office's code")
    stage.expect(await stage.codes_of("account-holder"), [], "an external caller has none")


async def _trouble(stage: Stage) -> None:
    chapter(6, "A duplicate, two rejections, a dead letter")
    talk("A new code without an id of its own: it follows from source and id of the command.")
    (first,) = await stage.send(cast.NEW_CODE)
    talk("The same command again changes nothing: no second event, and its first outcome word for word.")
    repeated = await stage.repeat(first)
    stage.expect(repeated.outcome, first.outcome, "the repeat gets the first outcome")
    talk("The same code under another command is taken; an office cannot hold another company's code.")
    taken, foreign = await stage.send(cast.NEW_CODE, cast.FOREIGN_CODE)
    stage.expect([(e["code"], e["path"]) for e in taken.errors], [("code-taken", "/code")], "the code is taken")
    stage.expect(
        [(e["code"], e["path"]) for e in foreign.errors],
        [("other-organization", "/producerCode/id")],
        "pc:16 belongs to ACV Property Insurance",
    )
    talk("A record that is no command stops nobody: it is put aside, byte for byte, with the reason.")
    reason = await stage.throw(b'{"type": "group.create", "value":')
    stage.expect(reason, "not-json", "the broken record is a dead letter")


async def _end(stage: Stage) -> None:
    chapter(7, "What there is now")
    codes = await stage.ask("/admin/v1/producer-codes?filter=organization:eq:pc::1&fields=code", stage.operator)
    stage.expect(codes["count"], 6, "Armstrong and Company has six codes")
    groups = (await stage.ask("/groups", stage.operator))["groups"]
    products = [product["id"] for product in groups[0]["products"]]
    stage.expect(products, [cast.PRODUCT], "the office may sell the product")
    talk(f"{stage.commands} commands, {stage.events} events, {stage.questions} questions: all as told.")
