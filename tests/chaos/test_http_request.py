"""The requests of senders over HTTP: every write of the API is among them."""

import re
from random import Random

from service.http.app import WRITES
from tests.chaos.http_request import WriteRequest, WriteRequests

PATTERNS = {write.id: re.compile(re.sub(r"\{\w+\}", "[^/]+", write.path)) for write in WRITES}


def drawn(requests: WriteRequests, count: int) -> list[WriteRequest]:
    """Draw requests; each POST that names nothing unknown creates an object."""
    found = []
    for number in range(count):
        request = requests.draw()
        if request.method == "POST" and "nowhere" not in str(request.body):
            requests.created(request, f"{request.path}/made-{number}")
        found.append(request)
    return found


def test_every_write_is_drawn() -> None:
    found = set()
    for request in drawn(WriteRequests(Random(1)), 500):
        [write] = [one for one in WRITES if one.method == request.method and PATTERNS[one.id].fullmatch(request.path)]
        found.add(write.id)
    assert found == {write.id for write in WRITES}


def test_later_requests_concern_objects_that_were_created() -> None:
    made = [request.path for request in drawn(WriteRequests(Random(1)), 500) if "/made-" in request.path]
    owners = {path.partition("/made-")[0] for path in made}
    assert owners >= {"/groups", "/producers", "/admin/v1/producer-codes", "/admin/v1/users", "/admin/v1/groups"}
