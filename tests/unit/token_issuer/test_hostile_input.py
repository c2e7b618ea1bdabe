"""Every kind of wrong value for every parameter of every endpoint: the error is the RFC's; the value stays secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit

import pytest

from keyturn.jose import TokenErrorReason
from tests.fakes.http_api_event import FORM, basic, http_api_event
from tests.fakes.issuer_harness import INTROSPECT, JWKS, METADATA, SECRET, TOKEN, Answer
from tests.fakes.issuer_requests import ENDPOINTS, PARAMETERS, Endpoint, Pairs, stored
from tests.fakes.log_lines import log_lines
from tests.fakes.user_flow import AUTHORIZE, REDIRECT_URI, USERINFO, UserFlow

VECTORS = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors")
MARK = "zQ7hostile"  # a mark that good requests, answers and log lines never contain
WRONGLY_ENCODED = [
    b"%",
    b"%z",
    b"%zz",
    b"%u0041",
    b"%ff",
    b"%c0%ae",
    b"%e0%80%af",
    b"%ed%a0%80",
    b"%f5%80%80%80",
    b"\xff",
]
WRONG = {
    "over-long": MARK.encode() * 1024,
    "NUL": MARK.encode() + b"%00",
    "end of line": MARK.encode() + b"%0d%0aset-cookie:%20x%3d1",
    "beyond ASCII": MARK.encode() + b"%e2%80%a8%f0%9f%92%a9",
    "mark-up": MARK.encode() + b"%3Cscript%3Ealert(1)%3C/script%3E",
    "padding": b"+" + MARK.encode() + b"+",
    "another language's parameter": b"[$ne]%3d" + MARK.encode(),
}
# A parameter that the issuer only carries is valid if it is printable: state and nonce as ASCII, and any hint.
CARRIED = {
    *((name, wrong) for name in ("state", "nonce", "login_hint") for wrong in list(WRONG)[-3:]),
}
REASONS = {None, *(reason.value for reason in TokenErrorReason)}
STATUSES = {"invalid_client": 401, "invalid_token": 401}


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


def check_refusal(answer: Answer, error: str) -> None:
    """Assert that the answer is this refusal in the endpoint's format, and that caches may not store it."""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status == 303:
        assert told(answer)["error"] == error
        return
    assert answer.status == STATUSES.get(error, 400), (answer.status, answer.body)
    if answer.headers["content-type"] == "application/json":
        assert answer.json["error"] == error
        assert answer.json.keys() == {"error", "error_description"}
        return
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (error, "location" in answer.headers) == ("invalid_request", False)


def told(answer: Answer) -> dict[str, str]:
    """Return the parameters of a redirect to the client."""
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}?")
    assert location.isascii()
    assert location.isprintable()
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


def is_success(answer: Answer) -> bool:
    """Return whether the request succeeded."""
    return answer.status == 200 or (answer.status == 303 and "code" in told(answer))


def with_value(pairs: Pairs, name: str, value: bytes) -> Pairs:
    """Return the parameters with another value for one of them."""
    return [each for each in pairs if each[0] != name.encode()] + [(name.encode(), value)]


@pytest.mark.parametrize(("label", "name"), PARAMETERS)
def test_missing_and_empty(flow: UserFlow, label: str, name: str) -> None:
    """R20, RFC 6749 §3.1 and §3.2: an empty parameter is an absent one, and is refused if it is required."""
    endpoint, error = ENDPOINTS[label], ENDPOINTS[label].rules[name].absent
    for empty in ([], [(name.encode(), b"")]):
        pairs = [each for each in endpoint.pairs(flow) if each[0] != name.encode()] + empty
        before = stored(flow)
        answer = endpoint.send(flow, pairs)
        if error is None:
            assert is_success(answer), answer
        else:
            check_refusal(answer, error)
            assert stored(flow) == before


@pytest.mark.parametrize(("label", "name"), PARAMETERS)
def test_repeated(flow: UserFlow, label: str, name: str) -> None:
    """R20: a repeated parameter is invalid_request, and a repeated resource invalid_target (RFC 8707 §2).

    The token endpoint refuses it before any read. The authorization endpoint reports it by a redirect once the client
    and its redirect URI are known (RFC 6749 §4.1.2.1).
    """
    endpoint = ENDPOINTS[label]
    pairs = endpoint.pairs(flow)
    good = dict(pairs).get(name.encode(), b"x")
    error = "invalid_target" if name == "resource" else "invalid_request"
    by_redirect = endpoint.path == AUTHORIZE and name not in ("client_id", "redirect_uri", "response_mode")
    before, reads = stored(flow), len(flow.clients.reads)
    for first, second in ((good, good), (good, b""), (b"", good), (good, MARK.encode()), (b"", b"")):
        twice = [*with_value(pairs, name, first), (name.encode(), second)]
        check_refusal(endpoint.send(flow, twice), error)
        # The same name with an escape.
        twice[-1] = (b"%%%02x" % ord(name[0]) + name[1:].encode(), second)
        answer = endpoint.send(flow, twice)
        check_refusal(answer, error)
        assert answer.status == (303 if by_redirect else 400)
    assert stored(flow) == before
    assert len(flow.clients.reads) == reads or endpoint.path == AUTHORIZE or name == "resource"


