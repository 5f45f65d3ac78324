"""Write the JSON Schemas of custom resources from CustomResourceDefinitions: `python deploy/crds/extract.py FILE...`.

Descriptions are left out. Fields that the definition does not know are errors, as with strict field validation.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TEXTS = ("description", "title", "example")


def main() -> None:
    """Write one file for each version that is served."""
    for name in sys.argv[1:]:
        definition = yaml.safe_load(Path(name).read_text())
        group, kind = definition["spec"]["group"], definition["spec"]["names"]["kind"]
        for version in definition["spec"]["versions"]:
            if version["served"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                # The API server checks these itself.
                schema["properties"]["metadata"] = {"type": "object"}
                schema["properties"].pop("status", None)
                file = HERE / f"{group}_{version['name']}_{kind}.json"
                file.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without descriptions, which refuses unknown fields."""
    kept = {key: value for key, value in schema.items() if key not in TEXTS and not key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        kept = {key: value for key, value in kept.items() if key not in {"type", "anyOf"}}
        kept["type"] = ["integer", "string"]
    if schema.get("nullable"):
        kept["type"] = [kept["type"], "null"]
    kept.pop("nullable", None)
    for key in ("items", "additionalProperties", "not"):
        if isinstance(kept.get(key), dict):
            kept[key] = strict(kept[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in kept:
            # They repeat parts of the schema around them, so they must not refuse its other fields.
            kept[key] = [{name: value for name, value in one.items() if name not in TEXTS} for one in kept[key]]
    if "properties" in kept:
        kept["properties"] = {name: strict(value) for name, value in kept["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            kept.setdefault("additionalProperties", False)
    return kept


if __name__ == "__main__":
    main()
