"""The seeds' own names, as things that are there already in the tests of the core."""

from __future__ import annotations

from typing import Final

from service.core.group import Address, CreateGroup
from service.core.organization import PutOrganization
from service.core.producer_code import CreateCode
from service.core.reference import PutBranch, PutProduct, PutRole
from service.core.user import CreateUser
from tests.unit.core.specification import ask, given

SPRING_STREET: Final = Address("1 Spring Street", None, None, None, "Los Angeles", "CA", "90001", "US")

ARMSTRONG = ask("pc:1", PutOrganization("Armstrong and Company"))
ACV = ask("pc:4", PutOrganization("ACV Property Insurance"))
INSURER = ask("insurer", PutOrganization("Allrisk Insurance", insurer=True))
BRANCH = ask("branch-501", PutBranch("501", "Los Angeles Branch UW"))
PRODUCER = ask("producer", PutRole("Producer"))
SUBMISSION = ask("submission", PutRole("Producer Code - Submissions"))
PRODUCT = ask("prd_1", PutProduct("Cyber", "ins_1", "cyber"))

# One organization's office, user and code, a code of another's, and an insurer with a group and a user.
OFFICE = ask("office", CreateGroup("office", SPRING_STREET, "pc:1"))
HEADQUARTERS = ask("headquarters", CreateGroup("division", "Headquarters", "insurer"))
ANN = ask("ann", CreateUser("Ann", "ann@example.com", "pc:1"))
IDA = ask("ida", CreateUser("Ida", "ida@example.com", "insurer"))
CODE = ask("pc:6", CreateCode("100-002541", "pc:1", ("producer", "submission")))
FOREIGN_CODE = ask("pc:16", CreateCode("301-008578", "pc:4", ("producer",)))

DIRECTORY = given(ARMSTRONG, ACV, INSURER, BRANCH, PRODUCER, SUBMISSION, PRODUCT)
REGISTRY = given(OFFICE, HEADQUARTERS, ANN, IDA, CODE, FOREIGN_CODE, world=DIRECTORY.world)
