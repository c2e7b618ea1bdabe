"""The commands and the gateway give the same verdicts, for generated tokens, routes and kinds of API."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from typer.testing import CliRunner

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn_cli import app as command_line
from keyturn_cli import rules, token
from keyturn_cli.gateway import gateways_of
from tests.fakes.token_factory import make_token, signing_key
from tests.integration.aws import aws, function_name
from tests.integration.http import CLIENT, post
from tests.integration.minted_tokens import Mint
from tests.integration.routed_apis import ROUTES, RoutedApi, routed_apis

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack_file import StackFile

SEED = 17
OTHER_AUDIENCE, OLD_ISSUER = "https://b.example", "https://old.example"
LIFETIME, LEEWAY = 600, 5
REQUESTS = (
    ("GET", "/me"),
    ("GET", "/reports"),
    ("POST", "/reports"),
    ("DELETE", "/reports"),
    ("GET", "/files/a"),
    ("PUT", "/files/admin/a/b"),
    ("GET", "/files/%61dmin/a"),
    ("GET", "/items/7"),
    ("GET", "/items/special"),
    ("GET", "/nowhere"),
)


class Gateway(NamedTuple):
    """A stack, and the APIs whose answers the commands have to agree with."""

    stack: StackFile
    apis: Mapping[str, RoutedApi]
    tokens: Mapping[str, str]


@pytest.fixture(scope="module")
def gateway(stack: StackFile) -> Iterator[Gateway]:
    """Return the shared stack with settings, rules and APIs of this module, which are gone at its end."""
    with pytest.MonkeyPatch.context() as patch, routed_apis(stack) as apis, environment(stack, settings(stack, apis)):
        patch.setenv("AWS_ENDPOINT_URL", stack.emulator["endpoint_url"])
        patch.setenv("AWS_DEFAULT_REGION", stack.emulator["region"])
        patch.setenv("AWS_ACCESS_KEY_ID", stack.emulator["access_key_id"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", stack.emulator["secret_access_key"])
        patch.setenv("KEYTURN_STACK", stack.stack_name)
        for module in (rules, token):
            # The clients of a stack are made once, since each costs more than what it asks.
            patch.setattr(module, "find_deployment", cache(module.find_deployment))
        patch.setattr(rules, "gateways_of", cache(gateways_of))
        yield Gateway(stack, apis, minted(stack))


@contextmanager
def environment(stack: StackFile, changes: dict[str, str]) -> Iterator[None]:
    """Change the environment of the authorizer function for a while."""
    lambda_, name = aws(stack, "lambda"), function_name(stack, "AuthorizerFunction")
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | changes})
    try:
        yield
    finally:
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def settings(stack: StackFile, apis: Mapping[str, RoutedApi], **changes: Any) -> dict[str, str]:
    """Return settings none of which is the template's default, and rules with an audience for each API."""
    both = {"audience": [stack.audience, OTHER_AUDIENCE]}
    routes: dict[str, Any] = {
        "GET /me": [],
        "GET /reports": ["reports:read"],
        "POST /reports": ["reports:write"],
        "ANY /files/{proxy+}": ["reports:read"],
        "ANY /files/admin/{proxy+}": ["reports:write"],
        "GET /items/{id}": {"scopes": [], "claims": {"department": ["it"]}},
        "GET /items/special": [],
    }
    everywhere = routes | {"$default": ["reports:read"]}
    document = {
        apis["rest_token"].id: both | {"routes": routes},
        apis["rest_request"].id: {"audience": stack.audience, "routes": routes},
        apis["http_simple"].id: both | {"routes": everywhere},
        apis["http_policy"].id: {"audience": OTHER_AUDIENCE, "answer": "policy", "routes": everywhere},
        apis["websocket"].id: both | {"routes": {"$connect": ["reports:read"]}},
        "*": both | {"routes": {"GET /reports": ["reports:read"], "POST /reports": ["reports:write"]}},
    }
    return {
        "AUDIENCES": f"{stack.audience} {OTHER_AUDIENCE}",
        "API_AUDIENCES": "required",
        "PREVIOUS_ISSUERS": OLD_ISSUER,
        "MAX_TOKEN_LIFETIME_SECONDS": str(LIFETIME),
        "LEEWAY_SECONDS": str(LEEWAY),
        "ACCESS_RULES": json.dumps({"apis": document | changes}),
    }


def minted(stack: StackFile) -> dict[str, str]:
    """Return tokens by what is special about them, most of them signed by the stack's own key."""
    mint = Mint(stack)
    both = [stack.audience, OTHER_AUDIENCE]
    good: dict[str, Any] = {"aud": both, "scope": "reports:read reports:write", "department": "it"}
    changes: dict[str, dict[str, Any]] = {
        "everything": {},
        "one audience": {"aud": stack.audience},
        "the other audience": {"aud": OTHER_AUDIENCE},
        "no audience of the stack": {"aud": "https://c.example"},
        "reader": {"scope": "reports:read", "department": "sales"},
        "writer": {"scope": "reports:write"},
        "no scope": {"scope": "other", "department": ["sales", "it"]},
        "previous issuer": {"iss": OLD_ISSUER},
        "other issuer": {"iss": "https://other.example"},
        "bound to a key": {"cnf": {"jkt": "x"}},
        "revoked": {"jti": "revoked-by-this-test"},
    }
    lifetimes = {"expired": -60, "longest": LIFETIME, "too long": LIFETIME + 1}
    tokens = {name: mint.token(lifetime=300, **(good | each)) for name, each in changes.items()}
    tokens |= {f"generated {at}": mint.token(**claims) for at, claims in enumerate(generated(both, 15))}
    tokens |= {name: mint.token(lifetime=each, **good) for name, each in lifetimes.items()}
    now = int(wall_seconds())
    tokens["not yet valid"] = mint.token(lifetime=500, **good, iat=now + 120)
    kid = CLIENT.get(stack.outputs["JwksUrl"]).json()["keys"][0]["kid"]
    claims = good | {"iss": stack.issuer, "iat": now, "exp": now + 300}
    tokens["key of somebody else"] = make_token(key=signing_key("RS256"), header={"kid": kid}, claims=claims)
    tokens["no token"] = "nonsense"
    assert post(stack, "revoke", token=tokens["revoked"]).status_code == 200
    return tokens


