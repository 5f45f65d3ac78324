"""The files of the chart that are generated: topics from the service, and ACLs from deploy/acls.md.

`python -m tests.deploy.chart_files --write` writes them again.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from service.contract.topic_plan import plan
from service.settings import Settings
from tests.support.acl import documented
from tests.support.broker_admin import Kind, Pattern

FILES = Path(__file__).parents[2] / "deploy" / "chart" / "files"
PROCESSES = ("consumers", "relay", "api", "topics")
_PATTERNS = {Pattern.LITERAL: "literal", Pattern.PREFIXED: "prefix"}
_HEADER = "# Generated: python -m tests.deploy.chart_files --write\n"


def contents() -> dict[str, str]:
    """Return the text of each file by its name. Names of topics have no prefix, which is a value of the chart."""
    topics = [{"name": topic.name.removeprefix("registry."), "config": topic.configs} for topic in plan(Settings())]
    acls: list[dict[str, Any]] = []
    for acl in documented():
        part = acl.user.removeprefix("registry-")
        if part in PROCESSES:
            own: dict[str, Any] = {"user": part, "resource": acl.kind.name.lower(), "pattern": _PATTERNS[acl.pattern]}
            if acl.kind is Kind.TOPIC:
                own["name"] = acl.name.removeprefix("registry.")
            acls.append({**own, "operation": acl.operation.name.replace("_", " ").title().replace(" ", "")})
    return {
        "topics.yaml": _HEADER + yaml.safe_dump({"topics": topics}, sort_keys=False),
        "acls.yaml": _HEADER + yaml.safe_dump({"acls": acls}, sort_keys=False),
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    for name, text in contents().items():
        (FILES / name).write_text(text)
