"""CloudFormation asks, and always hears an answer."""

from __future__ import annotations

import json
import urllib.request
from functools import partial
from typing import Any

import pytest

from key_rotator import app, custom_resource
from key_rotator.custom_resource import ResponseUndelivered, respond
from keyturn.domain.errors import AccessDenied
from keyturn.domain.keys.key_ring import KeyState
from tests.fakes.lambda_context import lambda_context
from tests.fakes.rotation_harness import PERIOD, RotationHarness

URL = "https://cloudformation-custom-resource-response.s3.amazonaws.com/?X-Amz-Signature=abc"


class Inbox:
    """The answers that CloudFormation receives; `script` has the status or the fault of each attempt before."""

    def __init__(self, *script: int | Exception) -> None:
        """Begin empty."""
        self.script = list(script)
        self.requests: list[urllib.request.Request] = []

    def put(self, request: urllib.request.Request) -> int:
        """Take a request."""
        self.requests.append(request)
        outcome = self.script.pop(0) if self.script else 200
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def answer(self) -> Any:
        """The one answer."""
        [request] = self.requests
        assert isinstance(request.data, bytes)
        return json.loads(request.data)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """Return an event as CloudFormation sends it."""
    return {
        "RequestType": kind,
        "ResponseURL": URL,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1",
        "RequestId": "request-1",
        "LogicalResourceId": "FirstKey",
        "ResourceProperties": {"ServiceToken": "arn"},
    } | fields


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """Return the answers that CloudFormation receives from the handler."""
    inbox = Inbox()
    monkeypatch.setattr(app, "respond", partial(respond, put=inbox.put))
    return inbox


def send(harness: RotationHarness, monkeypatch: pytest.MonkeyPatch, kind: str, **fields: Any) -> None:
    """Send an event to the handler on these fakes."""
    monkeypatch.setattr(app, "bootstrap", harness.rings)
    app.lambda_handler(event(kind, **fields), lambda_context())


