"""The deployment files, read."""

import json
from functools import cache
from typing import Any

import yaml

from tests.support.document import ROOT

DEPLOY = ROOT / "deploy"


@cache
def alerts() -> list[dict[str, Any]]:
    """Return all alert rules."""
    groups = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@cache
def panels() -> list[dict[str, Any]]:
    """Return all panels of the dashboard that have expressions."""
    content = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    return [panel for panel in content if panel["type"] != "row"]
