"""The script of the demo. All results are compared with the expected ones, and the first difference ends the demo."""

from service.cli.demo import fixtures
from service.cli.demo.output import LEGEND, chapter, paragraph, sign
from service.cli.demo.runner import DemoRunner


async def run_script(runner: DemoRunner) -> None:
    """Run all chapters. Raises DemoFailed at the first result that is not as expected."""
    for mark, meaning in LEGEND:
        sign(mark, meaning)
    await _directory(runner)
    await _codes(runner)
    await _office(runner)
    await _people(runner)
    await _usable_codes(runner)
    await _writes(runner)
    await _errors(runner)
    await _summary(runner)


async def _directory(runner: DemoRunner) -> None:
    chapter(1, "The operator creates the directory")
    paragraph("Commands for three organizations, two branches, two roles and a product are sent to the operator topic.")
    answers = await runner.send(*fixtures.DIRECTORY)
    runner.expect([answer.status for answer in answers], ["accepted"] * 8, "the directory is accepted")


async def _codes(runner: DemoRunner) -> None:
    chapter(2, "Producer codes")
    paragraph("Armstrong and Company gets six codes, ACV Property Insurance and Allrisk Insurance get one code each.")
    first, *others = fixtures.CODES
    await runner.send(first, whole=True)
    paragraph("The other seven codes, without their data:")
    await runner.send(*others)
    codes = await runner.get("/admin/v1/producer-codes?fields=code,description", runner.operator)
    runner.expect(codes["count"], 8, "all eight codes exist")
    one = await runner.get("/admin/v1/producer-codes/pc:16", runner.operator, whole=True)
    runner.expect(one["data"]["attributes"]["code"], "301-008578", "pc:16 is 301-008578")
    runner.expect(one["data"]["attributes"]["branch"]["branchCode"], "301", "its branch is Minneapolis")


async def _office(runner: DemoRunner) -> None:
    chapter(3, "An office moves")
    paragraph(
        "The value of a group of type office is its address. The event has the changed fields and their old values."
    )
    await runner.send(fixtures.OFFICE_OPENS)
    await runner.send(fixtures.OFFICE_MOVES, whole=True)


async def _people(runner: DemoRunner) -> None:
    chapter(4, "Producers are assigned to the office")
    await runner.send(*fixtures.PEOPLE)
    group = (await runner.get(f"/groups/{fixtures.OFFICE}", runner.operator, whole=True))["group"]
    names = [producer["name"] for producer in group["producers"]]
    runner.expect(sorted(names), ["Dana Whitfield", "Ruth Okafor"], "both producers belong to the office")
    runner.expect(group["value"]["line1"], fixtures.NEW_ADDRESS["line1"], "the office has its new address")
    runner.expect(group["products"], None, "the office has no products yet")


async def _usable_codes(runner: DemoRunner) -> None:
    chapter(5, "The usable codes of a caller, before and after")
    paragraph(f"Dana ({fixtures.DANA}) requests the codes that she may use for a submission. She has none yet:")
    runner.expect(await runner.codes_of(fixtures.DANA), [], "Dana has no code at first")
    paragraph("The operator grants a product to the office. The office gets the code pc:17, and Dana gets pc:535.")
    await runner.send(fixtures.GRANT)
    await runner.send(fixtures.CODE_OF_THE_OFFICE, fixtures.CODE_OF_DANA)
    paragraph("Now Dana can use her own code and, as a producer of the office, the code of the office:")
    runner.expect(await runner.codes_of(fixtures.DANA), ["501-002542", "501-002543"], "Dana has two codes afterwards")
    paragraph("Ruth can use the code of the office. A caller who is not a registered user has no codes.")
    runner.expect(await runner.codes_of(fixtures.RUTH), ["501-002542"], "Ruth has the code of the office")
    runner.expect(await runner.codes_of("account-holder"), [], "an external caller has no codes")


async def _writes(runner: DemoRunner) -> None:
    chapter(6, "Writes over HTTP")
    paragraph(
        "The API publishes a command and waits for its outcome. The response is the code after the command, with its id"
        " in the location. The key identifies the command."
    )
    path, key = "/admin/v1/producer-codes", "demo-1"
    created = await runner.write("POST", path, fixtures.CODE_OVER_HTTP, idempotency_key=key)
    runner.expect(created.status, 201, "the code is created")
    paragraph("A client that has lost the response sends the same request again. Nothing is created twice.")
    repeated = await runner.write("POST", path, fixtures.CODE_OVER_HTTP, idempotency_key=key)
    runner.expect(
        (repeated.status, repeated.headers["Location"]), (201, created.headers["Location"]), "the code is the same"
    )
    paragraph("A change names the version that the client has seen. If another client was faster, it gets a 412.")
    location, tag = created.headers["Location"], created.headers["ETag"]
    changed = {"description": "ACV Property Insurance (Commercial)"}
    updated = await runner.write("PATCH", location, changed, idempotency_key="demo-2", if_match=tag)
    runner.expect(updated.body["data"]["attributes"]["description"], changed["description"], "the code has changed")
    paragraph("Ruth may use another code of her organization, and then no longer.")
    held = f"/admin/v1/users/{fixtures.RUTH}/producer-codes"
    assigned = await runner.write("POST", held, fixtures.HELD_OVER_HTTP, idempotency_key="demo-3")
    runner.expect(assigned.status, 201, "Ruth has the code")
    removed = await runner.write("DELETE", assigned.headers["Location"], None, idempotency_key="demo-4")
    runner.expect(removed.status, 204, "Ruth no longer has the code")


async def _errors(runner: DemoRunner) -> None:
    chapter(7, "A duplicate, two rejections and a dead letter")
    paragraph("A new code without a subject: its id is derived from source and id of the command.")
    (first,) = await runner.send(fixtures.NEW_CODE)
    paragraph(
        "The same command is sent again. It is ignored: there is no second event, and it gets the original outcome."
    )
    repeated = await runner.repeat(first)
    runner.expect(repeated.outcome, first.outcome, "the duplicate gets the original outcome")
    paragraph(
        "Two commands are rejected: the code already exists, and an office cannot hold another organization's code."
    )
    taken, foreign = await runner.send(fixtures.NEW_CODE, fixtures.FOREIGN_CODE)
    runner.expect([(e["code"], e["path"]) for e in taken.errors], [("code-taken", "/code")], "the code is taken")
    runner.expect(
        [(e["code"], e["path"]) for e in foreign.errors],
        [("other-organization", "/producerCode/id")],
        "pc:16 belongs to ACV Property Insurance",
    )
    paragraph("A record that is not a command goes to the dead-letter topic, unchanged and with the reason.")
    reason = await runner.send_invalid(b'{"type": "group.create", "value":')
    runner.expect(reason, "not-json", "the invalid record is a dead letter")


async def _summary(runner: DemoRunner) -> None:
    chapter(8, "The final state")
    codes = await runner.get("/admin/v1/producer-codes?filter=organization:eq:pc::1&fields=code", runner.operator)
    runner.expect(codes["count"], 6, "Armstrong and Company has six codes")
    groups = (await runner.get("/groups", runner.operator))["groups"]
    products = [product["id"] for product in groups[0]["products"]]
    runner.expect(products, [fixtures.PRODUCT], "the office may sell the product")
    paragraph(f"{runner.commands} commands, {runner.events} events, {runner.requests} requests: all as expected.")