def test_create_makes_the_ring(harness: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new stack ends with an active key and a standby, and CloudFormation receives a success."""
    send(harness, monkeypatch, "Create")
    assert harness.only(KeyState.ACTIVE)
    assert harness.only(KeyState.PRE_ACTIVATION)
    assert inbox.answer == {
        "Status": "SUCCESS",
        "Reason": "done",
        "PhysicalResourceId": "keyturn-key-ring",
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1",
        "RequestId": "request-1",
        "LogicalResourceId": "FirstKey",
    }
    [request] = inbox.requests
    assert (request.get_method(), request.full_url, request.headers["Content-type"]) == ("PUT", URL, "")


def test_create_that_is_repeated_makes_nothing(
    started: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda may deliver the event again: the ring stays as it is, and success is repeated."""
    before = started.ring
    send(started, monkeypatch, "Create")
    assert started.ring is before
    assert inbox.answer["Status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_broken_rule_is_the_reason(
    started: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Durations that break a rule fail the deployment, and the reason names the rule and its parameters."""
    started.policy = RotationHarness(publish_lead=700).policy
    before = started.ring
    send(started, monkeypatch, kind, PhysicalResourceId="keyturn-key-ring")
    assert inbox.answer["Status"] == "FAILED"
    assert inbox.answer["Reason"] == (
        "PublishLeadSeconds must be at least VerifierCacheSeconds + JwksMaxAgeSeconds + RingViewSeconds"
        " + ClockSkewSeconds + 5: 700 is less than 975"
    )
    assert started.ring is before


def test_update_takes_the_durations_over_and_turns_no_key(
    started: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed ceiling is in the ring when the deployment ends; a rotation that is due is left to the schedule."""
    started.policy = RotationHarness(max_token_lifetime=1200).policy
    started.pass_time(PERIOD)
    active = started.only(KeyState.ACTIVE)
    send(started, monkeypatch, "Update", PhysicalResourceId="other-id")
    assert started.ring.longest_lifetime == 1200
    assert started.only(KeyState.ACTIVE) == active
    assert (inbox.answer["Status"], inbox.answer["PhysicalResourceId"]) == ("SUCCESS", "other-id")


def test_update_never_makes_a_ring(harness: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring that is missing at an update is a failure, rather than a reason to create it."""
    send(harness, monkeypatch, "Update")
    assert (inbox.answer["Status"], inbox.answer["Reason"]) == ("FAILED", "ring default has no item")
    assert harness.kms.made == {}


def test_delete_keeps_the_keys(started: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deletion of the stack destroys nothing, even if the composition of the rotator fails."""

    def broken() -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr(app, "bootstrap", broken)
    app.lambda_handler(event("Delete"), lambda_context())
    assert inbox.answer["Status"] == "SUCCESS"
    assert started.kms.states() == ["Enabled", "Enabled"]


def test_unknown_request_type_fails(started: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of another kind is refused, and CloudFormation receives a failure."""
    send(started, monkeypatch, "Rename")
    assert inbox.answer["Reason"] == "the request type is 'Rename'"


def test_failing_step_fails_the_creation(
    harness: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby that cannot be made fails the stack's creation, with the reason."""
    made = harness.kms.create_key

    def once(algorithm: str, nonce: str, **_: int) -> str:
        if harness.kms.made:
            raise AccessDenied("KMS CreateKey: AccessDeniedException")
        return made(algorithm, nonce)

    monkeypatch.setattr(harness.kms, "create_key", once)
    send(harness, monkeypatch, "Create")
    assert inbox.answer["Status"] == "FAILED"
    assert "create_key" in inbox.answer["Reason"]
    assert "AccessDeniedException" in inbox.answer["Reason"]


def test_unexpected_fault_is_told_without_its_text(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer names an unexpected fault by its type: its text may hold a secret."""

    def broken() -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(app, "bootstrap", broken)
    app.lambda_handler(event("Create"), lambda_context())
    assert inbox.answer["Reason"] == "RuntimeError: see the rotator's log"


def test_long_reason_is_cut() -> None:
    """CloudFormation takes answers of at most 4 KB."""
    inbox = Inbox()
    respond(event("Create"), "x" * 5000, put=inbox.put)
    assert len(inbox.answer["Reason"]) == 1000


def test_answer_is_sent_again_after_a_fault() -> None:
    """An answer that fails to arrive is sent three times, with pauses."""
    pauses: list[float] = []
    inbox = Inbox(503, TimeoutError())
    respond(event("Create"), None, put=inbox.put, pause=pauses.append)
    assert (len(inbox.requests), pauses) == (3, [0.5, 2.0])


def test_answer_that_never_arrives_raises_without_the_url() -> None:
    """After three attempts the handler fails, so that Lambda tries again; the URL is a credential and is not logged."""
    inbox = Inbox(503, OSError(URL), 403)
    with pytest.raises(ResponseUndelivered) as failure:
        respond(event("Create"), None, put=inbox.put, pause=lambda _: None)
    assert "Signature" not in str(failure.value)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "file:///etc/passwd", "ftp://localhost/", "http://localhost.example.com/", None, 5, ""],
)
def test_answer_goes_to_https_or_loopback_only(url: object) -> None:
    """A ResponseURL of another kind is never opened."""
    inbox = Inbox()
    with pytest.raises(ResponseUndelivered):
        respond(event("Create", ResponseURL=url), None, on_emulator=True, put=inbox.put)
    assert inbox.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/x", "http://localhost/"])
def test_loopback_is_not_answered_on_aws(
    harness: RotationHarness, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The handler opens plain http only where AWS's services are on the same machine."""
    for endpoint in ("", "https://vpce.example"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(ResponseUndelivered):
            send(harness, monkeypatch, "Update", ResponseURL=url)
    assert inbox.requests == []
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    send(harness, monkeypatch, "Update", ResponseURL=url)
    assert inbox.answer["Status"] == "FAILED"


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/x", "http://localhost:4566/x", URL])
def test_local_stack_is_answered_over_http(url: str) -> None:
    """The local stack's URL on loopback is answered, and any https URL."""
    inbox = Inbox()
    respond(event("Create", ResponseURL=url), None, on_emulator=True, put=inbox.put)
    assert inbox.answer["Status"] == "SUCCESS"


def test_request_is_sent_with_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library opens the URL, with a time limit."""
    seen: list[float] = []

    class Response:
        status = 200

        def __enter__(self) -> Response:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    def urlopen(_request: object, *, timeout: float) -> Response:
        seen.append(timeout)
        return Response()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert custom_resource.send(urllib.request.Request(URL)) == 200
    assert seen == [5.0]
