"""The stack whose creation must fail is removed with what its rollback kept, also after a run that was killed."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from local.progress import Progress
from tests.aws import removal, verify
from tests.aws.stack import TAG

RESOURCES = [
    ("KeyRingTable", "ring", "DELETE_SKIPPED"),
    ("GrantTable", "grants", "DELETE_FAILED"),
    ("UserTable", "users", "DELETE_COMPLETE"),
    ("PepperKey", "pepper", "DELETE_SKIPPED"),
    ("KeyturnLayer1a2b", "arn:aws:lambda:eu-west-1:1:layer:keyturn:7", "DELETE_SKIPPED"),
    ("AuthorizerRole", "role", "DELETE_COMPLETE"),
]


class CloudFormation:
    """Lists the resources of one stack in two pages."""

    def get_paginator(self, _operation: str) -> CloudFormation:
        """Return itself."""
        return self

    def paginate(self, **_named: str) -> list[dict[str, Any]]:
        """Return the pages."""
        listed = [
            {"LogicalResourceId": logical, "PhysicalResourceId": physical, "ResourceStatus": status}
            for logical, physical, status in RESOURCES
        ]
        return [{"StackResourceSummaries": listed[:3]}, {"StackResourceSummaries": listed[3:]}]


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what is deleted, in order."""
    names: list[str] = []
    monkeypatch.setattr(removal, "aws", lambda _: CloudFormation())
    for step in ("delete_table", "delete_layer", "schedule_deletion", "delete_stack"):
        monkeypatch.setattr(removal, step, names.append)
    return names


def test_what_a_rollback_kept_is_deleted_before_the_stack(removed: list[str]) -> None:
    """A protected table would make the deletion of the stack fail, so that it goes first."""
    kept = removal.remove_failing("mine-fails")
    assert kept == ["GrantTable", "KeyRingTable", "KeyturnLayer1a2b", "PepperKey"]
    assert removed == ["ring", "grants", "pepper", "arn:aws:lambda:eu-west-1:1:layer:keyturn:7", "mine-fails"]


@pytest.mark.parametrize(("tags", "expected"), [([TAG], ["mine-fails"]), (["team"], []), ([], [])])
def test_only_a_stack_with_the_tag_is_removed(
    monkeypatch: pytest.MonkeyPatch, tags: list[str], expected: list[str]
) -> None:
    """The next run removes the failing stack of a killed run, and leaves a stack without the tag alone."""
    removed: list[str] = []
    stacks = {"mine-fails": {"Tags": [{"Key": tag, "Value": "x"} for tag in tags]}}
    monkeypatch.setattr(verify, "find_stack", stacks.get)
    monkeypatch.setattr(verify, "remove_failing", removed.append)
    monkeypatch.setattr(verify, "remove_remains", lambda _: [])
    assert verify.remove("mine", Progress(StringIO())) == []
    assert removed == expected
