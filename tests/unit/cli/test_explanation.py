"""Why a token is refused, in words that help."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from keyturn.jose import ANY_AUDIENCE, TokenError, TokenErrorReason, verify_access_token
from keyturn_cli.explanation import REFUSALS, RULES, explain, sentence_of
from tests.fakes.token_factory import ABSENT, AUDIENCE, ISSUER, NOW, key_set, make_token, policy, signing_key

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "functions" / "authorizer", ROOT / "layers" / "keyturn" / "keyturn" / "domain")


def explanation_of(raw: str, **rules: Any) -> dict[str, str]:
    """Return the explanation of a refusal."""
    keys, accepted = key_set(), policy(**rules)
    with pytest.raises(TokenError) as error:
        verify_access_token(raw, keys, accepted, now=NOW)
    return explain(error.value.reason.value, raw, keys, accepted, NOW)


def test_every_reason_has_its_rule() -> None:
    """Each reason has the section of the standard behind it."""
    assert RULES.keys() == set(TokenErrorReason)


def test_every_refusal_of_the_authorizer_has_its_rule() -> None:
    """R57: each reason that the authorizer's code names can be explained, and no other is listed."""
    sources = [Path(str(module)).read_text() for folder in SOURCES for module in folder.rglob("*.py")]
    raised = {name for text in sources for name in re.findall(r"(?:Unauthorized|Forbidden)\(\"(\w+)\"", text)}
    returned = {name for text in sources for name in REFUSALS if f'"{name}"' in text}
    assert raised <= REFUSALS.keys()
    assert returned == REFUSALS.keys()
    assert all(sentence_of(reason)[1].endswith(".") for reason in REFUSALS)


@pytest.mark.parametrize(
    ("raw", "rules", "found", "expected"),
    [
        ("a.b", {}, "3 characters, 1 dots", "two dots"),
        (make_token(header={"typ": "JWT"}), {}, 'typ "JWT"', "at+jwt"),
        (make_token(header={"typ": ABSENT}), {}, "no typ", "at+jwt"),
        (make_token(), {"algorithms": {"RS256"}}, 'alg "ES256"', "RS256"),
        (make_token(header={"alg": "ES384"}), {}, 'alg "ES384"', "alg ES256"),
        (make_token(claims={"iss": "https://other"}), {}, 'iss "https://other"', ISSUER),
        (make_token(claims={"aud": ["x", "y"]}), {}, 'aud ["x", "y"]', AUDIENCE),
        (make_token(claims={"exp": NOW - 10, "iat": NOW - 90}), {}, "exp 2026-09-21", "after 2026-09-21"),
        (make_token(claims={"iat": NOW + 11}), {}, "iat 2026-09-21", "not after 2026-09-21"),
        (make_token(claims={"exp": NOW + 7200}), {}, "7200 s from iat to exp", "at most 3600 s"),
    ],
)
def test_what_was_found_stands_beside_what_is_right(raw: str, rules: dict[str, Any], found: str, expected: str) -> None:
    """An explanation shows both, and the rule to look up."""
    explained = explanation_of(raw, **rules)
    assert found in explained["found"]
    assert expected in explained["expected"]
    assert explained["rule"]
    assert explained["sentence"].endswith(".")


def test_the_kids_of_the_key_set_are_named() -> None:
    """An explanation of an unknown kid lists the known ones."""
    explained = explanation_of(make_token(header={"kid": "x"}))
    assert (explained["found"], explained["expected"]) == ('kid "x"', signing_key().kid)


@pytest.mark.parametrize("raw", ["x" * 9000, "!.!.!", make_token() + "A", make_token(claims={"sub": 1})], ids=range(4))
def test_whatever_is_refused_is_explained(raw: str) -> None:
    """Every refused token has an explanation, which omits the signature."""
    explained = explanation_of(raw, audiences=ANY_AUDIENCE)
    assert {"reason", "rule", "sentence"} <= explained.keys()
    assert raw.rpartition(".")[2] not in "".join(explained.values()) or "." not in raw
