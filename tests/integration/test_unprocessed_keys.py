"""What DynamoDB does not answer is not "not revoked": a key left out of a strict read, at every position."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import redirected
from tests.integration.faulty_dynamodb import NO_FAULT, Fault, FaultyDynamoDB, Kind
from tests.integration.http import call, post, statuses
from tests.integration.minted_tokens import Mint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

_LIFETIME = 300  # of both tokens: each answer with 500 costs a cold start
_TRIES = 5
KEYS = ("jti", "sub", "client", "gid", "sid", "global")


class LeftOut:
    """Leaves the key at a position unprocessed, at the first read of a token's keys, and if wanted at the second."""

    def __init__(self) -> None:
        self.position = 0
        self.again = False
        self.second_reads = 0

    def __call__(self, operation: str, request: dict[str, Any]) -> Fault:
        """Return the fault of this call."""
        [table] = request.get("RequestItems", {}).values() if operation == "BatchGetItem" else [{"Keys": []}]
        if len(table["Keys"]) == len(KEYS):
            return Fault(Kind.PARTIAL, [self.position])
        second = len(table["Keys"]) == 1
        self.second_reads += second
        return Fault(Kind.PARTIAL, [0]) if second and self.again else NO_FAULT


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack in strict mode, of this module's own."""
    with EmbeddedStack(tmp_path_factory.mktemp("unprocessed"), ports=ANY_PORTS) as running:
        yield running


def test_a_key_left_out_at_any_position_is_asked_for_again_and_then_500(stack: StackFile) -> None:
    """R47: asked for once more, good tokens are let in and a revoked one is refused; left out again, all get 500."""
    mint, left_out = Mint(stack), LeftOut()
    good, revoked = (mint.token(lifetime=_LIFETIME, gid="a grant", sid="a session") for _ in range(2))
    assert post(stack, "revoke", token=revoked).status_code == 200
    port = int(stack.emulator["endpoint_url"].rpartition(":")[2])
    with (
        FaultyDynamoDB(port, left_out) as dynamodb,
        redirected(stack, "AuthorizerFunction", "DYNAMODB", dynamodb.origin),
    ):
        for left_out.position, name in enumerate(KEYS):
            left_out.again, before = False, left_out.second_reads
            assert set(statuses(stack, good).values()) == {200}, name
            assert set(statuses(stack, revoked).values()) == {401, 403}, name
            assert left_out.second_reads - before >= 2 * len(stack.apis), name
            left_out.again = True
            for token, url in itertools.product((good, revoked), stack.apis.values()):
                assert _refused_after_a_second_read(url, token, left_out), name


def _refused_after_a_second_read(url: str, token: str, left_out: LeftOut) -> bool:
    """Call until an answer came of a second read: on a machine that stalls the first may fail, and that is 500 too."""
    for _ in range(_TRIES):
        before = left_out.second_reads
        assert call(url, token).status_code == 500
        if left_out.second_reads > before:
            return True
    return False