def generated(audiences: list[str], how_many: int) -> Iterator[dict[str, Any]]:
    """Yield claims and a lifetime by chance, so that some tokens have several faults and some have none."""
    chosen = random.Random(SEED)
    for _ in range(how_many):
        yield {
            "lifetime": chosen.choice([-60, 60, LIFETIME, LIFETIME + 1]),
            "aud": chosen.choice([audiences, audiences[0], audiences[1], ["https://c.example"]]),
            "scope": " ".join(chosen.sample(["reports:read", "reports:write", "other"], 2)),
            "department": chosen.choice(["it", "sales", ["sales", "it"], True]),
        } | chosen.choice([{}, {}, {"iss": OLD_ISSUER}, {"cnf": {"jkt": "x"}}])


def keyturn(*arguments: str) -> dict[str, Any]:
    """Return what a command prints with --json."""
    done = CliRunner().invoke(command_line.app, [*arguments, "--json"])
    assert done.stdout, (done.stderr, done.exception)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_explained_verdicts_are_the_gateways(gateway: Gateway) -> None:
    """R57, G7: `rules explain` says the very status that API Gateway answers, for each token on each kind of API."""
    chosen = random.Random(SEED)
    routed = [api for api in gateway.apis if api != "websocket"]
    below = [request for request in REQUESTS if request[1].startswith("/files/")]
    cases = [(name, chosen.choice(routed), *chosen.choice(REQUESTS)) for name in gateway.tokens for _ in range(2)]
    cases += [(name, "websocket", "GET", "$connect") for name in chosen.sample(list(gateway.tokens), 12)]
    cases += [("everything", api, *request) for api in routed for request in REQUESTS]
    cases += [(name, api, *request) for name in ("reader", "writer") for api in routed for request in below]
    differing, verdicts = [], set()
    for name, api, method, path in cases:
        asked = gateway.apis[api]
        told = keyturn("rules", "explain", method, path, "--api", asked.id, "--token", gateway.tokens[name])
        expected = 200 if told["answer"] == "passes to the backend" else int(told["answer"].partition(":")[0])
        status = asked.ask(method, path, gateway.tokens[name])
        verdicts.add((told["verdict"], status))
        if status != expected:
            differing.append((name, api, method, path, status, told))
    assert differing == []
    assert verdicts >= {("open", 200), ("closed", 401), ("closed", 403), ("no route", 403)}


def test_explained_tokens_are_those_that_the_gateway_takes(gateway: Gateway) -> None:
    """R12 to R15, R47: `token explain` says valid exactly for the tokens that open a route without needs."""
    api = gateway.apis["rest_token"]
    told = {name: keyturn("token", "explain", raw)["verdict"] for name, raw in gateway.tokens.items()}
    statuses = {name: api.ask("GET", "/me", raw) for name, raw in gateway.tokens.items()}
    assert {name: verdict == "valid" for name, verdict in told.items()} == {
        name: status == 200 for name, status in statuses.items()
    }
    assert told["revoked"] == "revoked"


def test_checked_rules_are_in_order_where_the_gateway_opens_every_route(gateway: Gateway) -> None:
    """G7: `rules check` finds nothing wrong with rules under which a token with everything opens each route."""
    told = keyturn("rules", "check")
    assert (told["wrong"], told["not_checked"]) == ([], [])
    for api in (each for name, each in gateway.apis.items() if name != "websocket"):
        for route in ROUTES:
            method, _, path = route.partition(" ")
            path = path.replace("{proxy+}", "a/b").replace("{id}", "7")
            assert api.ask(method.replace("ANY", "PUT"), path, gateway.tokens["everything"]) == 200


@pytest.mark.parametrize(
    ("kind", "change", "request_", "status", "sentence"),
    [
        ("http_simple", {"answer": "policy"}, ("GET", "/me"), 500, "expects a simple response and gets a policy"),
        ("http_policy", {"answer": "simple"}, ("GET", "/me"), 500, "expects a policy and gets a simple response"),
        ("rest_request", {"routes": {"GET /items/{name}": []}}, ("GET", "/items/7"), 403, "write /items/{id} in them"),
        ("rest_token", {"routes": {"GET /me": []}}, ("GET", "/reports"), 403, "each route needs one"),
    ],
)
def test_rules_that_are_wrong_are_wrong_at_the_gateway(
    gateway: Gateway, kind: str, change: dict[str, Any], request_: tuple[str, str], status: int, sentence: str
) -> None:
    """R57, G7: findings of `rules check` are answers that the good token gets, and `rules explain` agrees."""
    api = gateway.apis[kind]
    before = settings(gateway.stack, gateway.apis)
    own = json.loads(before["ACCESS_RULES"])["apis"][api.id] | change
    with environment(gateway.stack, settings(gateway.stack, gateway.apis, **{api.id: own})):
        wrong = keyturn("rules", "check")["wrong"]
        raw = gateway.tokens["everything"]
        told = keyturn("rules", "explain", *request_, "--api", api.id, "--token", raw)
        assert api.ask(*request_, raw) == status
    assert any(api.id in each and sentence in each for each in wrong)
    assert told["answer"] == str(status)
