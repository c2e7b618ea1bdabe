"""A token for one API of a stack opens no other API (RFC 9068 §4, RFC 8707 §2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from authorizer import app
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules, unknown_audiences
from keyturn.domain.access.stack_audiences import StackAudiences
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.iam_policy import allows
from tests.fakes.token_factory import good_claims, make_token, policy
from tests.unit.authorizer.test_app import outcome

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

A, B, OTHER = "https://a.example", "https://b.example", "https://other.example"
REST = ("rest_token", "rest_request")
CACHED: dict[str, Any] = {"answer": "policy", "cached_by": "token"}


def ask(
    world: AuthorizerWorld,
    kind: str,
    aud: Any,
    *,
    stack: tuple[str, ...] = (A, B),
    mode: str = "required",
    needs: Any = (),
    path: str = "/reports",
    **api: Any,
) -> str:
    """Return the outcome of a request of a token with the scope `read` to an API with these members."""
    world.audiences = StackAudiences(stack, mode)
    world.document = {"apis": {API_ID: {"answer": "policy", "routes": {"GET /reports": needs or []}, **api}}}
    world.policy = policy(audiences=set(stack))
    world.authorizer = world.build("policy")
    template = path if kind != "http_2.0" else None
    event = authorizer_event(kind, make_token(claims={"aud": aud, "scope": "read"}), path=path, template=template)
    return outcome(event)


def reason_of(world: AuthorizerWorld) -> str | None:
    """Return the reason of the last refusal in the log."""
    return next((line["reason"] for line in world.lines() if line["event"] == "refused"), None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("needs", [[], ["read"]])
@pytest.mark.parametrize("cached", [{}, CACHED])
@pytest.mark.parametrize(
    ("audience", "aud", "opens"),
    [
        (B, A, False),
        (B, B, True),
        (B, [A, B], True),
        ([A, B], A, True),
        ([B], [A], False),
        (OTHER, A, False),
        (OTHER, [A, OTHER], False),
        ([OTHER, B], [A, OTHER], False),
        (B + "/", B, False),
    ],
)
def test_a_token_for_another_api_is_no_valid_token(
    world: AuthorizerWorld, kind: str, needs: list[str], cached: dict[str, Any], audience: Any, aud: Any, opens: bool
) -> None:
    """R13: a token needs an audience of the API that is the stack's too; without one it is invalid (RFC 9068 §4)."""
    refused = "401" if kind in REST else "deny"
    assert ask(world, kind, aud, needs=needs, audience=audience, **cached) == ("allow" if opens else refused)
    assert reason_of(world) == (None if opens else "invalid_audience")


