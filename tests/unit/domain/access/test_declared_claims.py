"""Names of claims in access rules: those of the context, of the API key and of a rule's claims."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.clients.resource_server import check_claim_name

LONGEST = "n" * 128
GOOD = ("tenant", "https://example.com/tenant", "a.b-c_d", "!#$%&'()*+,/:;<=>?@[]^`{|}~", LONGEST)
WRONG = (
    *("", " ", "a b", " a", "a\t", "a\n", "a\0b", "\0", "\x1b[31m", "a\x7f", 'a"b', "a\\b", "é", "\u200b", "\ud800"),
    *(f"{LONGEST}n", "n" * 300, "n" * 100_000),
)
# The variables $context.authorizer.* of API Gateway, as its page on access logging lists them, and its answer's member.
GATEWAYS_OWN = (
    *("claims", "error", "integrationLatency", "integrationStatus", "latency", "principalId", "requestId", "status"),
    "usageIdentifierKey",
)
CALLER = ("sub", "client_id", "scope", "jti", "exp", "sid", "gid")


def read(**members: Any) -> ApiRules:
    """Return the rules of an API with these members."""
    return parse_access_rules(json.dumps({"apis": {"a": {"routes": {}, **members}}})).of_api("a")


@pytest.mark.parametrize("name", GOOD)
def test_a_name_that_a_token_can_have_is_read(name: str) -> None:
    """R59: context, API key and rules accept each name that a resource server can declare."""
    check_claim_name(name)
    assert read(context=[name]).declared.context == (name,)
    assert read(api_key_claim=name).declared.api_key == name
    [rule] = read(routes={"GET /x": {"scopes": [], "claims": {name: "v"}}})
    assert rule.claims == {name: ("v",)}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_no_token_can_have_is_refused(name: str) -> None:
    """R59: blanks, controls, NUL, letters beyond ASCII and names over 128 characters are refused with their place."""
    with pytest.raises(ValueError, match="1 to 128 printable"):
        check_claim_name(name)
    rule = {"routes": {"GET /x": {"scopes": [], "claims": {name: "v"}}}}
    for members, place in (
        ({"context": ["tenant", name]}, r"context"),
        ({"api_key_claim": name}, r"api_key_claim"),
        (rule, r'routes\."GET /x"\.claims'),
    ):
        with pytest.raises(AccessRulesError, match=rf'^apis\."a"\.{place}: .* is not the name of a claim') as raised:
            read(**members)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 300


@pytest.mark.parametrize(("name", "shown"), [("a b", '"a b"'), ("x" * 129, '"' + "x" * 79)])
def test_a_refused_name_is_shown_by_its_beginning(name: str, shown: str) -> None:
    """R59: an error quotes 80 characters of a name, so that a long one leaves it readable."""
    with pytest.raises(
        AccessRulesError, match=rf'^apis\."a"\.context: {shown} is not the name of a claim, which has 1'
    ):
        read(context=[name])


@pytest.mark.parametrize("value", [None, 1, True, ["tenant"], {"tenant": 1}])
def test_a_name_of_another_type_is_refused(value: object) -> None:
    """R59: a claim is named by a string."""
    for members in ({"context": [value]}, {"api_key_claim": value}):
        with pytest.raises(AccessRulesError, match="is not the name of a claim"):
            read(**members)


@pytest.mark.parametrize("name", CALLER)
def test_a_claim_that_the_backend_always_gets_is_not_declared(name: str) -> None:
    """R59: the usual context is never declared a second time."""
    with pytest.raises(AccessRulesError, match=f'context: "{name}" cannot be declared; the backend always receives'):
        read(context=["tenant", name])


@pytest.mark.parametrize("name", GATEWAYS_OWN)
def test_a_name_of_api_gateways_own_is_not_declared(name: str) -> None:
    """R59: a claim never takes the name of a variable that API Gateway sets."""
    with pytest.raises(AccessRulesError, match=rf'"{name}" cannot be declared; \$context\.authorizer\.{name} is'):
        read(context=["tenant", name])


@pytest.mark.parametrize("names", [["a", "a"], ["a", "b", "a"], ["a", "b", "b"]])
def test_a_name_is_declared_once(names: list[str]) -> None:
    """R59: a name twice in the context is a mistake."""
    with pytest.raises(AccessRulesError, match=r'^apis\."a"\.context names "[ab]" twice$'):
        read(context=names)


def test_names_differ_by_letter_case() -> None:
    """R59: names are compared as RFC 7519 §4 compares them, so that `Sub` is a name like any other."""
    assert read(context=["Sub", "tenant", "Tenant"]).declared.context == ("Sub", "tenant", "Tenant")


def test_an_api_declares_no_claim_by_default() -> None:
    """R59: documents without the members are read as before."""
    declared = read().declared
    assert (declared.context, declared.api_key) == ((), None)
