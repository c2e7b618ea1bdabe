"""AWS's JSON protocol over one persistent connection; boto3 would take most of a cold start."""

from __future__ import annotations

import datetime
import json
import time
from typing import TYPE_CHECKING

from keyturn.adapters.aws.http import HttpConnection
from keyturn.adapters.aws.sigv4 import Credentials, sign
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from keyturn.adapters.aws.http import Answer

# Each of two attempts waits at most half a second for the connection and for the response. A second read then still
# fits into the authorizer's three seconds (R61).
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

# Error types and texts by which AWS's services report that a request's time is more than five minutes off.
_SKEWED = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_SKEWED_SIGNATURE = ("Signature expired", "Signature not yet current")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()

# In seconds: AWS accepts every signature whose time differs less from its own clock.
_LEAST_CORRECTION = 60.0


def open_connection(origin: str) -> HttpConnection:
    """Return a connection to the origin, opened by the first request; TLS checks certificate and host."""
    return HttpConnection(origin, TIMEOUT_SECONDS)


class _ClockRefused(AccessDenied):
    """AWS refused a signature because of its time."""


class JsonService:
    """A client for a service's read operations, which may be sent twice without harm.

    A subclass names the service: its `title` in errors, its `name` in signatures, its `target`, and its version of
    the JSON protocol. `environ` has the credentials, read at each call since Lambda may renew them; `now` returns
    seconds since the epoch. Errors never repeat a header.

    If AWS refuses a signature for its time, the request is signed once more by the response's Date (SigV4: within five
    minutes). The difference between both clocks is used for the next calls, until AWS refuses it as well.
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
        connect: Callable[[str], HttpConnection] = open_connection,
    ) -> None:
        self._origin = origin
        self._environ = environ
        self._now = now
        self._connect = connect
        self._connection: HttpConnection | None = None
        self._offset = 0.0
        self.date: int | None = None
        """The Date of the last response, in whole seconds since the epoch; None without a usable Date."""

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the operation's response; raises AccessDenied, Throttled, StoreUnavailable."""
        body = json.dumps(request, separators=(",", ":")).encode()
        left = ATTEMPTS
        while True:
            left -= 1
            try:
                return self._attempt(operation, body)
            except StoreUnavailable:
                if not left:
                    raise
            except _ClockRefused:
                # A third attempt would exceed the function's time (R61): the correction is for the next call then.
                if not self._correct_clock() or not left:
                    raise

    def _attempt(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            answer = self._exchange(body, self._headers(operation, body))
        except OSError as error:
            self._close()
            raise StoreUnavailable(f"{self.title} {operation}: {type(error).__name__}") from None
        self.date = _seconds_of(answer.date)
        return _read_answer(f"{self.title} {operation}", answer.status, answer.body)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Answer:
        if self._connection is not None:
            try:
                return self._connection.post(body, headers)
            except ConnectionError:
                # A server closes idle connections at any time, above all while a sandbox is frozen: this does not count
                # as a failed attempt.
                self._close()
        self._connection = self._connect(self._origin)
        return self._connection.post(body, headers)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "Host": self._origin.partition("://")[2],
            "Content-Type": f"application/x-amz-json-{self.json_version}",
            "X-Amz-Target": f"{self.target}.{operation}",
        }
        amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now() + self._offset))
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

    def _correct_clock(self) -> bool:
        """Sign by the last response's Date from now on; return False if that time was refused, or there is none."""
        offset = 0.0 if self.date is None else self.date - self._now()
        corrected = self.date is not None and abs(offset - self._offset) > _LEAST_CORRECTION
        self._offset = offset if corrected else 0.0
        return corrected

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _seconds_of(date: str | None) -> int | None:
    """Return the seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), or None."""
    try:
        _, day, month, year, clock, _ = [] if date is None else date.split()
        hour, minute, second = clock.split(":")
        digits = day + year + hour + minute + second
        if len(digits) != 12 or not digits.isdecimal() or clock > "23:59:60":
            return None
        # The month's name is English in every locale; a leap second is the first second of the next minute.
        days = datetime.date(int(year), _MONTHS.index(month) + 1, int(day)).toordinal() - _EPOCH_DAY
        return 86_400 * days + 3_600 * int(hour) + 60 * int(minute) + int(second)
    except ValueError:
        return None


def _read_answer(call: str, status: int, payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise StoreUnavailable(f"{call}: status {status} without a JSON object")
    if status == 200:
        return answer
    # AWS qualifies the type with a namespace, emulators may not.
    kind = str(answer.get("__type", "")).rpartition("#")[2]
    what = f"{call}: status {status} {kind}"
    if kind in _SKEWED or (kind == "InvalidSignatureException" and _message(answer).startswith(_SKEWED_SIGNATURE)):
        raise _ClockRefused(what)
    if kind in _THROTTLED:
        raise Throttled(what)
    if kind in _DENIED:
        raise AccessDenied(what)
    raise StoreUnavailable(what)


def _message(answer: Mapping[str, Any]) -> str:
    # AWS's services use both spellings.
    return str(answer.get("message", answer.get("Message", "")))
