"""Documents that are missing, wrong, huge or slow: requests wait for a bounded time, and known keys stay."""

from __future__ import annotations

import json
import pickle
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.verifier import JwksUnavailable, JwksVerifier, TokenError, jwks_verifier
from keyturn.verifier.bounded_http import BoundedHttp, Deadline
from tests.fakes.certificates import write_chain
from tests.fakes.jwks_site import JWKS, METADATA, JwksSite, answer
from tests.fakes.token_factory import AUDIENCE, jwks, make_token, signing_key
from tests.fakes.two_clocks import TwoClocks

MARK = "INJECTED"
Outage = Callable[[BaseHTTPRequestHandler], None]


def body(value: Any, **headers: str) -> Outage:
    """Return an outage that answers 200 with a text, or with a value as JSON."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {name.replace("_", "-"): each for name, each in headers.items()}
    return lambda handler: answer(handler, 200, text, named)


def status(code: int, **headers: str) -> Outage:
    """Return an outage that answers with a status and the good keys."""
    return lambda handler: answer(handler, code, json.dumps(jwks(signing_key())).encode(), headers)


def send(*parts: bytes, times: int = 1) -> Outage:
    """Return an outage that writes raw bytes, the last part many times."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        try:
            for part in (*parts[:-1], *[parts[-1]] * times):
                handler.wfile.write(part)
        except OSError:
            pass  # the verifier has hung up: it reads no gigabyte

    return write


GOOD = signing_key().jwk
JWKS_FAULTS: dict[str, Outage] = {
    "500": status(500),
    "503": status(503),
    "404": status(404),
    "204": status(204),
    "a redirect": status(302, Location="/elsewhere"),
    "a permanent redirect": status(308, Location=JWKS),
    "HTML": body(b"<html>" + MARK.encode()),
    "an empty body": body(b""),
    "no member keys": body({}),
    "keys that are no list": body({"keys": {MARK: MARK}}),
    "no keys": body({"keys": []}),
    "101 keys": body({"keys": [GOOD | {"kid": f"k{number}"} for number in range(101)]}),
    "one kid twice": body({"keys": [GOOD, GOOD]}),
    "a private key": body({"keys": [{"kty": "oct", "kid": "a", "k": MARK, "alg": "HS256"}]}),
    "a weak key beside a good one": body(
        {"keys": [GOOD, {"kty": "RSA", "kid": "w", "alg": "RS256", "n": "AQAB", "e": "AQAB"}]}
    ),
    "a member twice": body(b'{"keys":[],"keys":[]}'),
    "not UTF-8": body(b'{"keys":["\xff"]}'),
    "deep nesting": body(b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "half an answer": body(b'{"keys":', Content_Length="5000"),
    "a length that is no number": body(b"{", Content_Length="many"),
    "compressed": body(b"\x1f\x8b\x08" + bytes(20), Content_Encoding="gzip"),
    "a large document": body(json.dumps(jwks(signing_key())).encode() + b" " * 262_144),
    "a gigabyte": send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", bytes(1_000_000), times=1000),
    "a gigabyte in chunks": send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"F4240\r\n" + bytes(1_000_000) + b"\r\n", times=1000
    ),
    "headers without end": send(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", times=5000),
    "a line without end": send(b"HTTP/1.1 200 OK\r\nX-A: ", bytes(1_000_000), times=100),
    "another protocol": send(b"220 smtp.example ESMTP\r\n"),
    "nothing": send(b""),
}
METADATA_FAULTS: dict[str, Callable[[JwksSite], Outage]] = {
    "another issuer": lambda site: body(site.metadata | {"issuer": "https://evil.example"}),
    "the issuer with a slash": lambda site: body(site.metadata | {"issuer": site.origin + "/"}),
    "no issuer": lambda site: body({"jwks_uri": site.origin + JWKS}),
    "no jwks_uri": lambda site: body({"issuer": site.origin}),
    "jwks_uri is a number": lambda site: body(site.metadata | {"jwks_uri": 5}),
    "keys elsewhere": lambda site: body(site.metadata | {"jwks_uri": "https://evil.example/jwks.json"}),
    "keys at a longer host": lambda site: body(site.metadata | {"jwks_uri": site.origin + ".evil.example/jwks.json"}),
    "keys of a user": lambda site: body(site.metadata | {"jwks_uri": site.origin + "@evil.example/jwks.json"}),
    "keys in a file": lambda site: body(site.metadata | {"jwks_uri": "file:///etc/passwd"}),
    "a line break": lambda site: body(site.metadata | {"jwks_uri": site.origin + "/jwks\r\nX: y"}),
    "a list": lambda site: body([site.metadata]),
    "a redirect": lambda site: status(301, Location=site.origin + METADATA),
}


def check_outage(site: JwksSite, clocks: TwoClocks, **changes: Any) -> JwksUnavailable:
    """Assert that known keys decide until their end, then none does, and that the end of the outage ends all."""
    verifier = JwksVerifier(site.origin, AUDIENCE, clock=clocks, **changes)
    outage, site.outage = site.outage, None
    assert verifier.verify(site.token(signing_key()))
    site.outage = outage
    clocks.wait(299)
    assert verifier.verify(site.token(signing_key(), at=clocks.wall))
    clocks.wait(11)
    raw = site.token(signing_key(), at=clocks.wall)
    with pytest.raises(JwksUnavailable) as error:
        verifier.verify(raw)
    before = len(site.seen)
    with pytest.raises(JwksUnavailable):
        verifier.verify(raw)
    assert len(site.seen) == before
    site.outage = None
    clocks.wait(10)
    assert verifier.verify(raw)
    return error.value


@pytest.mark.parametrize("fault", JWKS_FAULTS)
def test_a_key_set_that_cannot_be_used(site: JwksSite, clocks: TwoClocks, fault: str) -> None:
    """A6: known keys outlast an outage of the key set, and its error repeats nothing of the answer."""
    site.outage, site.faulty = JWKS_FAULTS[fault], {JWKS}
    error = check_outage(site, clocks)
    assert MARK not in str(error)
    assert f"type `curl -i {site.origin}{METADATA}`" in str(error)
    assert "/elsewhere" not in {each.path for each in site.seen}
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("fault", METADATA_FAULTS)
def test_metadata_that_cannot_be_used(site: JwksSite, clocks: TwoClocks, fault: str) -> None:
    """RFC 8414 §3.3: metadata of another issuer, or with keys elsewhere, is an outage, and nothing else is asked."""
    site.outage, site.faulty = METADATA_FAULTS[fault](site), {METADATA}
    error = check_outage(site, clocks)
    assert "evil" not in str(error)
    assert site.reads() == 2


def test_the_type_of_a_document_is_not_read(site: JwksSite, clocks: TwoClocks) -> None:
    """A server may state any type: the strict JSON of the body decides."""
    site.headers["Content-Type"] = "text/html; charset=\xff"
    assert JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))


