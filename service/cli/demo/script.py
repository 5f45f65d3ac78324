"""The demo's story, told while it happens: every answer is compared with what is told, a wrong one ends it."""

from service.cli.demo import fixtures
from service.cli.demo.output import LEGEND, chapter, paragraph, sign
from service.cli.demo.runner import DemoRunner


async def tell(runner: DemoRunner) -> None:
    """Tell the whole story; raises StoryBroken at the first answer that is not as told."""
    for mark, meaning in LEGEND:
        sign(mark, meaning)
    await _directory(runner)
    await _codes(runner)
    await _office(runner)
    await _people(runner)
    await _holding(runner)
    await _trouble(runner)
    await _end(runner)


async def _directory(runner: DemoRunner) -> None:
    chapter(1, "The operator writes the directory")
    paragraph("Three companies, two branches, two roles and a product, on the operator's own topic.")
    answers = await runner.send(*fixtures.DIRECTORY)
    runner.expect([answer.status for answer in answers], ["accepted"] * 8, "the directory is accepted")


async def _codes(runner: DemoRunner) -> None:
    chapter(2, "Producer codes")
    paragraph("Armstrong and Company has six codes, ACV Property Insurance and Allrisk Insurance one each.")
    first, *others = fixtures.CODES
    await runner.send(first, whole=True)
    paragraph("The other seven in short:")
    await runner.send(*others)
    codes = await runner.ask("/admin/v1/producer-codes?fields=code,description", runner.operator)
    runner.expect(codes["count"], 8, "all eight codes are there")
    one = await runner.ask("/admin/v1/producer-codes/pc:16", runner.operator, whole=True)
    runner.expect(one["data"]["attributes"]["code"], "301-008578", "pc:16 is 301-008578")
    runner.expect(one["data"]["attributes"]["branch"]["branchCode"], "301", "its branch is Minneapolis")


async def _office(runner: DemoRunner) -> None:
    chapter(3, "An office moves")
    paragraph("A group of the kind office is its address. The event carries what changed and what was before.")
    await runner.send(fixtures.OFFICE_OPENS)
    await runner.send(fixtures.OFFICE_MOVES, whole=True)


async def _people(runner: DemoRunner) -> None:
    chapter(4, "Producers are assigned to the office")
    await runner.send(*fixtures.PEOPLE)
    group = (await runner.ask(f"/groups/{fixtures.OFFICE}", runner.operator, whole=True))["group"]
    names = [producer["name"] for producer in group["producers"]]
    runner.expect(sorted(names), ["Dana Whitfield", "Ruth Okafor"], "both are in the office")
    runner.expect(group["value"]["line1"], fixtures.NEW_ADDRESS["line1"], "the office has moved")
    runner.expect(group["products"], None, "it has no products yet")


async def _holding(runner: DemoRunner) -> None:
    chapter(5, "Who may use which code: before and after")
    paragraph(f"Dana ({fixtures.DANA}) asks which codes she may use for a submission today. None yet:")
    runner.expect(await runner.codes_of(fixtures.DANA), [], "Dana has no code before")
    paragraph("The operator grants the office a product; the office gets code pc:17, Dana herself pc:535.")
    await runner.send(fixtures.GRANT)
    await runner.send(fixtures.CODE_OF_THE_OFFICE, fixtures.CODE_OF_DANA)
    paragraph("Now Dana has her own code and, as a producer of the office, the office's:")
    runner.expect(await runner.codes_of(fixtures.DANA), ["501-002542", "501-002543"], "Dana has two codes after")
    paragraph("Ruth has the office's; somebody the registry does not know has none.")
    runner.expect(await runner.codes_of(fixtures.RUTH), ["501-002542"], "Ruth has the office's code")
    runner.expect(await runner.codes_of("account-holder"), [], "an external caller has none")


async def _trouble(runner: DemoRunner) -> None:
    chapter(6, "A duplicate, two rejections, a dead letter")
    paragraph("A new code without an id of its own: it follows from source and id of the command.")
    (first,) = await runner.send(fixtures.NEW_CODE)
    paragraph("The same command again changes nothing: no second event, and its first outcome word for word.")
    repeated = await runner.repeat(first)
    runner.expect(repeated.outcome, first.outcome, "the repeat gets the first outcome")
    paragraph("The same code under another command is taken; an office cannot hold another company's code.")
    taken, foreign = await runner.send(fixtures.NEW_CODE, fixtures.FOREIGN_CODE)
    runner.expect([(e["code"], e["path"]) for e in taken.errors], [("code-taken", "/code")], "the code is taken")
    runner.expect(
        [(e["code"], e["path"]) for e in foreign.errors],
        [("other-organization", "/producerCode/id")],
        "pc:16 belongs to ACV Property Insurance",
    )
    paragraph("A record that is no command stops nobody: it is put aside, byte for byte, with the reason.")
    reason = await runner.throw(b'{"type": "group.create", "value":')
    runner.expect(reason, "not-json", "the broken record is a dead letter")


async def _end(runner: DemoRunner) -> None:
    chapter(7, "What there is now")
    codes = await runner.ask("/admin/v1/producer-codes?filter=organization:eq:pc::1&fields=code", runner.operator)
    runner.expect(codes["count"], 6, "Armstrong and Company has six codes")
    groups = (await runner.ask("/groups", runner.operator))["groups"]
    products = [product["id"] for product in groups[0]["products"]]
    runner.expect(products, [fixtures.PRODUCT], "the office may sell the product")
    paragraph(f"{runner.commands} commands, {runner.events} events, {runner.questions} questions: all as told.")
