"""MiniStack behind a guard: `python -P guarded_emulator.py` reads a `Run` as JSON from stdin and serves until SIGTERM.

MiniStack accepts `test`, an account id or a missing key as the account's root, from any Host and web page. Root runs
code on this machine. The guard is an ASGI application around MiniStack's own, in the same process. It passes requests
signed with the keys of this run or of a role, and a few public unsigned ones. All others get 403 (ADR 27).
This file imports no other module of the project, to keep its paths out of the environment of a handler.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator, lambda_runtime, sigv4  # type: ignore[import-untyped]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HEALTH = "/_ministack/health"
CALLBACK = "/_ministack/cfn-response/"
# The longest time for which AWS accepts a signature. MiniStack shortens it to five minutes for most services.
WINDOW = timedelta(minutes=15)
# MiniStack's name for the account's root. Only the guard writes it, after it has checked the signature.
_ROOT = b"test"
_DISCARDED = 1 << 20

# `/_aws/execute-api/<api>/<stage or path>`: without the second slash MiniStack routes the path to another service.
_DATA_PLANE = re.compile(r"/_aws/execute-api/[a-z0-9]+/")
_CONNECTIONS = "/@connections/"
_AWS_SCHEME = re.compile(r"\s*AWS[ 4]", re.IGNORECASE)
_FROM_A_PAGE = {"origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}
# Only one form is accepted: MiniStack reads the first Credential of a header, and other parsers the last one.
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,64})/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9_;-]+), ?Signature=([0-9a-f]{64})"
)

UNSIGNED = "sign the request with the keys in .local/stack.json: the emulator knows no default credentials"
_log = logging.getLogger("keyturn.guard")


@dataclass(frozen=True, slots=True)
class Run:
    """The root keys of this run, and the accepted Hosts of the emulator, in lower case with their ports."""

    access_key_id: str
    secret_access_key: str
    hosts: tuple[str, ...]


class Refused(Exception):
    """A request that does not reach MiniStack; the message is that of the response."""


class Guard:
    """An ASGI application that passes accepted requests to another one.

    `secret_of` returns the secret of a role's or user's key with its session token, or None. `awaited` says whether
    CloudFormation waits for the response with this token.
    """

    def __init__(
        self,
        application: Application,
        run: Run,
        secret_of: Callable[[str, str], str | None],
        awaited: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._application = application
        self._run = run
        self._secret_of = secret_of
        self._awaited = awaited
        self._now = now

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403; a WebSocket handshake is closed, which is 403 as well."""
        if scope["type"] == "lifespan":
            return await self._application(scope, receive, send)
        try:
            if not self._is_open(scope):
                signature, secret = self._signature_of(scope)
                body = await _read(receive)
                receive = _again(body, receive)
                _check_signature(scope, signature, secret, body)
                scope = self._as_ministack_knows_it(scope, signature)
        except Refused as refusal:
            _log.warning("refused: %s: %s", scope.get("method", "WebSocket"), refusal)
            return await _refuse(scope, receive, send, str(refusal))
        return await self._application(scope, receive, send)

    def _is_open(self, scope: Message) -> bool:
        """Return whether the request needs no signature; raises Refused for one that is refused even if signed."""
        path: str = scope["path"]
        # Another name is that of a page rebound to this address (DNS rebinding), or of a virtual host of MiniStack.
        if _single(scope, "host").lower() not in self._run.hosts:
            raise Refused("the Host is not one of this emulator")
        # MiniStack could act on a second credential beside the header.
        if any(name.lower().startswith("x-amz-") or name.lower() == "awsaccesskeyid" for name in _query(scope)):
            raise Refused("credentials in the query are not accepted: sign the Authorization header")
        is_api = _DATA_PLANE.match(path) and _CONNECTIONS not in path
        # An API is public, as on AWS. Browsers reach it through the front proxy, which forwards their headers.
        if is_api and not any(_AWS_SCHEME.match(value) for value in _values(scope, "authorization")):
            return True
        if scope["type"] != "http":
            raise Refused("a WebSocket handshake may only reach an API, without AWS credentials")
        if not is_api and any(name.decode("latin-1").lower() in _FROM_A_PAGE for name, _ in scope["headers"]):
            raise Refused("no web page may call the emulator")
        if path == HEALTH and scope["method"] in {"GET", "HEAD"}:
            return True
        if path.startswith(CALLBACK) and scope["method"] == "PUT" and self._awaited(path.removeprefix(CALLBACK)):
            return True
        if path.startswith("/_") and not _DATA_PLANE.match(path):
            raise Refused(f"the emulator's own paths are closed, except {HEALTH}")
        return False

    def _signature_of(self, scope: Message) -> tuple[Any, str]:
        """Return the parts of the signature, and the secret that it was made with if it is right; raises Refused."""
        authorizations = _values(scope, "authorization")
        match = _AUTHORIZATION.fullmatch(authorizations[0]) if len(authorizations) == 1 else None
        if match is None:
            raise Refused(UNSIGNED)
        signature = sigv4.HeaderSignature(*match.groups(), amz_date=self._time_of(scope, match[5].split(";")))
        secret = (
            self._run.secret_access_key
            if signature.access_key_id == self._run.access_key_id
            else self._secret_of(signature.access_key_id, _single(scope, "x-amz-security-token"))
        )
        if secret is None:
            raise Refused(UNSIGNED)
        return signature, secret

    def _as_ministack_knows_it(self, scope: Message, signature: Any) -> Message:
        if signature.access_key_id != self._run.access_key_id:
            return scope
        key = signature.access_key_id.encode()
        headers = [
            (name, value.replace(key, _ROOT, 1) if name.lower() == b"authorization" else value)
            for name, value in scope["headers"]
        ]
        return {**scope, "headers": headers}

    def _time_of(self, scope: Message, signed_headers: list[str]) -> str:
        amz_date = _single(scope, "x-amz-date")
        if not {"host", "x-amz-date"} <= set(signed_headers):
            raise Refused("a signature covers Host and X-Amz-Date")
        try:
            signed_at = datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused("X-Amz-Date is not a time") from None
        if abs(self._now() - signed_at) > WINDOW:
            raise Refused(f"X-Amz-Date is more than {WINDOW.seconds // 60} minutes away from this machine's time")
        return amz_date