def test_a_hundred_keys_are_accepted(site: JwksSite, clocks: TwoClocks) -> None:
    """The bound on keys is far above the keys of a stack."""
    site.keys = {"keys": [GOOD, *(GOOD | {"kid": f"k{number}"} for number in range(99))]}
    assert JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))


def test_stale_keys_decide_for_as_long_as_the_service_allows(site: JwksSite, clocks: TwoClocks) -> None:
    """RFC 5861 §4: `stale_seconds` prolongs the use of keys in an outage, to the second and no longer."""
    verifier = JwksVerifier(site.origin, AUDIENCE, clock=clocks, stale_seconds=600)
    raw = site.token(signing_key(), exp=int(clocks.wall) + 3000)
    assert verifier.verify(raw)
    site.outage = status(503)
    for _ in range(59):
        clocks.wait(15)
        assert verifier.verify(raw)
    clocks.wait(14.9)
    assert verifier.verify(raw)
    clocks.wait(0.1)
    with pytest.raises(JwksUnavailable):
        verifier.verify(raw)
    site.outage = None
    clocks.wait(10)
    assert verifier.verify(raw)


def test_stale_keys_decide_without_a_wait(site: JwksSite, clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5861 §4: after an error stale keys decide at once, and a read that hangs holds up no request."""
    verifier = JwksVerifier(site.origin, AUDIENCE, clock=clocks, stale_seconds=600)
    raw = site.token(signing_key(), exp=int(clocks.wall) + 3000)
    assert verifier.verify(raw)
    site.outage = status(503)
    clocks.wait(300)
    assert verifier.verify(raw)
    site.outage = site.hang
    clocks.wait(10)
    monkeypatch.setattr(jwks_verifier, "wait", lambda *_: pytest.fail("a request waits"))
    for _ in range(3):
        assert verifier.verify(raw)


def test_a_server_that_is_gone_is_an_outage(site: JwksSite, clocks: TwoClocks) -> None:
    """A refused connection is a fault with a sentence, and not an error of the socket."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(JwksUnavailable, match="refused"):
        JwksVerifier(origin, AUDIENCE, clock=clocks).verify(make_token())


def drip(site: JwksSite) -> Outage:
    """Return an outage that sends one byte of an answer at a time, for longer than the time-out."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            for _ in range(100):
                site.released.wait(0.05)
                handler.wfile.write(b" ")
        except OSError:
            pass  # the verifier has hung up

    return write


@pytest.mark.parametrize("kind", ["hangs", "drips"])
def test_a_slow_server_holds_a_request_for_the_time_out_alone(site: JwksSite, clocks: TwoClocks, kind: str) -> None:
    """The time-out is for the whole read: neither silence nor a byte now and then prolongs it."""
    site.outage = drip(site) if kind == "drips" else site.hang
    site.faulty = {JWKS}
    verifier = JwksVerifier(site.origin, AUDIENCE, clock=clocks, timeout_seconds=1)
    with pytest.raises(JwksUnavailable, match="no complete response"):
        verifier.verify(site.token(signing_key()))


def test_the_thread_of_a_read_ends_in_time_too(site: JwksSite) -> None:
    """A byte now and then does not prolong the read itself, which holds up the next one."""
    site.outage = drip(site)
    with pytest.raises(TimeoutError):
        BoundedHttp().request(site.origin + JWKS, Deadline(0.3))


def test_a_name_server_that_hangs_holds_a_request_for_the_time_out_alone(
    clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DNS has no time-out of its own in Python: the request stops waiting, and one thread is left behind."""
    released, asked = threading.Event(), []

    def resolve(*arguments: Any, **_: Any) -> Any:
        asked.append(arguments)
        released.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, MARK)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    verifier = JwksVerifier("https://auth.example.com", AUDIENCE, clock=clocks, timeout_seconds=3)
    raw = make_token(claims={"iss": "https://auth.example.com"})
    with pytest.raises(JwksUnavailable, match="no complete response"):
        verifier.verify(raw)
    clocks.wait(60)
    released.set()
    with pytest.raises(JwksUnavailable, match="cannot be resolved") as error:
        verifier.verify(raw)
    assert MARK not in str(error.value)
    assert len(asked) <= 2


