"""Routing: paths and methods, and the errors for all others."""

from __future__ import annotations

import pytest

from tests.fakes.http_api_event import basic, http_api_event
from tests.fakes.issuer_harness import (
    INTROSPECT,
    JWKS,
    METADATA,
    OPENID_METADATA,
    REVOKE,
    SECRET,
    TOKEN,
    IssuerHarness,
)

FORMS = [TOKEN, REVOKE, INTROSPECT]
DOCUMENTS = [JWKS, METADATA, OPENID_METADATA]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "PATCH"])
def test_forms_take_post_only(issuer: IssuerHarness, path: str, method: str) -> None:
    """Another method on a form endpoint is 405 with Allow, in the RFC's format and uncached (R20)."""
    answer = issuer.send(http_api_event(method, path, headers=basic("web", SECRET)))
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.headers["cache-control"] == "no-store"
    if method != "HEAD":
        assert answer.json["error"] == "invalid_request"
    assert issuer.clients.reads == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_take_get_only(issuer: IssuerHarness, path: str) -> None:
    """A POST to a document is 405."""
    answer = issuer.send(http_api_event("POST", path))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "", "/oauth2", "/oauth2/token/", "/OAUTH2/token", "//oauth2/token", "/x" * 500])
def test_unknown_path(issuer: IssuerHarness, path: str) -> None:
    """An unknown path is 404 in the RFC's format."""
    answer = issuer.get(path)
    assert (answer.status, answer.json["error"]) == (404, "invalid_request")


def test_parameters_of_the_query_are_not_read(issuer: IssuerHarness) -> None:
    """Credentials and parameters in the query are ignored: logs would contain them (RFC 6749 §2.3.1)."""
    query = {"grant_type": "client_credentials", "client_id": "web", "client_secret": SECRET}
    statuses = []
    for body in (b"", b"grant_type=client_credentials"):
        event = http_api_event("POST", TOKEN, headers={"content-type": "application/x-www-form-urlencoded"}, body=body)
        event |= {"queryStringParameters": query, "rawQueryString": "&".join(f"{k}={v}" for k, v in query.items())}
        statuses.append(issuer.send(event).status)
    assert statuses == [400, 401]


def test_method_override_is_ignored(issuer: IssuerHarness) -> None:
    """A header does not change the method (R58)."""
    answer = issuer.send(http_api_event("GET", TOKEN, headers={"x-http-method-override": "POST"}))
    assert answer.status == 405


def test_named_stage(issuer: IssuerHarness) -> None:
    """A stage name before the path is ignored."""
    assert issuer.send(http_api_event("GET", JWKS, stage="prod")).status == 200


def test_header_names_have_no_case(issuer: IssuerHarness) -> None:
    """Header names are case-insensitive."""
    event = http_api_event(
        "POST",
        TOKEN,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": basic("web", SECRET)["authorization"],
        },
        body=b"grant_type=client_credentials",
    )
    assert issuer.send(event).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", [*FORMS, *DOCUMENTS, "/nowhere"])
def test_security_headers(issuer: IssuerHarness, path: str, method: str) -> None:
    """Every answer has the security headers."""
    headers = issuer.send(http_api_event(method, path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
