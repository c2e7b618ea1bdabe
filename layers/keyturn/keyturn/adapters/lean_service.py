"""AWS's JSON protocol over one kept connection, without boto3, which would be most of a cold start."""

from __future__ import annotations

import json
import time

from keyturn.adapters.lean_http import LeanConnection
from keyturn.adapters.sigv4 import Credentials, sign
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled
from keyturn.domain.issuer_url import check_issuer_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from keyturn.adapters.lean_http import Answer

# Two attempts of at most half a second each for connecting and for the answer leave time for a second read within the
# authorizer's three seconds (R61).
TIMEOUT_SECONDS = 0.5
ATTEMPTS = 2

_THROTTLED = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)

_MACHINE = "http://host.docker.internal:"  # as `sam local` is given it: no network lies between


def service_origin(environ: Mapping[str, str], service: str, variable: str) -> str:
    """Return where a service is: what `variable` or AWS_ENDPOINT_URL says, else the Region's endpoint.

    Plain http is for loopback hosts alone, by the rule that issuers obey, and from a container for the machine that it
    runs on. Raises ValueError that names the variable.
    """
    for name in (variable, "AWS_ENDPOINT_URL"):
        origin = environ.get(name, "").removesuffix("/")
        if origin.startswith(_MACHINE) and origin.removeprefix(_MACHINE).isdecimal():
            return origin
        if origin:
            try:
                return check_issuer_url(origin)
            except ValueError:
                hosts = "localhost, 127.0.0.1 and host.docker.internal"
                raise ValueError(f"{name} is https://host[:port], or http:// for {hosts} alone") from None
    region = environ["AWS_REGION"]
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def open_connection(origin: str) -> LeanConnection:
    """Return a connection to the origin that opens itself at the first request; TLS checks certificate and host."""
    return LeanConnection(origin, TIMEOUT_SECONDS)


class LeanService:
    """A client for a service's read operations, which may be sent twice without harm.

    A subclass says which service: its `title` in errors, its `name` in signatures, its `target`, and its version of
    the JSON protocol. `environ` holds the credentials, read at each call since Lambda may renew them; `now` returns
    seconds since the epoch. Nothing here logs, and no error repeats a header.
    """

    title: str
    name: str
    target: str
    json_version: str

    def __init__(
        self,
        origin: str,
        environ: Mapping[str, str],
        now: Callable[[], float],
        connect: Callable[[str], LeanConnection] = open_connection,
    ) -> None:
        """Take what is needed; nothing is opened yet."""
        self._origin = origin
        self._environ = environ
        self._now = now
        self._connect = connect
        self._connection: LeanConnection | None = None
        self.answered_at: str | None = None  # the Date of the last answer, as sent

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the operation's answer; raises AccessDenied, Throttled, StoreUnavailable."""
        body = json.dumps(request, separators=(",", ":")).encode()
        left = ATTEMPTS
        while True:
            left -= 1
            try:
                return self._attempt(operation, body)
            except StoreUnavailable:
                if not left:
                    raise

    def _attempt(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            answer = self._exchange(body, self._headers(operation, body))
        except OSError as error:
            self._close()
            raise StoreUnavailable(f"{self.title} {operation}: {type(error).__name__}") from None
        self.answered_at = answer.date
        return _read_answer(f"{self.title} {operation}", answer.status, answer.body)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Answer:
        if self._connection is not None:
            try:
                return self._connection.post(body, headers)
            except ConnectionError:
                # The other side closes kept connections when it likes, and most of all while a sandbox is frozen: that
                # is no failed attempt.
                self._close()
        self._connection = self._connect(self._origin)
        return self._connection.post(body, headers)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "Host": self._origin.partition("://")[2],
            "Content-Type": f"application/x-amz-json-{self.json_version}",
            "X-Amz-Target": f"{self.target}.{operation}",
        }
        amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        return sign(
            headers,
            body,
            service=self.name,
            region=self._environ["AWS_REGION"],
            amz_date=amz_date,
            credentials=self._credentials(),
        )

    def _credentials(self) -> Credentials:
        try:
            return Credentials(
                self._environ["AWS_ACCESS_KEY_ID"],
                self._environ["AWS_SECRET_ACCESS_KEY"],
                self._environ.get("AWS_SESSION_TOKEN"),
            )
        except KeyError as missing:
            raise AccessDenied(f"{missing.args[0]} is not in the environment") from None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read_answer(call: str, status: int, payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise StoreUnavailable(f"{call}: status {status}, and no JSON object")
    if status == 200:
        return answer
    # AWS qualifies the type with a namespace, emulators may not.
    kind = str(answer.get("__type", "")).rpartition("#")[2]
    what = f"{call}: status {status} {kind}"
    if kind in _THROTTLED:
        raise Throttled(what)
    if kind in _DENIED:
        raise AccessDenied(what)
    raise StoreUnavailable(what)
