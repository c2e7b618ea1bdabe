"""Where our issuer and oidc-provider differ, and who is right: `python -m tests.infrastructure.conformance_page`.

The table is tests/integration/conformance.json, which the same requests to both are held to; the page is made from it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.infrastructure import certification_table

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "integration" / "conformance.json"
PACKAGE = ROOT / "tests" / "integration" / "javascript" / "package.json"
PAGE = ROOT / "docs" / "conformance.md"

RIGHT = {"ours": "ours", "reference": "the reference", "both": "both"}

# The text before it is written by hand, apart from the tables of certification_table.py.
_GENERATED = "## Where they differ\n"
_AFTER_PLANS = "\n## A reference server\n"


def read_table() -> dict[str, Any]:
    """Return the table: the probes that come to the same, and the differences, each with its sentence."""
    table: dict[str, Any] = json.loads(TABLE.read_text())
    return table


def find_expected() -> dict[str, dict[str, str]]:
    """Return, by probe, what ours and the reference answer."""
    table = read_table()
    expected = {probe: {"ours": answer, "reference": answer} for probe, answer in table["alike"].items()}
    for difference in table["differences"]:
        assert not expected.keys() & difference["probes"].keys(), "a probe stands in the table twice"
        expected |= difference["probes"]
    return expected


def render(page: str) -> str:
    """Return the page with its tables as they have to be."""
    table = read_table()
    alike, differing = len(table["alike"]), sum(len(each["probes"]) for each in table["differences"])
    version = json.loads(PACKAGE.read_text())["dependencies"]["oidc-provider"]
    parts = [
        _render_plans(page.partition(_GENERATED)[0]) + _GENERATED,
        f"oidc-provider {version} and Keyturn give {alike} of {alike + differing} requests the same response.\n",
        *(_section(each) for each in table["differences"]),
        "## Where they do not\n\n| request | response of both |\n|---|---|",
        "".join(f"| {probe} | {_code(answer)} |\n" for probe, answer in table["alike"].items()),
    ]
    return "\n".join(parts)


def _render_plans(page: str) -> str:
    before, _, rest = page.partition(certification_table.HEADING)
    _, heading, after = rest.partition(_AFTER_PLANS)
    return before + certification_table.render() + heading + after


def _section(difference: dict[str, Any]) -> str:
    rows = "".join(
        f"| {probe} | {_code(answers['ours'])} | {_code(answers['reference'])} |\n"
        for probe, answers in difference["probes"].items()
    )
    who, said = RIGHT[difference["right"]], f"{difference['rfc']}: “{difference['sentence']}”"
    return (
        f"### {difference['what']}\n\nRight: **{who}**. {said} {difference['so']}\n\n"
        f"| request | ours | the reference |\n|---|---|---|\n{rows}"
    )


def _code(answer: str) -> str:
    return f"`{answer}`"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
