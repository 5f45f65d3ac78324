"""Health: what it says of parts and loops, and how the admin port tells it."""

from starlette.testclient import TestClient
from structlog.testing import capture_logs

from consumers.health import Health
from service.http.admin import create_admin


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_ready_before_it_was_seen_to_be_well() -> None:
    health = Health(["database", "broker"])
    health.mark_ready("database")
    assert health.readiness() == {"database": None, "broker": "starting"}


def test_trouble_of_a_part_comes_and_goes() -> None:
    health = Health(["database"])
    health.mark_ready("database")
    health.mark_not_ready("database", "away")
    assert health.readiness() == {"database": "away"}
    health.mark_ready("database")
    assert health.readiness() == {"database": None}


def test_a_change_of_a_part_is_logged_and_nothing_else() -> None:
    health = Health(["database"])
    with capture_logs() as logs:
        for _ in range(3):
            health.mark_ready("database")
            health.mark_ready("batches")
        for reason in ("away", "away", "slow"):
            health.mark_not_ready("database", reason)
        for _ in range(3):
            health.mark_ready("database")
    assert [line["event"] for line in logs] == ["part_not_ready", "part_ready_again"]


def test_a_loop_is_stuck_when_it_gave_no_sign_in_its_time() -> None:
    time = Time()
    health = Health([], time)
    health.heartbeat("consumer", within=10)
    time.now += 10
    assert health.stalled() == {}
    time.now += 1
    assert health.stalled() == {"consumer": "no heartbeat for 11 s"}
    health.loop_ended("consumer")
    assert health.stalled() == {}


def test_the_admin_port_says_which_part_is_not_ready() -> None:
    health = Health(["database", "broker"])
    health.mark_ready("database")
    health.mark_not_ready("broker", "no answer")
    with TestClient(create_admin(health)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "not ready", "parts": {"database": "ready", "broker": "no answer"}}
        health.mark_ready("broker")
        assert client.get("/readyz").status_code == 200
        health.stopping = True
        assert client.get("/readyz").json()["parts"]["process"] == "stopping"


def test_the_admin_port_says_which_loop_stands_still() -> None:
    time = Time()
    health = Health([], time)
    health.heartbeat("consumer", within=1)
    with TestClient(create_admin(health)) as client:
        assert client.get("/livez").status_code == 200
        time.now += 5
        answer = client.get("/livez")
        assert (answer.status_code, list(answer.json()["loops"])) == (503, ["consumer"])


def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    with TestClient(create_admin(Health([]))) as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "producer_registry_batch_seconds_bucket" in answer.text
