"""Health: the state of parts and loops, and the answers of the admin port."""

from starlette.testclient import TestClient
from structlog.testing import capture_logs

from consumers.health import Health
from service.http.admin import create_admin


class Time:
    """A clock that moves only on request."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_part_is_not_ready_before_it_reports_so() -> None:
    health = Health(["database", "broker"])
    health.mark_ready("database")
    assert health.readiness() == {"database": None, "broker": "starting"}


def test_a_part_can_become_not_ready_and_ready_again() -> None:
    health = Health(["database"])
    health.mark_ready("database")
    health.mark_not_ready("database", "away")
    assert health.readiness() == {"database": "away"}
    health.mark_ready("database")
    assert health.readiness() == {"database": None}


def test_only_changes_of_a_part_are_logged() -> None:
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


def test_a_loop_without_a_heartbeat_in_time_is_stalled() -> None:
    time = Time()
    health = Health([], time)
    health.heartbeat("consumer", within=10)
    time.now += 10
    assert health.stalled() == {}
    time.now += 1
    assert health.stalled() == {"consumer": "no heartbeat for 11 s"}
    health.loop_ended("consumer")
    assert health.stalled() == {}


def test_the_admin_port_names_the_part_that_is_not_ready() -> None:
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


def test_the_admin_port_names_the_stalled_loop() -> None:
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
