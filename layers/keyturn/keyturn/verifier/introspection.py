"""Revocation by introspection (RFC 7662): the issuer says whether a token is active, and a cache limits the calls."""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote_plus, urlencode

from keyturn.domain.time.ages import age
from keyturn.jose import TokenError, TokenErrorReason
from keyturn.jose.policy import checked_seconds
from keyturn.jose.strict_json import parse_object
from keyturn.verifier.bounded_http import BoundedHttp, Deadline
from keyturn.verifier.errors import IntrospectionUnavailable
from keyturn.verifier.issuer_documents import cause_of
from keyturn.verifier.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from keyturn.domain.time.ages import Instant

MAX_CACHE_SECONDS = 300
# A flood of tokens costs neither more threads nor more memory than this.
MAX_CALLS = 32
MAX_ANSWERS = 4096
_OK, _CLIENT_REFUSED = 200, (400, 401, 403)


class Introspection:
    """The client that asks the issuer about tokens, and for how many seconds a response counts (0 to 300).

    The issuer answers a client that is registered with `--introspects AUDIENCE`.
    """

    __slots__ = ("authorization", "cache_seconds", "client_id")

    def __init__(self, client_id: str, client_secret: str, *, cache_seconds: int = 10) -> None:
        """Raise ValueError for an empty credential, or for a cache outside of its bounds."""
        if not client_id or not client_secret:
            raise ValueError("introspection needs a client_id and a client_secret")
        self.client_id = client_id
        self.cache_seconds = checked_seconds("cache_seconds", cache_seconds, 0, MAX_CACHE_SECONDS)
        # RFC 6749 §2.3.1: both are form-encoded before Basic joins them.
        credentials = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        self.authorization = "Basic " + base64.b64encode(credentials.encode("ascii")).decode("ascii")


class _Answer(NamedTuple):
    """The issuer's response, or the problem in its place, and the instant before the question."""

    active: bool
    problem: str | None
    asked_at: Instant


class Introspector:
    """Asks about each token once, and again when the response is as old as the bound; it fails closed."""

    def __init__(
        self, client: Introspection, http: BoundedHttp, timeout_seconds: int, now: Callable[[], Instant]
    ) -> None:
        self._client = client
        self._http = http
        self._timeout = timeout_seconds
        self._now = now
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()
        self._flight: SingleFlight[_Answer] = SingleFlight(MAX_CALLS)

    def check(self, raw: str, endpoint: str | None) -> Generator[Future[_Answer | None], None, None]:
        """Raise TokenError unless the token is active, or IntrospectionUnavailable without a response."""
        if endpoint is None:
            raise self._unavailable("the metadata of the issuer has no introspection endpoint at its origin")
        key = _digest(raw)
        earlier = self._flight.running(key)
        answer = self._answers.get(key)
        if answer is None or age(answer.asked_at, self._now()) >= self._client.cache_seconds:
            answer = yield from self._ask_anew(key, raw, endpoint, earlier)
        if answer.problem is not None:
            raise self._unavailable(answer.problem)
        if not answer.active:
            raise TokenError(TokenErrorReason.TOKEN_INACTIVE)

    def _ask_anew(
        self, key: bytes, raw: str, endpoint: str, earlier: Future[_Answer | None] | None
    ) -> Generator[Future[_Answer | None], None, _Answer]:
        # Requests with one token share a question, also one that fails; without a cache each asks its own.
        shared: object = key if self._client.cache_seconds else object()
        while True:
            call = self._flight.start(shared, lambda: self._ask(raw, endpoint))
            if call is None:
                raise self._unavailable(f"{MAX_CALLS} questions wait for the issuer")
            yield call
            answer = call.result(0) if call.done() else None
            if answer is None:
                raise self._unavailable("no complete response came in time")
            # An earlier question may be from before a revocation that this request must see.
            if call is not earlier or age(answer.asked_at, self._now()) < self._client.cache_seconds:
                return answer

    def _ask(self, raw: str, endpoint: str) -> _Answer:
        asked_at = self._now()
        form = urlencode({"token": raw, "token_type_hint": "access_token"})
        headers = {"Authorization": self._client.authorization}
        try:
            answer = self._http.request(endpoint, Deadline(self._timeout), form=form, headers=headers)
        except OSError as error:
            return _Answer(False, f"{endpoint} cannot be read ({cause_of(error)})", asked_at)
        if answer.status in _CLIENT_REFUSED:
            return _Answer(False, f"{endpoint} refuses the client {self._client.client_id}", asked_at)
        document = parse_object(answer.body) if answer.status == _OK else None
        active = None if document is None else document.get("active")
        if not isinstance(active, bool):
            return _Answer(False, f"{endpoint} answers {answer.status} without `active`", asked_at)
        return self._keep(raw, _Answer(active, None, asked_at))

    def _keep(self, raw: str, answer: _Answer) -> _Answer:
        if self._client.cache_seconds:
            self._answers[_digest(raw)] = answer
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
        return answer

    def _unavailable(self, problem: str) -> IntrospectionUnavailable:
        return IntrospectionUnavailable(
            f"the issuer does not say whether the token is revoked, since {problem}",
            f"type `keyturn clients show {self._client.client_id}`, and compare its secrets and `introspects`",
            1,
        )


def _digest(raw: str) -> bytes:
    """Return the key of a token's answer: the cache holds no token that a dump of the memory could show."""
    return hashlib.sha256(raw.encode("ascii")).digest()
