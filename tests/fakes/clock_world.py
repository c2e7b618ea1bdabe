"""True time, the clocks that follow it badly, and a composed authorizer among them: what it decides is judged by truth.

True time is DynamoDB's. The gateway's and Lambda's clocks differ from it by a constant skew. The sandbox's wall and
monotonic clocks run, stand still, lag and are set.
"""

from __future__ import annotations

import calendar
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from email.utils import formatdate
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

from authorizer import bootstrap as root
from authorizer.refusal import Refused
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.http import Answer, HttpConnection
from keyturn.adapters.aws.ssm_parameters import SsmParameters
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.domain.errors import KeyturnError
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.lambda_context import lambda_context
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import NOW, make_token, signing_key

BOUND, PERIOD, LEEWAY, TIMEOUT = 2, 60, 10, 3
EVENTS = (*KINDS, "websocket")
_RULES = json.dumps({"apis": {API_ID: {"answer": "simple", "routes": {"GET /reports": [], "$connect": []}}}})
_RING = encode_item(ring_to_item(ring_of()))
_ANSWERS = {
    ("BatchGetItem", "rings"): json.dumps({"Responses": {"rings": [_RING]}, "UnprocessedKeys": {}}).encode(),
    ("BatchGetItem", "revocations"): b'{"Responses": {"revocations": []}, "UnprocessedKeys": {}}',
    ("GetItem", "revocations"): b"{}",
    ("Query", "revocations"): b'{"Items": []}',
    ("GetParameter", "/rules"): json.dumps({"Parameter": {"Type": "String", "Value": _RULES}}).encode(),
}
# A read of several calls began with the first one and is whole with the last one.
_BEGINS = {"rings": "rings", "strict": "strict", "global": "feed", "rules": "rules"}
_ENDS = {"rings": "rings", "strict": "strict", "query": "feed", "rules": "rules"}
_NAMES = dict(zip(_ANSWERS, ("rings", "strict", "global", "query", "rules"), strict=True))


class Fault(NamedTuple):
    """The behaviour of the sandbox's clocks: how fast each runs, and by how much the wall clock is set."""

    wall: float = 1.0
    monotonic: float = 1.0
    set_by: float = 0.0


class Step(NamedTuple):
    """A request, `wait` seconds after the last one, of which the sandbox's clocks made what `fault` says.

    It waits `queue` seconds for its invocation, each call of a store takes `latency`, none is answered in an `outage`.
    Its token expires `remaining` seconds after the request.
    """

    wait: float
    fault: Fault = Fault()
    kind: str = "http_2.0"
    queue: float = 0.0
    latency: float = 0.0
    outage: bool = False
    remaining: int = 600


class Moment(NamedTuple):
    """True time and both clocks of the sandbox, in seconds, with the other clocks that date the request.

    `dated` is whether an answer with a Date followed.
    """

    true: float
    wall: float
    monotonic: float
    gateway: bool
    deadline: bool
    dated: bool = False


class Decision(NamedTuple):
    """An outcome (allowed, the reason of a refusal, or the type of a fault) and the calls of the stores."""

    outcome: str
    reads: tuple[str, ...]