@pytest.mark.parametrize(("label", "name"), PARAMETERS)
def test_wrongly_encoded(flow: UserFlow, capsys: pytest.CaptureFixture[str], label: str, name: str) -> None:
    """R20: broken escapes and bytes outside UTF-8, in a value or a name, are invalid_request before any read."""
    endpoint = ENDPOINTS[label]
    pairs = endpoint.pairs(flow)
    before, reads = stored(flow), len(flow.clients.reads)
    capsys.readouterr()
    for wrong in WRONGLY_ENCODED:
        for hostile in (with_value(pairs, name, MARK.encode() + wrong), [*pairs, (MARK.encode() + wrong, b"x")]):
            answer = endpoint.send(flow, hostile)
            check_refusal(answer, "invalid_request")
            assert answer.status == 400
            assert MARK not in str(answer) + capsys.readouterr().out
    assert (stored(flow), len(flow.clients.reads)) == (before, reads)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("label", "name"), PARAMETERS)
def test_wrong_values(flow: UserFlow, capsys: pytest.CaptureFixture[str], label: str, name: str, wrong: str) -> None:
    """R20, R66: a wrong value is the RFC's error; the answer repeats the state alone, and the log a known client id."""
    endpoint, error = ENDPOINTS[label], ENDPOINTS[label].rules[name].wrong
    pairs = with_value(endpoint.pairs(flow), name, WRONG[wrong])
    before = stored(flow)
    capsys.readouterr()
    answer = endpoint.send(flow, pairs)
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        line.pop("claimed_client_id", None)
        assert MARK not in str(line)
    if (name, wrong) in CARRIED:
        assert is_success(answer)
        assert name != "state" or told(answer)["state"] == unquote_plus(WRONG[wrong].decode())
        return
    assert MARK not in str(answer)
    if error is not None:
        check_refusal(answer, error)
    if name == "token" or error is not None:
        assert stored(flow) == before
    if error is None:
        assert is_success(answer)


@pytest.mark.parametrize("state", ["a b", "%3Cscript%3E", "'\"><svg/onload=alert(1)>", "&code=x&error=y", "#fragment"])
def test_a_state_comes_back_as_it_was(flow: UserFlow, state: str) -> None:
    """RFC 6749 §4.1.2: a printable state comes back whole and escaped, so that it adds no parameter."""
    for changes in ({}, {"scope": "admin"}):
        query = told(flow.authorize(state=state, **changes))
        assert query["state"] == state
        assert ("code" in query) == (not changes)


@pytest.mark.parametrize("label", [label for label, endpoint in ENDPOINTS.items() if endpoint.method == "POST"])
@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data; boundary=x", "text/plain", f"{FORM},{FORM}", f"{FORM}\0"],
)
def test_wrong_content_type(flow: UserFlow, label: str, content_type: str) -> None:
    """R20: a good form with another content type is invalid_request, and its code or token stays unused."""
    endpoint = ENDPOINTS[label]
    pairs = endpoint.pairs(flow)
    before = stored(flow)
    wrong = endpoint._replace(headers={**endpoint.headers, "content-type": content_type})
    # A body of another content type has no token (RFC 6750 §2.2).
    check_refusal(wrong.send(flow, pairs), "invalid_token" if label == "userinfo" else "invalid_request")
    assert stored(flow) == before
    assert is_success(endpoint.send(flow, pairs))


@pytest.mark.parametrize("label", [label for label, endpoint in ENDPOINTS.items() if endpoint.method == "POST"])
@pytest.mark.parametrize("body", ["!", "a", "====", "Zm9v\n", "Zm9v Zm9v", "\ud800", "é", "_-_-", "/w=="])
def test_a_body_that_is_garbage(flow: UserFlow, label: str, body: str) -> None:
    """R20: invalid base64, and base64 of bytes outside any form, are invalid_request."""
    before = stored(flow)
    check_refusal(ENDPOINTS[label].send(flow, [], body=body), "invalid_request")
    check_refusal(ENDPOINTS[label].send(flow, [], body=f"token=\ud800{MARK}", isBase64Encoded=False), "invalid_request")
    assert stored(flow) == before


