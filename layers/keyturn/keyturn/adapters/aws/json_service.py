"""AWS's JSON protocol over persistent connections; boto3 would take most of a cold start."""

from __future__ import annotations

import json
import time
from binascii import a2b_base64, b2a_base64
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

from keyturn.adapters.aws.call_limits import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT, back_off, may_pass
from keyturn.adapters.aws.client_events import ClientEvents
from keyturn.adapters.aws.http import HttpConnection
from keyturn.adapters.aws.http_date import seconds_of
from keyturn.adapters.aws.service_errors import EXCEPTIONS, ServiceError, service_error
from keyturn.adapters.aws.sigv4 import Credentials, sign
from keyturn.domain.errors import AccessDenied, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from keyturn.adapters.aws.http import Answer

# Each of two attempts waits at most half a second for the connection and for the response. A second read then still
# fits into the authorizer's three seconds.
TIMEOUT_SECONDS = 0.5

# Error codes and texts by which AWS's services report that a request's time is more than five minutes off.
_SKEWED = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_SKEWED_SIGNATURE = ("Signature expired", "Signature not yet current")

# In seconds: AWS accepts every signature whose time differs less from its own clock.
_LEAST_CORRECTION = 60.0


def open_connection(origin: str) -> HttpConnection:
    """Return a connection to the origin, opened by the first request; TLS checks certificate and host."""
    return HttpConnection(origin, TIMEOUT_SECONDS)


def open_patient_connection(origin: str) -> HttpConnection:
    """Return a connection to the origin that waits for responses as long as boto3's clients do here."""
    return HttpConnection(origin, READ_TIMEOUT, CONNECT_TIMEOUT)


def _base64(blob: bytes) -> str:
    return b2a_base64(blob, newline=False).decode()


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_base64)


class _Request:
    """One call: its operation and body, and how many times it was sent."""

    __slots__ = ("body", "operation", "times")

    def __init__(self, operation: str, body: bytes) -> None:
        self.operation = operation
        self.body = body
        self.times = 0


