"""DynamoDB's JSON protocol over one kept connection, by the standard library: boto3 would cost most of a cold start."""

from __future__ import annotations

import calendar
import http.client
import json
import ssl
import time

from keyturn.adapters.sigv4 import Credentials, sign
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled
from keyturn.domain.issuer_url import check_issuer_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

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

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MACHINE = "http://host.docker.internal:"  # as `sam local` is given it: no network lies between


def dynamodb_origin(environ: Mapping[str, str]) -> str:
    """Return where DynamoDB is: what AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL says, else the Region's endpoint.

    Plain http is for loopback hosts alone, by the rule that issuers obey, and from a container for the machine that it
    runs on. Raises ValueError that names the variable.
    """
    for variable in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"):
        origin = environ.get(variable, "").removesuffix("/")
        if origin.startswith(_MACHINE) and origin.removeprefix(_MACHINE).isdecimal():
            return origin
        if origin:
            try:
                return check_issuer_url(origin)
            except ValueError:
                hosts = "localhost, 127.0.0.1 and host.docker.internal"
                raise ValueError(f"{variable} is https://host[:port], or http:// for {hosts} alone") from None
    region = environ["AWS_REGION"]
    return f"https://dynamodb.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def open_connection(origin: str) -> http.client.HTTPConnection:
    """Return a connection to the origin that opens itself at the first request; TLS checks certificate and host."""
    scheme, _, host = origin.partition("://")
    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
    return http.client.HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())


class LeanDynamoDB:
    """A client for DynamoDB's read operations, which may be sent twice without harm.

    `environ` holds the credentials, read at each call since Lambda may renew them; `now` returns seconds since the
    epoch. Nothing here logs, and no error repeats a header.
    """

    def __init__(
        self,
        origin: str,
        environ: Mapping[str, str],
        now: Callable[[], float],
        connect: Callable[[str], http.client.HTTPConnection] = open_connection,
    ) -> None:
        """Take what is needed; nothing is opened yet."""
        self._origin = origin
        self._environ = environ
        self._now = now
        self._connect = connect
        self._connection: http.client.HTTPConnection | None = None
        self._date: str | None = None

    @property
    def date(self) -> int | None:
        """Service time, in whole seconds since the epoch, when the last answer left; None before a usable one."""
        parts = [] if self._date is None else self._date.split()
        try:
            # RFC 9110 §5.6.7: Sun, 06 Nov 1994 08:49:37 GMT. The month's name is English whatever the locale.
            _, day, month, year, clock, _ = parts
            hour, minute, second = map(int, clock.split(":"))
            return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second))
        except ValueError:
            return None

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the operation's answer; raises AccessDenied, Throttled, StoreUnavailable."""
        body = json.dumps(request, separators=(",", ":")).encode()
        fault: StoreUnavailable | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._attempt(operation, body)
            except StoreUnavailable as error:
                fault = error
        raise fault or StoreUnavailable("no attempt was made")

    def _attempt(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            status, payload = self._exchange(body, self._headers(operation, body))
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise StoreUnavailable(f"DynamoDB {operation}: {type(error).__name__}") from None
        return _read_answer(operation, status, payload)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is not None:
            try:
                return self._send(self._connection, body, headers)
            except ConnectionError:
                # The other side closes kept connections when it likes, and most of all while a sandbox is frozen: that
                # is no failed attempt.
                self._close()
        self._connection = self._connect(self._origin)
        return self._send(self._connection, body, headers)

    def _send(self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        self._date = response.getheader("Date")
        return response.status, response.read()

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "Host": self._origin.partition("://")[2],
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        return sign(
            headers, body, region=self._environ["AWS_REGION"], amz_date=amz_date, credentials=self._credentials()
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


def _read_answer(operation: str, status: int, payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise StoreUnavailable(f"DynamoDB {operation}: status {status}, and no JSON object")
    if status == http.client.OK:
        return answer
    # AWS qualifies the type with a namespace, emulators may not.
    kind = str(answer.get("__type", "")).rpartition("#")[2]
    what = f"DynamoDB {operation}: status {status} {kind}"
    if kind in _THROTTLED:
        raise Throttled(what)
    if kind in _DENIED:
        raise AccessDenied(what)
    raise StoreUnavailable(what)
