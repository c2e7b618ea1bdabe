"""Snapshot mode on the embedded stack: revocations reach the gateway within the bound, and the feed is all it reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.http import CLIENT, get_token, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

BOUND = 2


@pytest.fixture(scope="module")
def snapshot_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack whose authorizer keeps the revocations in memory."""
    parameters = {"RevocationMode": "snapshot", "RevocationBoundSeconds": str(BOUND)}
    directory = tmp_path_factory.mktemp("snapshot")
    with EmbeddedStack(directory / "local", ports=ANY_PORTS, parameters=parameters) as stack:
        yield stack


def revoke(stack: StackFile, token: str) -> float:
    """Revoke the token as its client does; return when that was acknowledged."""
    url = stack.issuer + "/oauth2/revoke"
    answer = CLIENT.post(url, data={"token": token}, auth=(stack.client_id, stack.client_secret))
    assert answer.status_code == 200
    return time.monotonic()


def test_a_revoked_token_is_refused_within_the_bound(snapshot_stack: StackFile) -> None:
    """R47: requests that start the bound after the acknowledgement are refused on every API; others are not touched."""
    raw, other = get_token(snapshot_stack), get_token(snapshot_stack)
    for _ in range(3):
        assert set(statuses(snapshot_stack, raw).values()) == {200}
    acknowledged = revoke(snapshot_stack, raw)
    time.sleep(max(0.0, acknowledged + BOUND - time.monotonic()))
    assert set(statuses(snapshot_stack, raw).values()) == {401, 403}
    assert set(statuses(snapshot_stack, other).values()) == {200}
