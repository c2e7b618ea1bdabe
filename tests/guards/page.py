"""The table of guards in docs/verifier.md: `python -m tests.guards.page` writes it."""

from __future__ import annotations

from tests.guards.table import GUARDS, ROOT, Guard

PAGE = ROOT / "docs" / "verifier.md"
_BEGIN, _END = "<!-- guards -->\n", "<!-- end of guards -->\n"


def render(page: str) -> str:
    """Return the page with its table as it has to be."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    rows = "".join(_row(guard) for guard in GUARDS)
    return f"{before}{_BEGIN}| the line | the test that fails without it |\n|---|---|\n{rows}{_END}{after}"


def _row(guard: Guard) -> str:
    line = " ".join(guard.text.split()).replace("|", r"\|")
    return f"| `{line}` in `{guard.file}` | `{guard.test}` |\n"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
