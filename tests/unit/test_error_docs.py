"""The page of errors says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from keyturn.jose import TokenErrorReason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()


def test_every_reason_to_refuse_a_token_is_explained() -> None:
    """The table of reasons is the enum, sentence by sentence."""
    section = PAGE.partition("## Why a token is refused")[2].partition("## The key rotator")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    assert rows == {reason.value: reason.explanation for reason in TokenErrorReason}


def test_every_reason_of_the_authorizer_is_listed() -> None:
    """Each reason that the authorizer logs, its own and that of the access rules, is in the page."""
    authorizer, kernel = ROOT / "functions" / "authorizer", ROOT / "layers" / "keyturn" / "keyturn" / "domain"
    sources = "".join(path.read_text() for path in authorizer.glob("*.py"))
    rules = "".join((kernel / "access" / name).read_text() for name in ("api_rules.py", "cached_rules.py"))
    reasons = set(re.findall(r'(?:Unauthorized|Forbidden)\("(\w+)"', sources))
    reasons |= set(re.findall(r'(?:return|else) "([a-z]+(?:_[a-z]+)+)"', rules))
    assert reasons
    assert reasons == set(
        re.findall(r"^\| `(\w+)` \|", PAGE.partition("## The authorizer")[2].partition("## Why")[0], re.MULTILINE)
    )