class ClockWorld:
    """A sandbox; `bound` is B, `skew` of the gateway and of Lambda, `off` of its wall clock at first, all in seconds.

    `witness` is whether events and contexts have times at all, `deadlines` whether contexts have.
    """

    def __init__(
        self,
        mode: str,
        *,
        skew: tuple[float, float] = (0.0, 0.0),
        off: float = 0.0,
        witness: bool = True,
        deadlines: bool = True,
        bound: int = BOUND,
    ) -> None:
        self.true, self.wall, self.monotonic = float(NOW), NOW + off, 50.0
        self.mode = mode
        self.key = signing_key()  # of the tokens
        self.latency, self.outage = 0.0, False
        self.read: dict[str, Moment] = {}
        self.tried: dict[str, Moment] = {}
        self._skew, self._witness, self._deadlines = skew, witness, witness and deadlines
        self._fault = Fault()
        self._began: dict[str, Moment] = {}
        self._names: list[str] = []
        self.present = self._moment("rest_token")
        where = {"ACCESS_RULES_PARAMETER": "/rules", "ACCESS_RULES": "", "REVOCATION_BOUND_SECONDS": str(bound)}
        with (
            patch.dict("os.environ", ENVIRON | {"REVOCATION_MODE": mode} | where, clear=True),
            patch.object(root, "DynamoDb", partial(DynamoDb, connect=lambda _: _Store(self))),
            patch.object(root, "SsmParameters", partial(SsmParameters, connect=lambda _: _Store(self))),
            patch.object(root, "wall_seconds", lambda: self.wall),
            patch.object(root, "monotonic_seconds", lambda: self.monotonic),
        ):
            self.authorizer = root.bootstrap.__wrapped__().authorizer

    def prepare(self, fault: Fault) -> None:
        """Let the sandbox prepare itself before its first request; its clocks begin to behave as `fault` says."""
        self._fault = fault
        self.present = self.present._replace(gateway=False, deadline=False)
        self.authorizer.prepare()

    def decide(self, step: Step) -> Decision:
        """Let time pass, and one request come; `present` is then the moment at which API Gateway received it."""
        self._fault = step.fault
        self.wall += step.fault.set_by
        self.pass_time(step.wait)
        self.latency, self.outage = step.latency, step.outage
        self._names = []
        received = self._moment(step.kind)
        event, received_at = self._event(step), self.true
        self.pass_time(step.queue)
        request = self._request(event)
        # After this step the clocks are the invocation's; the time is the request's.
        self.present = self._moment(step.kind)._replace(true=received_at, gateway=received.gateway)
        try:
            self.authorizer.authorize(request, self.authorizer.begin(request))
            outcome = "allowed"
        except Refused as refusal:
            outcome = refusal.reason
        except KeyturnError as fault:
            outcome = type(fault).__name__
        return Decision(outcome, tuple(self._names))

    def pass_time(self, seconds: float) -> None:
        """Let true time pass, and the sandbox's clocks follow as they do."""
        self.true += seconds
        self.wall += seconds * self._fault.wall
        self.monotonic += seconds * self._fault.monotonic

    def answer(self, name: tuple[str, str], request: Mapping[str, Any], signed_at: int) -> Answer:
        """Answer one call: take its time, refuse a signature that is five minutes off, and note when it was read."""
        what = _NAMES[name]
        # A call that is sent again began when it was sent first: by then the sandbox had taken its instant.
        again = self._names[-1:] == [what]
        self._names.append(what)
        sent = self.present._replace(true=self.true, wall=self.wall, monotonic=self.monotonic)
        if what in _BEGINS and not again:
            self._began[_BEGINS[what]] = self.tried[_BEGINS[what]] = sent
        if self.outage:
            self.pass_time(0.5)
            raise TimeoutError
        self.pass_time(self.latency)
        date = formatdate(self.true, usegmt=True)
        if abs(signed_at - self.true) > 300:
            return Answer(400, date, b'{"__type": "x#RequestTimeTooSkewed"}')
        if what in _ENDS:
            read = self._began[_ENDS[what]]._replace(dated=True)
            self.read[_ENDS[what]] = self.tried[_ENDS[what]] = read
        return Answer(200, date, self.body(name, request))

    def body(self, name: tuple[str, str], request: Mapping[str, Any]) -> bytes:
        """Return the body of an answer."""
        return _ANSWERS[name]

    def _moment(self, kind: str) -> Moment:
        gateway = self._witness and kind != "rest_token"
        return Moment(self.true, self.wall, self.monotonic, gateway, self._deadlines)

    def _event(self, step: Step) -> dict[str, Any]:
        """Return the event that API Gateway makes of the request, at its own time."""
        expires = int(self.true) + step.remaining
        token = make_token(key=self.key, claims={"iat": expires - 900, "exp": expires})
        event = _event_of(step.kind, token)
        if self._witness and step.kind != "rest_token":
            milliseconds = int((self.true + self._skew[0]) * 1000)
            name = "timeEpoch" if step.kind == "http_2.0" else "requestTimeEpoch"
            event["requestContext"][name] = milliseconds
        return event

    def _request(self, event: dict[str, Any]) -> AuthorizerRequest:
        deadline = int((self.true + self._skew[1] + TIMEOUT) * 1000) if self._deadlines else None
        return parse_request(event, lambda_context(deadline=deadline))


def _event_of(kind: str, token: str) -> dict[str, Any]:
    """Return an event of the kind without a time."""
    if kind == "websocket":
        context: dict[str, Any] = {"eventType": "CONNECT"}
        headers = {"Authorization": f"Bearer {token}"}
        return {
            "type": "REQUEST",
            "methodArn": method_arn("$connect", ""),
            "headers": headers,
            "requestContext": context,
        }
    event = json.loads(_TEMPLATES[kind].replace("the-token", token))
    for name in ("timeEpoch", "requestTimeEpoch"):
        event.get("requestContext", {}).pop(name, None)
    loaded: dict[str, Any] = event
    return loaded


_TEMPLATES = {kind: json.dumps(authorizer_event(kind, "the-token")) for kind in KINDS}


class _Store(HttpConnection):
    """DynamoDB and SSM."""

    def __init__(self, world: ClockWorld) -> None:
        super().__init__("https://stores.invalid", 1)
        self._world = world

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        operation = headers["X-Amz-Target"].partition(".")[2]
        request = json.loads(body)
        table = request.get("TableName") or request.get("Name") or next(iter(request["RequestItems"]))
        text = headers["X-Amz-Date"]  # 20260921T141320Z
        day, clock = (text[:4], text[4:6], text[6:8]), (text[9:11], text[11:13], text[13:15])
        signed_at = calendar.timegm((*map(int, day), *map(int, clock)))
        return self._world.answer((operation, table), request, signed_at)


@contextmanager
def environment() -> Iterator[None]:
    """Have credentials, which the client reads at each call, and nowhere for log lines to go."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), patch.dict(os.environ, ENVIRON):
        yield