def _check_signature(scope: Message, signature: Any, secret: str, body: bytes) -> None:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    # MiniStack trusts the given hash; the body must be the signed one.
    if headers.get("x-amz-content-sha256", digest := hashlib.sha256(body).hexdigest()) != digest:
        raise Refused("X-Amz-Content-SHA256 is not the body's")
    raw_path = scope["raw_path"].decode("latin-1")
    if sigv4.header_signature_failure(signature, secret, scope["method"], raw_path, _query(scope), headers, body):
        raise Refused("the signature does not match")


def _query(scope: Message) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _values(scope: Message, wanted: str) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.decode("latin-1").lower() == wanted]


def _single(scope: Message, name: str) -> str:
    values = _values(scope, name)
    if len(values) > 1:
        raise Refused(f"{name} occurs twice")
    return values[0] if values else ""


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused("the client closed the connection")
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _again(body: bytes, receive: Receive) -> Receive:
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


async def _refuse(scope: Message, receive: Receive, send: Send, text: str) -> None:
    if scope["type"] == "websocket":  # closed before it is accepted: the handshake's answer is 403
        await receive()
        return await send({"type": "websocket.close", "code": 1008})
    await _discard(receive)
    # An SDK shows the message of AWS's error shapes: JSON for the JSON protocols, XML for the others.
    if _values(scope, "x-amz-target") or any("json" in value for value in _values(scope, "content-type")):
        kind, body = b"application/json", json.dumps({"__type": "AccessDeniedException", "message": text})
    else:
        error = f"<Error><Code>AccessDenied</Code><Message>{escape(text)}</Message></Error>"
        kind, body = b"text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    return await send({"type": "http.response.body", "body": body.encode()})


async def _discard(receive: Receive) -> None:
    # A response before the body is read reaches many clients as a reset connection.
    read = 0
    while read < _DISCARDED:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def secret_of(access_key_id: str, session_token: str) -> str | None:
    """Return the secret of a role's or a user's key, as MiniStack knows it; None for any other key, root's included."""
    credential = iam_evaluator.resolve_credential(access_key_id, None, session_token)
    if isinstance(credential, iam_evaluator.CredentialResolutionError) or credential.principal_type == "Root":
        return None
    secret: str = credential.secret_access_key
    return secret


def awaited(token: str) -> bool:
    """Return whether CloudFormation handed out this token for a custom resource and still waits for its response."""
    custom_resource = sys.modules.get("ministack.services.cloudformation.custom_resource")
    return custom_resource is not None and token in custom_resource._pending


def salt_role_credentials(salt: str) -> None:
    """Make the temporary credentials of functions unguessable: MiniStack derives them from the two ARNs alone.

    It takes the role's name from the last segment of the ARN, and hashes the whole ARN: the salt precedes the name.
    """
    derive = lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        role = config.get("Role", "").rsplit("/", 1)[-1]
        credentials: dict[str, str] = derive({**config, "Role": f"{salt}/{role}"})
        return credentials

    lambda_runtime.execution_credentials = execution_credentials


def serve(run: Run) -> None:
    """Serve MiniStack on the port that its environment names, until SIGTERM."""
    salt_role_credentials(secrets.token_hex(32))
    # The path of this process alone: a handler does not inherit it.
    sys.path.append(str(Path(__file__).parent.parent))
    from local import emulated_sandboxes

    emulated_sandboxes.install()
    from ministack import app as ministack  # type: ignore[import-untyped]  # after the salt: it binds what it imports

    ministack.app = Guard(ministack.app, run, secret_of, awaited, lambda: datetime.now(UTC))
    # The modules stay: a full collection would read them all again, with every few hundred requests.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    ministack.main()


def main() -> None:
    """Read the run from stdin: a handler inherits the environment, and would find the keys there."""
    run = json.load(sys.stdin)
    serve(Run(run["access_key_id"], run["secret_access_key"], tuple(run["hosts"])))


if __name__ == "__main__":
    main()
