"""docs/openapi.yaml describes exactly what the issuer does."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from schemathesis import checks

from keyturn.domain.errors import ItemDamaged, StoreUnavailable
from keyturn.environment import SettingsError
from keyturn.web.form_guard import TOKEN_FIELD
from tests.fakes.issuer_harness import METADATA, SECRET, make_client
from tests.fakes.issuer_requests import APP, ENDPOINTS
from tests.fakes.openapi import DESCRIPTION, PATH, check_call, load_description
from tests.fakes.token_factory import AUDIENCE
from tests.fakes.user_flow import (
    REDIRECT_URI,
    SESSION_COOKIE,
    SESSION_VALUE,
    VERIFIER,
    UserFlow,
    authorization_request,
    interaction_of,
)
from tests.fakes.wsgi_issuer import wsgi_issuer
from token_issuer import app
from token_issuer.authorization_flow import INTERACTION_FIELD
from token_issuer.errors import OAuthError
from token_issuer.restart_page import RESTART_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemathesis import Case

    from token_issuer.composition import EndpointFactory

SCHEMA = load_description()
SCHEMA.app = wsgi_issuer
METHODS = ("get", "head", "post", "put", "delete", "options", "patch", "trace")
FORM_ENDPOINTS = ("token", "revoke", "introspect")
ANY_FORM = {"token": "x", "grant_type": "client_credentials"}
TOO_LARGE = {"x": "x" * 20_000}
Exchange = tuple[str, dict[str, Any]]  # the method and path, and the parts of a case


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


def described_operations() -> dict[str, dict[str, Any]]:
    """Return the described operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in DESCRIPTION["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def enums_of(value: Any) -> Iterator[str]:
    """Yield the error codes in a part of the description."""
    if isinstance(value, dict):
        codes = value.get("properties", {}).get("error", {})
        yield from codes.get("enum", ())
        for each in value.values():
            yield from enums_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from enums_of(each)


def error_codes(base: type[OAuthError] = OAuthError) -> Iterator[str]:
    """Yield the error code of every error."""
    for each in base.__subclasses__():
        yield each.error
        yield from error_codes(each)


def test_it_is_openapi() -> None:
    """The document is valid OpenAPI 3.1, and a comma in flow style has not made a key without a value."""
    SCHEMA.validate()
    assert DESCRIPTION["openapi"].startswith("3.1.")

    def values(part: Any) -> Iterator[Any]:
        for each in part.values() if isinstance(part, dict) else part:
            yield each
            if isinstance(each, (dict, list)):
                yield from values(each)

    assert None not in list(values(DESCRIPTION))


def test_paths_and_methods_are_those_of_the_issuer(flow: UserFlow) -> None:
    """The description has exactly the endpoints of the issuer, with their methods."""
    factories: Mapping[str, EndpointFactory] = vars(app)["bootstrap"]().endpoints
    taken = {f"{method} {path}" for path, compose in factories.items() for method in compose().methods}
    assert described_operations().keys() == taken
    names = [operation["operationId"] for operation in described_operations().values()]
    assert len(set(names)) == len(names)


def test_error_codes_are_those_of_the_issuer() -> None:
    """The description has exactly the error codes of the issuer."""
    assert set(enums_of(DESCRIPTION)) == set(error_codes())


def test_grant_types_and_authentication_methods_are_those_of_the_metadata(flow: UserFlow) -> None:
    """R24, R53: grant types, authentication methods and enums of the description are those of the metadata."""
    metadata = flow.get(METADATA).json
    schemas = DESCRIPTION["components"]["schemas"]
    assert list(schemas["TokenRequest"]["discriminator"]["mapping"]) == [
        "client_credentials",
        "authorization_code",
        "refresh_token",
    ]
    grants = schemas["Metadata"]["properties"]["grant_types_supported"]["items"]["enum"]
    assert sorted(schemas["TokenRequest"]["discriminator"]["mapping"]) == grants == metadata["grant_types_supported"]
    operations = described_operations()
    for path, name in (("token", "token"), ("revoke", "revocation"), ("introspect", "introspection")):
        methods = operations[f"POST /oauth2/{path}"]["x-authentication-methods"]
        assert methods == metadata[f"{name}_endpoint_auth_methods_supported"]
    methods = schemas["Metadata"]["properties"]["token_endpoint_auth_methods_supported"]["items"]["enum"]
    assert methods == metadata["token_endpoint_auth_methods_supported"]


def parameters_of(part: Any) -> Iterator[str]:
    """Yield the names of the parameters of a query or a form."""
    if "$ref" in part:
        part = DESCRIPTION["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    yield from part.get("properties", ())
    for each in (*part.get("allOf", ()), *part.get("oneOf", ())):
        yield from parameters_of(each)


def test_the_examples_ask_for_what_is_described() -> None:
    """Each curl command of docs/issuer.md has a described operation and parameters; every path is among them."""
    page = (PATH.parent / "issuer.md").read_text("utf-8").replace("\\\n", " ")
    operations, seen = described_operations(), set()
    for command in re.findall(r"^curl .*$", page, re.MULTILINE):
        words = shlex.split(command)
        named = [words[at + 1].partition("=")[0] for at, word in enumerate(words) if word in ("-d", "--data-urlencode")]
        path = words[-1].removeprefix("$ISSUER")
        operation = operations[f"{'GET' if '-G' in words or not named else 'POST'} {path}"]
        known = {each["name"] for each in operation.get("parameters", ())}
        for media_type in operation.get("requestBody", {"content": {}})["content"].values():
            known |= set(parameters_of(media_type["schema"]))
        assert set(named) <= known, command
        seen.add(path)
    assert seen == DESCRIPTION["paths"].keys()


def test_every_described_parameter_is_tried_with_hostile_values() -> None:
    """R20: the tests of hostile input cover every described parameter; the client's own ones at the token endpoint."""
    tried: dict[str, set[str]] = {}
    for endpoint in ENDPOINTS.values():
        tried.setdefault(f"{endpoint.method} {endpoint.path}", set()).update(endpoint.rules)
    own = set(parameters_of(DESCRIPTION["components"]["schemas"]["ClientAuthentication"]))
    for label, operation in described_operations().items():
        form = operation.get("requestBody", {"content": {}})["content"]
        known = {each for media_type in form.values() for each in parameters_of(media_type["schema"])}
        known |= {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        # Interactions, and the form of the restart page, have tests of their own.
        known -= {INTERACTION_FIELD, RESTART_FIELD, TOKEN_FIELD}
        assert known <= tried.get(label, set()) | (set() if label.endswith("/token") else own), label


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=30, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_schemathesis_sends_is_answered_as_described(flow: UserFlow, case: Case[Any]) -> None:
    """R20, R21: good, bad and random requests for every rule of the description pass every check."""
    response = check_call(case, headers={} if "userinfo" in case.path else APP)
    if response.status_code == 401:
        assert "www-authenticate" in response.headers


def exchanges(flow: UserFlow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Yield a request for each described answer."""
    yield from to_what_is_away(flow)  # before anything was read
    yield from to_the_login(flow)
    yield from for_tokens(flow)
    yield from about_tokens(flow)
    yield from about_the_user(flow)
    yield from for_what_is_public()
    yield from with_a_coded_body()
    yield from to_what_is_not_set_up(monkeypatch)


def to_what_is_away(flow: UserFlow) -> Iterator[Exchange]:
    """Yield requests while a store is unavailable or damaged."""
    request = authorization_request()
    flow.clients.fault = flow.rings.fault = StoreUnavailable("away")
    yield "GET /oauth2/authorize", {"query": request}
    yield "POST /oauth2/authorize", {"body": request}
    for name in FORM_ENDPOINTS:
        yield f"POST /oauth2/{name}", {"body": ANY_FORM, "headers": APP}
    for method in ("GET", "POST"):
        yield f"{method} /oauth2/userinfo", {"headers": {"authorization": "Bearer x"}}
    for method in ("GET", "HEAD"):
        yield f"{method} /.well-known/jwks.json", {}
    flow.clients.fault = ItemDamaged("of another version")
    yield "GET /oauth2/authorize", {"query": request}
    flow.clients.fault = flow.rings.fault = None


def to_the_login(flow: UserFlow) -> Iterator[Exchange]:
    """Yield requests that a page answers, requests with a redirect, and some without a valid redirect URI."""
    request = authorization_request()
    yield "GET /oauth2/authorize", {"query": request}
    yield "POST /oauth2/authorize", {"body": request}
    cookie = f"{SESSION_COOKIE}={SESSION_VALUE}"
    yield "GET /oauth2/authorize", {"query": request, "headers": {"cookie": cookie}}
    interaction = interaction_of(flow.authorize(prompt="login"))
    yield "GET /oauth2/authorize", {"query": {"interaction": interaction}}
    yield "POST /oauth2/authorize", {"body": {"interaction": interaction, "begin_again": "1", "csrf_token": "x"}}
    yield "GET /oauth2/authorize", {"query": request | {"scope": "admin"}}
    yield "GET /oauth2/authorize", {"query": request | {"client_id": "nobody"}}
    yield "POST /oauth2/authorize", {"body": request | {"client_id": "nobody"}}
    yield "POST /oauth2/authorize", {"body": request | TOO_LARGE}


def for_tokens(flow: UserFlow) -> Iterator[Exchange]:
    """Yield a request of each grant type, a code twice, and one request over a client's rate to each endpoint."""
    code = {"grant_type": "authorization_code", "code": flow.get_code(), "redirect_uri": REDIRECT_URI}
    for _ in range(2):
        yield "POST /oauth2/token", {"body": code | {"code_verifier": VERIFIER}, "headers": APP}
    refresh = {"grant_type": "refresh_token", "refresh_token": flow.log_in()["refresh_token"]}
    yield "POST /oauth2/token", {"body": refresh, "headers": APP}
    flow.clients.add(make_client("counted", rate=1))
    client = {"client_id": "counted", "client_secret": SECRET}
    for _ in range(2):
        yield "POST /oauth2/revoke", {"body": client | {"token": "x"}}
        yield "POST /oauth2/introspect", {"body": client | {"token": "x"}}
        yield "POST /oauth2/token", {"body": client | {"grant_type": "client_credentials", "resource": AUDIENCE}}


def about_tokens(flow: UserFlow) -> Iterator[Exchange]:
    """Yield unauthenticated, too large and incomplete forms, and requests about live and unknown tokens."""
    for name in FORM_ENDPOINTS:
        yield f"POST /oauth2/{name}", {"body": ANY_FORM}
        yield f"POST /oauth2/{name}", {"body": TOO_LARGE, "headers": APP}
        yield f"POST /oauth2/{name}", {"body": {"x": "x"}, "headers": APP}
    tokens = flow.log_in()
    for token in (tokens["access_token"], flow.log_in()["refresh_token"], tokens["refresh_token"], "x"):
        yield "POST /oauth2/introspect", {"body": {"token": token}, "headers": APP}
        yield "POST /oauth2/revoke", {"body": {"token": token}, "headers": APP}


def about_the_user(flow: UserFlow) -> Iterator[Exchange]:
    """Yield userinfo requests with a valid token, one without openid, none, and two."""
    good, narrow = flow.log_in()["access_token"], flow.log_in(scope="orders:read")["access_token"]
    for method in ("GET", "POST"):
        for token in (good, narrow, "x"):
            yield f"{method} /oauth2/userinfo", {"headers": {"authorization": f"Bearer {token}"}}
    bearer = {"authorization": f"Bearer {good}"}
    yield "GET /oauth2/userinfo", {"query": {"access_token": good}, "headers": bearer}
    for form in ({"access_token": good}, {"other": "x"}, TOO_LARGE):
        yield "POST /oauth2/userinfo", {"body": form, "headers": bearer}
    yield "POST /oauth2/userinfo", {"body": {"access_token": good}}


def for_what_is_public() -> Iterator[Exchange]:
    """Yield requests for keys, some of them cached, and for the metadata."""
    for method in ("GET", "HEAD"):
        yield f"{method} /.well-known/jwks.json", {}
        yield f"{method} /.well-known/jwks.json", {"headers": {"if-none-match": "*"}}
        yield f"{method} /.well-known/openid-configuration", {}
        yield f"{method} {METADATA}", {}


def with_a_coded_body() -> Iterator[Exchange]:
    """Yield a compressed form for each operation that reads one."""
    for name in (*FORM_ENDPOINTS, "userinfo", "authorize"):
        yield f"POST /oauth2/{name}", {"body": ANY_FORM, "headers": APP | {"content-encoding": "gzip"}}


def to_what_is_not_set_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Yield a request to each operation of an issuer with wrong settings."""

    def fail() -> None:
        raise SettingsError("ISSUER is not set")

    monkeypatch.setattr(app, "bootstrap", fail)
    for label in described_operations():
        yield label, {}


def test_every_described_answer_is_given(flow: UserFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer gives exactly the described statuses of each operation, with the described body and headers."""
    seen = set()
    for label, parts in exchanges(flow, monkeypatch):
        method, path = label.split(" ")
        media_type = {"media_type": "application/x-www-form-urlencoded"} if "body" in parts else {}
        headers = parts.pop("headers", {})
        case = SCHEMA[path][method].Case(**(parts | media_type))
        response = case.call(headers=headers)
        case.validate_response(response, headers=headers, excluded_checks=[checks.not_a_server_error])
        seen.add((label, str(response.status_code)))
    described = {(label, status) for label, each in described_operations().items() for status in each["responses"]}
    assert seen == described
