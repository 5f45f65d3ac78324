"""The README's table of settings is the settings."""

import re
from pathlib import Path

from service.settings import PREFIX, Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_table_names_every_setting_with_its_meaning() -> None:
    table = README.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    told = dict(re.findall(r"^\| `(REGISTRY_\w+)` \| [^|]* \| ([^|]*) \|$", table, flags=re.MULTILINE))

    assert told == {f"{PREFIX}{name.upper()}": field.description for name, field in Settings.model_fields.items()}