@pytest.mark.parametrize("addresses", [["192.0.2.1"], []])
def test_plain_http_never_leaves_the_machine(
    clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """A6: a name server that gives `localhost` another address gets no request."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(JwksUnavailable, match=r"loopback addresses alone|no address"):
        JwksVerifier("http://localhost", AUDIENCE, clock=clocks).verify(make_token())


@pytest.fixture
def tls(site: JwksSite, tmp_path: Path) -> JwksSite:
    """Return a site for the name `localhost`, with a certificate of an authority that the machine does not know."""
    site.use_tls(write_chain(tmp_path, "localhost", int(wall_seconds())))
    return site


def test_a_certificate_of_an_unknown_authority_is_refused(tls: JwksSite, clocks: TwoClocks) -> None:
    """A6: the trust store of the machine decides, and an unknown server gets no request."""
    with pytest.raises(JwksUnavailable, match="certificate is not trusted"):
        JwksVerifier(tls.origin, AUDIENCE, clock=clocks).verify(tls.token(signing_key()))
    assert tls.seen == []


def test_a_certificate_for_another_name_is_refused(
    tls: JwksSite, clocks: TwoClocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: a trusted authority does not make the certificate of another host good."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    origin = tls.origin.replace("localhost", "127.0.0.1")
    with pytest.raises(JwksUnavailable, match="certificate is not trusted"):
        JwksVerifier(origin, AUDIENCE, clock=clocks).verify(tls.token(signing_key(), iss=origin))


def test_a_trusted_certificate_is_accepted(
    tls: JwksSite, clocks: TwoClocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private authority is added by the trust store, here by SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    verifier = JwksVerifier(tls.origin, AUDIENCE, clock=clocks)
    assert verifier.verify(tls.token(signing_key())).issuer == tls.origin
    with pytest.raises(TokenError):
        verifier.verify(tls.token(signing_key(name="new")))
