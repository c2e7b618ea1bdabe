"""The modules that a sandbox of the issuer loads for its first request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cryptography
import pytest

from tests.fakes.http_api_event import basic, form_event, http_api_event
from tests.fakes.issuer_harness import ENVIRONMENT, INTROSPECT, JWKS, METADATA, REVOKE, SECRET, TOKEN
from tests.fakes.user_flow import AUTHORIZE, USERINFO

ROOT = Path(__file__).parents[2]
PATHS = [ROOT / "functions", ROOT / "layers" / "keyturn", Path(cryptography.__file__).parents[1]]
# Nothing listens there: each call of AWS fails.
AWS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
SEND = """
import json, sys
sys.path += json.loads(sys.argv[1])
import token_issuer.app
answer = token_issuer.app.lambda_handler(json.loads(sys.argv[2]), None)
print(json.dumps({"status": answer["statusCode"], "modules": sorted(sys.modules)}))
"""
# Issuer and login are deployed without them; the email package and http.client would be a quarter of their cold start.
HEAVY = {"aws_lambda_powertools", "boto3", "botocore", "email", "http", "jwt", "pydantic", "requests", "urllib3"}
IMPORT = """
import importlib, json, sys
sys.path += json.loads(sys.argv[1])
importlib.import_module(sys.argv[2])
print(json.dumps(sorted(sys.modules)))
"""
OF_USERS = (
    *("keyturn.adapters.interactions", "keyturn.adapters.sessions", "keyturn.adapters.users"),
    *("keyturn.domain.interactions", "keyturn.domain.sessions", "keyturn.domain.users"),
    *("token_issuer.authorization_composition", "token_issuer.authorization_flow"),
    *("token_issuer.user_bootstrap", "token_issuer.signed_in_user"),
    *("token_issuer.endpoints.authorization", "token_issuer.endpoints.userinfo"),
)
CODE = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://app.example/callback"}


class Sandbox(NamedTuple):
    """The status of the first answer, and the modules that are loaded then."""

    status: int
    modules: frozenset[str]

    @property
    def of_users(self) -> set[str]:
        """The modules of users, sessions, interactions, and of the endpoints for them."""
        return {name for name in self.modules if name.startswith(OF_USERS)}


def first_request(event: dict[str, Any]) -> Sandbox:
    """Return the state of a fresh interpreter after one request."""
    found = run(SEND, json.dumps(event))
    return Sandbox(found["status"], frozenset(found["modules"]))


def run(program: str, argument: str) -> Any:
    """Return what a program prints last, as JSON, in a fresh interpreter that has the artifacts' packages."""
    completed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, json.dumps([str(path) for path in PATHS]), argument],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=ENVIRONMENT | AWS,
    )
    return json.loads(completed.stdout.splitlines()[-1])


def heavy(modules: Iterable[str]) -> set[str]:
    """Return the heavy packages among modules."""
    return {name.partition(".")[0] for name in modules} & HEAVY


@pytest.mark.parametrize("module", ["token_issuer.app", "token_issuer.user_bootstrap", "login.app"])
def test_nothing_heavy_is_imported(module: str) -> None:
    """P12: issuer and login call AWS without an SDK, and render and sign without a framework."""
    assert heavy(run(IMPORT, module)) == set()


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (form_event(TOKEN, {"grant_type": "client_credentials"}, headers=basic("web", SECRET)), 503),
        (form_event(TOKEN, CODE, headers=basic("web", SECRET)), 503),
        (form_event(REVOKE, {"token": "x"}, headers=basic("web", SECRET)), 503),
        (form_event(INTROSPECT, {"token": "x"}, headers=basic("web", SECRET)), 503),
        (http_api_event("GET", JWKS), 503),
    ],
    ids=["client_credentials", "authorization_code", "revocation", "introspection", "jwks"],
)
def test_a_request_of_a_client_loads_no_module_of_users(event: dict[str, Any], status: int) -> None:
    """P6: a sandbox that serves clients alone pays neither for the authorization endpoint nor for userinfo."""
    sandbox = first_request(event)
    assert (sandbox.status, sandbox.of_users, heavy(sandbox.modules)) == (status, set(), set())
    assert "token_issuer.endpoints.token" in sandbox.modules


def test_a_request_of_a_token_loads_no_other_endpoint() -> None:
    """P6: most sandboxes serve tokens alone, and load the one endpoint, and no PyJWT."""
    sandbox = first_request(form_event(TOKEN, CODE, headers=basic("web", SECRET)))
    loaded = {name for name in sandbox.modules if name.startswith("token_issuer.endpoints.")}
    assert loaded == {"token_issuer.endpoints.endpoint", "token_issuer.endpoints.token"}
    assert "keyturn.jose.jws_encoder" in sandbox.modules
    assert "jwt" not in sandbox.modules


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (http_api_event("GET", AUTHORIZE, query="client_id=web&redirect_uri=https://app.example/callback"), 503),
        (http_api_event("GET", USERINFO), 401),
        (http_api_event("GET", METADATA), 200),
    ],
    ids=["authorization", "userinfo", "metadata"],
)
def test_an_endpoint_for_users_is_composed_for_its_first_request(event: dict[str, Any], status: int) -> None:
    """The first request of an endpoint that is loaded late is answered as each later one."""
    sandbox = first_request(event)
    assert (sandbox.status, bool(sandbox.of_users), heavy(sandbox.modules)) == (status, True, set())