@pytest.mark.parametrize("kind", KINDS)
def test_the_refusal_of_a_token_for_another_api_names_the_token(world: AuthorizerWorld, kind: str) -> None:
    """R13: the operator finds the token by its jti, as with any other refusal of a verified token."""
    ask(world, kind, A, audience=B)
    assert [line["jti"] for line in world.lines() if line["event"] == "refused"] == [good_claims()["jti"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cached", [{}, CACHED])
def test_an_api_without_an_audience_is_refused_where_there_are_several(
    world: AuthorizerWorld, kind: str, cached: dict[str, Any]
) -> None:
    """R13: an API whose rules name no audience stays closed in a stack with several audiences."""
    assert ask(world, kind, A, **cached) == "deny"
    assert reason_of(world) == "no_audience"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cached", [{}, CACHED])
@pytest.mark.parametrize(("stack", "mode"), [((A,), "required"), ((A,), "warn"), ((A, A), "required")])
def test_one_audience_of_the_stack_is_every_apis(
    world: AuthorizerWorld, kind: str, cached: dict[str, Any], stack: tuple[str, ...], mode: str
) -> None:
    """R13: a document without an audience means the stack's only one, and nothing is logged."""
    assert ask(world, kind, A, stack=stack, mode=mode, **cached) == "allow"
    assert [line["event"] for line in world.lines()] == ["allowed"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cached", [{}, CACHED])
def test_a_warning_is_logged_for_each_allowed_request(
    world: AuthorizerWorld, kind: str, cached: dict[str, Any]
) -> None:
    """R13: under `warn` an API without an audience is open, and each allowed request is a line with its route."""
    assert ask(world, kind, A, mode="warn", **cached) == "allow"
    [line] = world.lines()[1:]
    assert (line["level"], line["event"], line["api"], line["api_id"]) == (
        "WARN",
        "allowed_without_audience",
        kind,
        API_ID,
    )
    assert (line["method"], line["route"], line["jti"]) == ("GET", "/reports", "AAECAwQFBgcICQoLDA0ODw")
    assert ask(world, kind, A, mode="warn", audience=A, **cached) == "allow"
    assert ask(world, kind, A, mode="warn", needs={"scopes": [], "claims": {"aud": A}}, **cached) == "allow"
    assert ask(world, kind, A, mode="warn", needs=["other"], **cached) == "deny"
    assert {line["event"] for line in world.lines()} == {"allowed", "refused"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cached", [{}, CACHED])
@pytest.mark.parametrize(
    ("claim", "aud", "reason"),
    [
        (B, B, None),
        (B, [A, B], None),
        ([A, B], A, None),
        (B, A, "insufficient_claims"),
        (OTHER, [A, OTHER], "insufficient_claims"),
        ([True, B], A, "insufficient_claims"),
    ],
)
def test_a_rule_that_names_aud_has_its_audience(
    world: AuthorizerWorld, kind: str, cached: dict[str, Any], claim: Any, aud: Any, reason: str | None
) -> None:
    """R13: `"claims": {"aud": …}` names the audience of one route, in a form that older authorizers read as well."""
    outcome = ask(world, kind, aud, needs={"scopes": [], "claims": {"aud": claim}}, **cached)
    assert (outcome, reason_of(world)) == ("deny" if reason else "allow", reason)


def test_a_cached_policy_has_the_routes_of_the_tokens_audience(world: AuthorizerWorld) -> None:
    """R55: under `cached_by`, the policy allows the routes whose rule names an audience of the token, and no others."""
    routes = {
        "GET /a": {"scopes": [], "claims": {"aud": A}},
        "GET /b": {"scopes": [], "claims": {"aud": B}},
        "GET /c": [],
    }
    ask(world, "rest_request", A, path="/b", **CACHED, routes=routes)
    event = authorizer_event("rest_request", make_token(claims={"aud": A, "scope": "read"}), path="/b", template="/b")
    document = app.lambda_handler(event, None)["policyDocument"]
    assert [path for path in ("/a", "/b", "/c") if allows(document, method_arn("GET", path))] == ["/a"]


def test_every_rule_that_is_needed_names_an_audience(world: AuthorizerWorld) -> None:
    """R13, G7: below a wider route, both rules have to name one, for every kind of API."""
    named = {"scopes": [], "claims": {"aud": A}}
    for kind in KINDS:
        for routes in ({"GET /{p+}": named, "GET /a/{p+}": []}, {"GET /{p+}": [], "GET /a/{p+}": named}):
            world.document = {"apis": {API_ID: {"routes": routes}}}
            world.audiences, world.policy = StackAudiences((A, B), "required"), policy(audiences={A, B})
            world.authorizer = world.build("policy")
            token = make_token(claims={"aud": A, "scope": "read"})
            assert outcome(authorizer_event(kind, token, path="/a/b", template="/{p+}")) == "deny"
            assert reason_of(world) == "no_audience"


@pytest.mark.parametrize("value", [[], "", [""], 5, None, [A, 5], {}])
def test_an_audience_is_a_string_or_a_list_of_strings(value: Any) -> None:
    """R13: any other member `audience` is refused, with its place."""
    with pytest.raises(AccessRulesError, match=r'^apis\."\*"\.audience is an audience, or a list of audiences'):
        parse_access_rules(json.dumps({"apis": {"*": {"routes": {}, "audience": value}}}))


def test_an_audience_that_the_stack_lacks_is_found() -> None:
    """R13: an audience outside of the stack opens no route, and a message says where it was found."""
    routes = {"GET /a": {"scopes": [], "claims": {"aud": [A, OTHER]}}, "GET /b": []}
    rules = parse_access_rules(json.dumps({"apis": {"x": {"routes": routes}, "*": {"routes": {}, "audience": OTHER}}}))
    assert unknown_audiences(rules, StackAudiences((A, B), "required")) == [
        f'{where} names "{OTHER}", and the stack\'s Audiences lack it: add it there, or correct this line'
        for where in ('apis."x".routes."GET /a".claims."aud"', 'apis."*".audience')
    ]


# The members that an authorizer of before took: it answers 500 for a document with any other.
MEMBERS_BEFORE = {"api": {"answer", "cached_by", "context", "routes"}, "rule": {"scopes", "claims"}}


def read_before(document: dict[str, Any]) -> bool:
    """Return whether an older authorizer reads the document."""
    return all(
        set(api) <= MEMBERS_BEFORE["api"]
        and all(isinstance(rule, list) or set(rule) <= MEMBERS_BEFORE["rule"] for rule in api["routes"].values())
        for api in document["apis"].values()
    )


@pytest.mark.parametrize("mode", ["required", "warn", None])
@pytest.mark.parametrize(
    ("api", "before"),
    [
        ({"routes": {"GET /reports": ["read"]}}, True),
        ({"routes": {"GET /reports": {"scopes": ["read"], "claims": {"aud": A}}}}, True),
        ({"routes": {"GET /reports": ["read"]}, "audience": A}, False),
    ],
)
def test_an_update_reads_old_and_new_documents(
    world: AuthorizerWorld, api: dict[str, Any], before: bool, mode: str | None
) -> None:
    """R13: the claims form is read before and after an update, the member after it; nothing here is a 500."""
    assert read_before({"apis": {API_ID: api}}) is before
    named = "audience" in api or not isinstance(api["routes"]["GET /reports"], list)
    for kind in KINDS:
        found = ask(world, kind, A, mode=mode or "warn", **api)
        assert found == ("allow" if named or mode != "required" else "deny")
