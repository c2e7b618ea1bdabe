"""A stack is created in any order that CloudFormation may choose, and a creation that fails can be cleared."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from key_rotator import app
from keyturn.domain.keys.key_ring import RING_NAMES, KeyState
from tests.fakes.lambda_context import lambda_context
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.moto_dynamodb import moto_dynamodb
from tests.fakes.rotation_harness import RotationHarness
from tests.infrastructure.creation import Creation
from tests.infrastructure.native_template import NativeTemplate

ACTORS = ("FirstKey", "IssuerApiStage", "KeyRotatorSilent", "Schedule")
FURTHER_RING = "Ed25519"


@pytest.fixture(scope="module")
def creation(template: NativeTemplate) -> Creation:
    """Return the creation of the stack with its examples."""
    return Creation(template)


class NewStack:
    """A stack whose resources act at their creation: a tick, the custom resource, a verifier that reads the JWKS."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._harness = RotationHarness()
        self._harness.store = self._Observed(self)
        self._verifiers: list[set[str]] = []
        self._is_public = False
        self._runs = 0

    class _Observed(MemoryKeyRing):
        """A store that lets a verifier read the JWKS after each write."""

        def __init__(self, stack: NewStack) -> None:
            super().__init__()
            self._stack = stack

        def put(self, ring: Any) -> None:
            """Store, then let a verifier read."""
            super().put(ring)
            self._stack.read_jwks()

    def create(self, name: str) -> None:
        """Create a resource, and let it act at once."""
        if name == "FirstKey":
            self._invoke({"RequestType": "Create", "ResponseURL": "https://cloudformation.example"})
        elif name == "Schedule":
            self._invoke({"action": "tick"})
        elif name == "IssuerApiStage":
            self._is_public = True
            self.read_jwks()
        elif name == "KeyRotatorSilent" and not self._runs:
            self.faults.append("KeyRotatorSilent is older than its metric")

    def read_jwks(self) -> None:
        """Let a verifier cache the JWKS, if there is one, and check the active keys against each earlier cache."""
        store: Any = self._harness.store
        rings = [store._rings[name] for name in RING_NAMES if name in store._rings]
        for ring in rings:
            for key in ring.keys:
                if key.state is KeyState.ACTIVE and any(key.kid not in known for known in self._verifiers):
                    self.faults.append(f"a verifier does not know the active key of the ring {ring.name}")
        published = {key.kid for ring in rings for key in ring.published()}
        if self._is_public and published:
            self._verifiers.append(published)

    def _invoke(self, event: dict[str, Any]) -> None:
        rings = self._harness.rings(FURTHER_RING)
        with patch.object(app, "bootstrap", lambda: rings), patch.object(app, "respond"):
            try:
                app.lambda_handler(event, lambda_context())
            except Exception as fault:
                self.faults.append(f"KeyRotatorFailed: {type(fault).__name__}")
        self._runs += 1


def test_each_order_of_creation_works(creation: Creation) -> None:
    """In each order the first tick finds its rings, verifiers know each active key, and no alarm lacks its metric."""
    orders = {tuple(name for name in order if name in ACTORS) for order in creation.orders()}
    assert orders
    for order in orders:
        stack = NewStack()
        for name in order:
            stack.create(name)
        assert stack.faults == [], order


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        (("Schedule", "FirstKey"), "KeyRotatorFailed: KeyRingMissing"),
        (("IssuerApiStage", "FirstKey"), "a verifier does not know the active key of the ring Ed25519"),
        (("KeyRotatorSilent", "FirstKey"), "KeyRotatorSilent is older than its metric"),
    ],
)
def test_a_wrong_order_would_be_found(order: tuple[str, ...], fault: str) -> None:
    """A schedule, a public JWKS or an alarm before the first key is a fault."""
    stack = NewStack()
    for name in order:
        stack.create(name)
    assert fault in stack.faults


def test_the_role_of_the_schedule_ages_before_its_schedule(creation: Creation) -> None:
    """EventBridge Scheduler refuses a role that it cannot assume yet: the custom resource runs between the two."""
    assert {"FirstKey", "ScheduleRole"} <= creation.before("Schedule")
    assert "ScheduleRole" in creation.before("FirstKey")


def test_a_creation_that_fails_can_be_cleared(template: NativeTemplate, creation: Creation) -> None:
    """The rollback completes whichever resource fails, and leaves only tables, layers and keys."""
    kinds = set()
    for name in template.resources:
        for end in creation.fail(name):
            assert end.status == "ROLLBACK_COMPLETE", (name, end)
            kinds |= {template.resources[each]["Type"] for each in end.remains}
    assert kinds == {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Lambda::LayerVersion", "Custom::FirstKey"}


@pytest.mark.parametrize("table", ["KeyRingTable", "RevocationTable", "SessionTable"])
def test_a_rollback_cannot_delete_a_protected_table(template: NativeTemplate, table: str) -> None:
    """DynamoDB refuses to delete a table with the template's properties, so that the rollback has to retain it."""
    given = template.properties(table)
    assert template.parameters["DeletionProtection"]["Default"] == "true"
    with moto_dynamodb() as dynamodb:
        dynamodb.create_table(
            TableName=table,
            DeletionProtectionEnabled=True,
            **{name: given[name] for name in ("BillingMode", "AttributeDefinitions", "KeySchema")},
        )
        with pytest.raises(ClientError, match="DeletionProtectionEnabled"):
            dynamodb.delete_table(TableName=table)


def test_the_end_of_a_stack_needs_no_function(template: NativeTemplate) -> None:
    """CloudFormation skips the custom resource at the deletion: a function that fails would block it."""
    custom = [each for each in template.resources.values() if each["Type"].startswith("Custom::")]
    assert [each["DeletionPolicy"] for each in custom] == ["Retain"]