class JsonService:
    """A client for a service's operations with the methods of boto3's: `get_item(**request)` calls GetItem.

    A subclass names the service: its `title` in errors, its `name` in signatures, its `target`, its version of the JSON
    protocol, and its operations. `environ` has the credentials, read at each call since Lambda may renew them; `now`
    returns seconds since the epoch; `pause` waits before a further attempt. Errors never repeat a header.

    Threads may call at once: each call has a connection of its own. A request without a complete response is sent
    again, as botocore does. A write may then be made twice: conditions or a token have to make that harmless.

    If AWS refuses a signature for its time, the request is signed once more by the response's Date (SigV4: within five
    minutes). The difference between both clocks is used for the next calls, until AWS refuses it as well.
    """

    title: str
    name: str
    target: str
    json_version: str
    operations: frozenset[str] = frozenset()
    blobs: tuple[str, ...] = ()
    """The members of responses that are bytes; those of requests are found by their type."""

    exceptions = EXCEPTIONS

    def __init__(
        self,
        origin: str,
        environ: Mapping[str, str],
        now: Callable[[], float],
        connect: Callable[[str], HttpConnection] = open_connection,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._origin = origin
        self._environ = environ
        self._now = now
        self._connect = connect
        self._pause = pause
        self._idle: list[HttpConnection] = []
        self._offset = 0.0
        self._events = ClientEvents()
        self.meta = SimpleNamespace(events=self._events)
        self.date: int | None = None
        """The Date of the last response, in whole seconds since the epoch; None without a usable Date."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """Return the method of an operation, which takes the request's members by name."""
        operation = "".join(part.capitalize() for part in name.split("_"))
        if operation not in self.operations:
            raise AttributeError(f"{self.title} has no method {name} here")
        method = partial(self._call_by_names, operation)
        setattr(self, name, method)
        return method

    def _call_by_names(self, operation: str, /, **request: Any) -> dict[str, Any]:
        return self.call(operation, request)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the operation's response; raises ServiceError, and without one StoreUnavailable or AccessDenied."""
        sent = _Request(operation, _ENCODER.encode(request).encode())
        left = ATTEMPTS
        while True:
            left -= 1
            try:
                return self._attempt(sent)
            except ServiceError as error:
                # An adapter asks whether its own first attempt may have made the write.
                error.response["ResponseMetadata"]["RetryAttempts"] = sent.times - 1
                # A correction that comes with the last attempt is for the next call.
                corrected = _refuses_clock(error) and self._correct_clock(error)
                if not left or not (corrected or may_pass(error)):
                    raise
                self._wait(0.0 if corrected else back_off(error))
            except StoreUnavailable as error:
                if not left:
                    raise
                self._wait(back_off(error))

    def connect(self) -> None:
        """Open a connection for the next call; raises StoreUnavailable. Without it that call opens one."""
        connection = self._connect(self._origin)
        try:
            connection.open()
        except OSError as error:
            raise StoreUnavailable(f"{self.title}: {type(error).__name__}") from None
        self._idle.append(connection)

    def _wait(self, seconds: float) -> None:
        if self._pause is not None and seconds:
            self._pause(seconds)

    def _attempt(self, request: _Request) -> dict[str, Any]:
        call = f"{self.title} {request.operation}"
        try:
            answer = self._exchange(request, self._headers(request))
        except OSError as error:
            raise StoreUnavailable(f"{call}: {type(error).__name__}") from None
        self.date = seconds_of(answer.date)
        return self._read_answer(call, answer)

    def _exchange(self, request: _Request, headers: dict[str, str]) -> Answer:
        kept = self._take_idle()
        if kept is not None:
            try:
                return self._post(kept, request, headers)
            except ConnectionError:
                # A server closes idle connections at any time, above all while a sandbox is frozen: this does not count
                # as a failed attempt.
                pass
        return self._post(self._connect(self._origin), request, headers)

    def _take_idle(self) -> HttpConnection | None:
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                return None
            if not kept.is_stale():
                return kept
            kept.close()

    def _post(self, connection: HttpConnection, request: _Request, headers: dict[str, str]) -> Answer:
        request.times += 1
        self._events.emit_sending()
        try:
            answer = connection.post(request.body, headers)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        self._events.emit_answer(answer.date)
        return answer

    def _headers(self, request: _Request) -> dict[str, str]:
        headers = {
            "Host": self._origin.partition("://")[2],
            "Content-Type": f"application/x-amz-json-{self.json_version}",
            "X-Amz-Target": f"{self.target}.{request.operation}",
        }
        amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now() + self._offset))
        return sign(
            headers,
            request.body,
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

    def _correct_clock(self, refusal: ServiceError) -> bool:
        """Sign by the refusal's Date from now on; return False if that time was refused, or there is none."""
        date = seconds_of(refusal.response["ResponseMetadata"]["HTTPHeaders"].get("date"))
        offset = 0.0 if date is None else date - self._now()
        corrected = date is not None and abs(offset - self._offset) > _LEAST_CORRECTION
        self._offset = offset if corrected else 0.0
        return corrected

    def _read_answer(self, call: str, answer: Answer) -> dict[str, Any]:
        found = _json_of(answer.body)
        if answer.status != 200:
            raise service_error(call, answer.status, answer.date, found if isinstance(found, dict) else {})
        if not isinstance(found, dict):
            raise StoreUnavailable(f"{call}: status 200 without a JSON object")
        try:
            return found | {name: a2b_base64(found[name], strict_mode=True) for name in self.blobs if name in found}
        except (TypeError, ValueError):
            raise StoreUnavailable(f"{call}: status 200 with a member that is not base64") from None


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _refuses_clock(error: ServiceError) -> bool:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code in _SKEWED or (code == "InvalidSignatureException" and message.startswith(_SKEWED_SIGNATURE))
