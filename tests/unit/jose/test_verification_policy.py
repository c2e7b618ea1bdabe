"""A policy that would not protect is refused when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.jose import ANY_AUDIENCE, VerificationPolicy
from keyturn.jose.algorithms import ALGORITHM_NAMES
from tests.fakes.token_factory import ALGORITHMS, policy


@pytest.mark.parametrize("name", ["issuer", "audiences", "algorithms"])
def test_the_rules_that_protect_are_required(name: str) -> None:
    """ASVS 9.2.3, RFC 8725bis §3.1: issuer, audiences and algorithms have no default."""
    rules: dict[str, Any] = {"issuer": "i", "audiences": {"a"}, "algorithms": {"RS256"}}
    del rules[name]
    with pytest.raises(TypeError):
        VerificationPolicy(**rules)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("issuer", value) for value in ("", None, 1)),
        *(("audiences", value) for value in (set(), "api", ["api"], {""}, {1}, None)),
        *(
            ("algorithms", value)
            for value in (set(), "RS256", ["RS256"], {"none"}, {"HS256"}, {"RS256", "HS256"}, {"rs256"})
        ),
        *(("leeway", value) for value in (-1, 61, 1.5, True, "10", None)),
        *(("max_lifetime", value) for value in (0, -1, 1.5, True, "60", None)),
        *(("previous_issuers", value) for value in ("https://x", {""}, None)),
    ],
)
def test_a_rule_out_of_range_is_a_configuration_error(name: str, value: object) -> None:
    """R04, R13, R14: ValueError for an empty issuer or audience, HMAC, none, a leeway over 60 s, a str for a set."""
    with pytest.raises(ValueError, match=name.removeprefix("previous_")):
        policy(**{name: value})


def test_the_bounds_themselves_are_allowed() -> None:
    """R14: a leeway of 0 and of 60 s, and a lifetime of 1 s, are configurations."""
    assert policy(leeway=0, max_lifetime=1).leeway == 0
    assert policy(leeway=60).max_lifetime == 3600
    assert policy(algorithms=set(ALGORITHM_NAMES)).algorithms == {*ALGORITHMS, "EdDSA"}
    assert policy(audiences=ANY_AUDIENCE).audiences is ANY_AUDIENCE


def test_a_policy_does_not_change_with_the_sets_it_was_made_of() -> None:
    """ASVS 9.2.3: adding to the caller's set afterwards widens nothing."""
    audiences = {"a"}
    made = policy(audiences=audiences)
    audiences.add("b")
    assert made.audiences == frozenset({"a"})
