"""Entities of the seed data that exist in the tests of the core."""

from __future__ import annotations

from typing import Final

from service.core.group import Address, CreateGroup
from service.core.organization import PutOrganization
from service.core.producer_code import CreateCode
from service.core.reference import PutBranch, PutProduct, PutRole
from service.core.user import CreateUser
from tests.unit.core.specification import given, make_command

SPRING_STREET: Final = Address("1 Spring Street", None, None, None, "Los Angeles", "CA", "90001", "US")

ARMSTRONG = make_command("pc:1", PutOrganization("Armstrong and Company"))
ACV = make_command("pc:4", PutOrganization("ACV Property Insurance"))
INSURER = make_command("insurer", PutOrganization("Allrisk Insurance", insurer=True))
BRANCH = make_command("branch-501", PutBranch("501", "Los Angeles Branch UW"))
PRODUCER = make_command("producer", PutRole("Producer"))
SUBMISSION = make_command("submission", PutRole("Producer Code - Submissions"))
PRODUCT = make_command("prd_1", PutProduct("Cyber", "ins_1", "cyber"))

# An organization with office, user and code, a code of another organization, and an insurer with a group and a user.
OFFICE = make_command("office", CreateGroup("office", SPRING_STREET, "pc:1"))
HEADQUARTERS = make_command("headquarters", CreateGroup("division", "Headquarters", "insurer"))
ANN = make_command("ann", CreateUser("Ann", "ann@example.com", "pc:1"))
IDA = make_command("ida", CreateUser("Ida", "ida@example.com", "insurer"))
CODE = make_command("pc:6", CreateCode("100-002541", "pc:1", ("producer", "submission")))
FOREIGN_CODE = make_command("pc:16", CreateCode("301-008578", "pc:4", ("producer",)))

DIRECTORY = given(ARMSTRONG, ACV, INSURER, BRANCH, PRODUCER, SUBMISSION, PRODUCT)
REGISTRY = given(OFFICE, HEADQUARTERS, ANN, IDA, CODE, FOREIGN_CODE, world=DIRECTORY.world)
