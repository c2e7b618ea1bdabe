"""The templates and the rules of docs/browsers.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

_PAGE = Path(__file__).parents[2] / "docs" / "browsers.md"


def browser_templates() -> dict[str, dict[str, Any]]:
    """Return the SAM templates of the page, by the kind of API: `rest` and `http`."""
    rest, http = (yaml_parse(block) for block in re.findall(r"```yaml\n(.*?)```", _PAGE.read_text(), re.DOTALL))
    return {"rest": rest, "http": http}


def browser_rules() -> dict[str, Any]:
    """Return the access rules of the page."""
    [document] = re.findall(r"```json\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    rules: dict[str, Any] = json.loads(document)
    return rules
