"""Forms are parsed strictly (R20)."""

from __future__ import annotations

import gzip

import pytest

from keyturn.web.form import MAX_BODY_BYTES
from tests.fakes.http_api_event import FORM, basic, form_event, http_api_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer, IssuerHarness
from tests.fakes.user_flow import AUTHORIZE, USERINFO

GOOD = b"grant_type=client_credentials"


def post(issuer: IssuerHarness, body: bytes, content_type: str = FORM) -> Answer:
    """Return the answer to a body from the test client."""
    headers = {"content-type": content_type} | basic("web", SECRET)
    return issuer.send(form_event(TOKEN, body, headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD + b"&",
        b"&&" + GOOD,
        GOOD + b"&scope=",
        GOOD + b"&scope",
        GOOD + b"&unknown=1",
        b"%67rant_type=client%5Fcredentials&scope=orders%3Aread+orders:write",
    ],
)
def test_good_forms(issuer: IssuerHarness, body: bytes) -> None:
    """Unknown parameters are ignored, empty ones are absent, escapes and plus signs are decoded (R20)."""
    assert post(issuer, body).status == 200


@pytest.mark.parametrize(
    "body",
    [
        GOOD + b"&grant_type=client_credentials",
        GOOD + b"&grant_type=",
        GOOD + b"&%67rant_type=other",
        GOOD + b"&unknown=1&unknown=2",
        GOOD + b"&scope=%",
        GOOD + b"&scope=%4",
        GOOD + b"&scope=%zz",
        GOOD + b"&scope=%ff",
        GOOD + b"&scope=%ed%a0%80",
        GOOD + b"&scope=\xff",
        b"",
        b'{"grant_type":"client_credentials"}',
        b"\x00\xff\xfe",
    ],
)
def test_bad_forms(issuer: IssuerHarness, body: bytes) -> None:
    """A repeated parameter, a broken escape, bytes outside UTF-8 and a missing form are invalid_request (R20)."""
    answer = post(issuer, body)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert issuer.signer.asked == []


def test_several_resources_are_a_target_that_no_token_is_for(issuer: IssuerHarness) -> None:
    """RFC 8707 §2: a client may name several resources; invalid_target says that a token is for one resource."""
    answer = post(issuer, GOOD + b"&resource=https://a.example&resource=https://b.example")
    assert (answer.status, answer.json["error"]) == (400, "invalid_target")


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_where_no_resource_is_named_two_are_a_repetition(issuer: IssuerHarness, path: str) -> None:
    """R20, RFC 8707 §2: other endpoints have no resource parameter, and a repeated one there is invalid_request."""
    event = form_event(path, b"token=x&resource=a&resource=b", headers=basic("web", SECRET))
    answer = issuer.send(event)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded; charset=UTF-8", FORM.upper()])
def test_content_type_may_have_a_charset(issuer: IssuerHarness, content_type: str) -> None:
    """A media type is compared without its parameters and in any case (RFC 9110 §8.3.1)."""
    assert post(issuer, GOOD, content_type).status == 200


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", FORM + "x", f"{FORM},{FORM}", f"text/plain; {FORM}"]
)
def test_other_content_types(issuer: IssuerHarness, content_type: str) -> None:
    """A body with the content type of another format is invalid_request (R20)."""
    answer = post(issuer, GOOD, content_type)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_missing_content_type_and_body(issuer: IssuerHarness) -> None:
    """A POST without a body and content type is invalid_request (R20)."""
    answer = issuer.send(http_api_event("POST", TOKEN))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_body_that_is_not_base64(issuer: IssuerHarness) -> None:
    """A body that cannot be decoded is invalid_request."""
    event = form_event(TOKEN, GOOD, headers=basic("web", SECRET))
    answer = issuer.send(event | {"body": "!" + event["body"]})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_plain_body(issuer: IssuerHarness) -> None:
    """A body that arrives as text is read in the same way."""
    event = form_event(TOKEN, GOOD, headers=basic("web", SECRET))
    assert issuer.send(event | {"body": GOOD.decode(), "isBase64Encoded": False}).status == 200


def test_largest_body(issuer: IssuerHarness) -> None:
    """A body of exactly 16 KiB is read."""
    assert post(issuer, GOOD + b"&x=" + b"a" * (MAX_BODY_BYTES - len(GOOD) - 3)).status == 200


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 20 * 1024, 7 * 1024 * 1024])
@pytest.mark.parametrize("in_base64", [True, False])
def test_too_large_body(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch, size: int, in_base64: bool) -> None:
    """A larger body is 413 in the RFC's format, before any read of a client."""
    body = (GOOD + b"&x=").ljust(size, b"a")
    event = form_event(TOKEN, body, headers=basic("web", SECRET))
    if not in_base64:
        event |= {"body": body.decode(), "isBase64Encoded": False}
    answer = issuer.send(event)
    assert (answer.status, answer.json["error"]) == (413, "invalid_request")
    assert issuer.clients.reads == []


def test_large_body_is_not_decoded(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body whose encoded length exceeds the limit is refused before decoding."""
    event = form_event(TOKEN, b"a" * 20 * 1024)
    monkeypatch.setattr("keyturn.web.form.base64.b64decode", pytest.fail)
    assert issuer.send(event).status == 413


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "identity, gzip", "gzip,gzip"])
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_a_coded_body(issuer: IssuerHarness, coding: str, path: str) -> None:
    """A compressed body is 415, and the answer names the accepted coding (RFC 9110 §15.5.16, §12.5.3)."""
    headers = basic("web", SECRET) | {"content-encoding": coding}
    answer = issuer.send(form_event(path, gzip.compress(GOOD), headers=headers))
    assert (answer.status, answer.json["error"]) == (415, "invalid_request")
    assert answer.headers["accept-encoding"] == "identity"
    assert issuer.clients.reads == []


@pytest.mark.parametrize("coding", ["identity", "Identity", "", " "])
def test_a_body_without_a_coding(issuer: IssuerHarness, coding: str) -> None:
    """The coding "identity" is no coding (RFC 9110 §12.5.3)."""
    headers = basic("web", SECRET) | {"content-encoding": coding}
    assert issuer.send(form_event(TOKEN, GOOD, headers=headers)).status == 200


@pytest.mark.parametrize(("path", "method"), [(AUTHORIZE, "POST"), (USERINFO, "POST")])
def test_a_coded_body_of_a_user_endpoint(issuer: IssuerHarness, path: str, method: str) -> None:
    """The authorization endpoint and userinfo refuse a coded form too."""
    event = http_api_event(method, path, headers={"content-type": FORM, "content-encoding": "gzip"}, body=b"x")
    assert issuer.send(event).status == 415