@pytest.mark.parametrize(
    "text", ["\ud800", "\udfff" * 3, "\0", "x\r\nx-injected: 1", MARK * 1000, "é", "\u2028", ",", " "]
)
def test_hostile_headers(flow: UserFlow, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """R21, R66: any header gets an expected answer; neither the answer nor the log repeats it."""
    capsys.readouterr()
    for path, method in ((TOKEN, "POST"), (INTROSPECT, "POST"), (USERINFO, "GET"), (JWKS, "GET"), (METADATA, "HEAD")):
        for name in ("authorization", "content-type", "origin", "if-none-match", "access-control-request-method"):
            for value in (text, f"Basic {text}", f"Bearer {text}"):
                answer = flow.send(http_api_event(method, path, headers={"content-type": FORM, name: value}, body=b""))
                assert answer.status in (200, 400, 401), (path, name, answer)
                assert "x-injected" not in str(answer)
                assert MARK not in str(answer) + capsys.readouterr().out
    assert flow.get(AUTHORIZE, query=f"state=\ud800{text}").status == 400


def naughty_strings() -> list[str]:
    """Return the Big List of Naughty Strings."""
    strings: list[str] = json.loads((VECTORS / "blns" / "blns.json").read_text("utf-8"))
    assert len(strings) > 500
    return strings


# The place for a naughty string, and the plain strings whose answers it may get.
PLACES = [
    ("authorize", "client_id", ["x", ""]),
    ("authorize", "redirect_uri", ["x", ""]),
    ("authorize", "scope", ["x", " ", ""]),
    ("authorize", "resource", ["x", ""]),
    ("authorize", "nonce", ["x", "é", ""]),
    ("authorize", "login_hint", ["x", "\n", ""]),
    ("authorize", "response_type", ["x", ""]),
    ("code", "code", ["x", ""]),
    ("code", "redirect_uri", ["x", ""]),
    ("code", "code_verifier", ["x", "w" * 43, ""]),
    ("code", "grant_type", ["x", ""]),
    ("refresh", "refresh_token", ["x", ""]),
    ("refresh", "scope", ["x", " "]),
    ("refresh", "resource", ["x"]),
    ("client_secret_post", "client_id", ["x", ""]),
    ("client_secret_post", "client_secret", ["x", ""]),
    ("private_key_jwt", "client_assertion", ["x", "x.x.x", ""]),
    ("private_key_jwt", "client_assertion_type", ["x", ""]),
    ("revoke", "token", ["x", "x.x.x", ""]),
    ("introspect", "token", ["x", "x.x.x", ""]),
    ("userinfo", "access_token", ["x", "x.x.x", ""]),
]


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
@pytest.mark.parametrize(("label", "name", "plain"), PLACES)
def test_naughty_strings(
    flow: UserFlow, capsys: pytest.CaptureFixture[str], label: str, name: str, plain: list[str]
) -> None:
    """R20, R66: each naughty string gets the answer and log line of a plain wrong value, and causes no write."""
    endpoint, rule = ENDPOINTS[label], ENDPOINTS[label].rules[name]
    pairs = endpoint.pairs(flow)
    if label == "authorize":  # so that a good request writes nothing either
        pairs = with_value(pairs, "prompt", b"none")
        flow.sign_out()
    before = stored(flow)
    capsys.readouterr()

    def outcome(value: str) -> tuple[Answer, str]:
        encoded = quote_plus(value.encode("utf-8", "surrogatepass")).encode()
        answer = endpoint.send(flow, with_value(pairs, name, encoded))
        [line] = log_lines(capsys.readouterr().out)
        assert line.pop("claimed_client_id", value[:64]) in (value[:64], "app", "web")
        assert line.pop("reason", None) in REASONS
        if "client assertion: " in line.get("detail", ""):
            assert line.pop("detail").removeprefix("client assertion: ") in REASONS
        return answer._replace(cookies=()), json.dumps(line)  # the form token of a page is random

    usual = [outcome(value) for value in plain]
    assert stored(flow) == before
    for naughty in naughty_strings():
        if naughty or rule.absent is not None:
            assert outcome(naughty) in usual, naughty
    assert stored(flow) == before


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
@pytest.mark.parametrize("label", ["authorize", "authorize by form"])
def test_naughty_states(flow: UserFlow, label: str) -> None:
    """RFC 6749 appendix A.5: a printable ASCII state comes back; another one is refused and not repeated."""
    endpoint: Endpoint = ENDPOINTS[label]
    pairs = with_value(endpoint.pairs(flow), "scope", b"admin")
    returned = 0
    for naughty in naughty_strings():
        answer = endpoint.send(flow, with_value(pairs, "state", quote_plus(naughty).encode()))
        query = told(answer)
        prints = naughty.isascii() and naughty.isprintable()
        assert query["error"] == ("invalid_scope" if prints else "invalid_request"), naughty
        assert query.get("state", "") == (naughty if prints else ""), naughty
        assert query.keys() <= {"error", "error_description", "state", "iss"}
        returned += prints and bool(naughty)
    assert returned > 100
    assert flow.grants.stored == {}


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
def test_naughty_credentials_in_a_header(flow: UserFlow, capsys: pytest.CaptureFixture[str]) -> None:
    """R21, RFC 6750 §3.1: each naughty string in a header is a wrong credential with the same answer."""
    token, secret = set(), set()
    before = stored(flow)
    for naughty in naughty_strings():
        token.add(flow.get(USERINFO, authorization=f"Bearer {naughty}").body)
        for header in (basic("app", naughty), {"authorization": f"Basic {naughty}"}):
            event = http_api_event("POST", TOKEN, headers={"content-type": FORM, **header}, body=b"grant_type=x")
            answer = flow.send(event)
            secret.add((answer.status, answer.body))
    assert (len(token), len(secret)) == (2, 1)
    assert stored(flow) == before
    assert SECRET not in capsys.readouterr().out
