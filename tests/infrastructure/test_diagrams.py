"""The sequence diagrams of the docs have the calls on AWS that the composed functions make, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from tests.fakes.authorizer_events import API_ID
from tests.fakes.composed_authorizer import BOUND, ComposedAuthorizer
from tests.fakes.moto_rotation import REVOCATIONS, RINGS, MotoRotationHarness
from tests.fakes.rotation_harness import PERIOD
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.infrastructure.diagrams import Call, diagrams, fits
from tests.infrastructure.traced_stack import Trace, TracedStack, forget_sandboxes, traced_stack

DOCS = Path(__file__).parents[2] / "docs"
TOKEN, SIGN_IN, AUTHORIZATION, ROTATION = diagrams("architecture.md")


@pytest.fixture
def trace() -> Trace:
    """Return a trace without a call."""
    return Trace()


@pytest.fixture
def stack(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> Iterator[TracedStack]:
    """Return a stack whose calls are recorded from now on."""
    with traced_stack(trace, monkeypatch) as stack, trace.recorded():
        yield stack


def test_sign_in_and_tokens_are_as_drawn(trace: Trace, stack: TracedStack) -> None:
    """A sign-in, a code, a refresh token and client credentials make the calls of their diagrams, cold and warm."""
    code = stack.sign_in()
    assert fits(SIGN_IN, trace.take()), trace.last
    refresh_token = stack.redeem(code)["refresh_token"]
    assert fits(TOKEN, trace.take()), trace.last
    for is_cold in (False, True):
        if is_cold:
            forget_sandboxes()
        refresh_token = stack.token(grant_type="refresh_token", refresh_token=refresh_token)["refresh_token"]
        assert fits(TOKEN, trace.take()), trace.last
        if is_cold:
            forget_sandboxes()
        stack.token(grant_type="client_credentials", scope="orders:read")
        assert fits(TOKEN, trace.take()), trace.last


@pytest.mark.parametrize("mode", ["strict", "snapshot"])
def test_authorization_is_as_drawn(mode: str) -> None:
    """A request makes the calls of the diagram: the first one, the next one, and one when everything is old."""
    document = json.dumps({"apis": {API_ID: {"routes": {"GET /reports": []}}}})
    rules = Answer(200, {"Parameter": {"Type": "String", "Value": document}})
    parameters = ScriptedConnections(rules, rules)
    sandbox = ComposedAuthorizer(mode, parameters)
    for pause in (0, BOUND / 2, 60):
        sandbox.now += pause
        asked = len(parameters.requests)
        calls = [Call("A", "DynamoDB", operation, table) for operation, table in sandbox.decide()]
        read = [Call("A", "SSM", "GetParameter")] * (len(parameters.requests) - asked)
        assert fits(AUTHORIZATION, read + calls), calls


def test_rotation_is_as_drawn(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that promotes the standby and makes another makes the calls of the diagram, and one with nothing due."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    harness = MotoRotationHarness()
    try:
        harness.start()
        # The harness's own store reads each version once more.
        store = DynamoDbKeyRingStore(boto3.client("dynamodb"), RINGS, REVOCATIONS)
        harness.pass_time(PERIOD)
        with trace.recorded():
            trace.asked_by = "R"
            for _ in range(2):
                harness.rotator(store=store).tick()
                assert fits(ROTATION, trace.take()), trace.last
    finally:
        harness.close()


def test_a_diagram_elsewhere_names_no_call() -> None:
    """Each other sequence diagram of the docs leaves AWS out: only those of architecture.md are compared."""
    others = [page for page in DOCS.rglob("*.md") if page.name != "architecture.md"]
    assert all(fits(diagram, []) for page in others for diagram in diagrams(str(page.relative_to(DOCS))))


def test_another_order_does_not_fit() -> None:
    """A grant's write before Sign, a call that is missing and a call more do not fit the token diagram."""
    warm = [Call("I", "DynamoDB", "GetItem", "clients"), Call("I", "DynamoDB", "BatchGetItem", "revocations")]
    sign, write = Call("I", "KMS", "Sign"), Call("I", "DynamoDB", "UpdateItem", "grants")
    assert fits(TOKEN, [*warm, sign, write])
    assert not fits(TOKEN, [*warm, sign, write, sign])
    assert not fits(TOKEN, [*warm, write])
    assert not fits(TOKEN, [*warm, sign, warm[0]])
