"""The pages claim of AWS only as much as a report in docs/verification shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.markers import ON_AWS_ALONE, OPEN_QUESTION

ROOT = Path(__file__).parents[2]
README = " ".join((ROOT / "README.md").read_text().split())
PROTECT = " ".join((ROOT / "docs" / "protect-an-api.md").read_text().split())
VERIFICATION = " ".join((ROOT / "docs" / "verification" / "README.md").read_text().split())
REPORTS = [path.read_text() for path in sorted((ROOT / "docs" / "verification").glob("2*.md"))]
UNAUTHORIZED = "An authorizer that raises `Unauthorized` gives 401 on an HTTP API, by either payload format (R57)."
PROBE = (ROOT / "tests" / "aws" / "test_gateway.py").read_text()
RECOMMENDATION = "Choose a REST API where OAuth clients must see 401"


def shown(sentence: str, reports: list[str]) -> bool:
    """Return whether some report has the fact in each of its rows as one that holds."""
    rows = [[line for line in report.splitlines() if line.startswith(f"| {sentence} |")] for report in reports]
    return any(lines and all(line.startswith(f"| {sentence} | holds |") for line in lines) for lines in rows)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], False),
        (["holds", "holds"], True),
        (["holds", "**does not hold**: assert 500 == 401"], False),
        (["holds", "not seen: KEEP=1"], False),
    ],
)
def test_a_claim_needs_each_row_of_its_fact(outcomes: list[str], expected: bool) -> None:
    """A fact that is tried by both payload formats is shown by a report in which both hold."""
    report = "\n".join(f"| It is 401. | {outcome} | status: 401 | 0.1 |" for outcome in outcomes)
    assert shown("It is 401.", [report]) is expected


def test_the_pages_recommend_rest_apis_until_aws_has_answered() -> None:
    """A page sends clients that need 401 to REST APIs, until a report shows 401 of HTTP APIs (R57)."""
    assert UNAUTHORIZED in PROBE
    if not shown(UNAUTHORIZED, REPORTS):
        assert RECOMMENDATION in PROTECT
        assert "AWS documents no such response of HTTP APIs" in " ".join(PROTECT.split())


def test_the_exception_on_http_apis_is_asked_of_aws_alone() -> None:
    """The fact is an open question, which an emulator cannot answer (R57)."""
    before = PROBE.partition("def test_the_exception_unauthorized_is_401")[0].rpartition("\n\n\n")[2]
    assert "@ALONE" in before
    assert f"@pytest.mark.{OPEN_QUESTION}(" in before
    assert f"ALONE = pytest.mark.{ON_AWS_ALONE}(" in PROBE


@pytest.mark.parametrize("page", [README, VERIFICATION], ids=["README", "verification"])
def test_never_is_said_until_a_report_is_there(page: str) -> None:
    """A page says "Verified on AWS: never" as long as docs/verification has no report."""
    assert ("Verified on AWS: **never**" in page) is not bool(REPORTS)
