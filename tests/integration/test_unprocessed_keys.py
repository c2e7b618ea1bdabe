"""A key that DynamoDB leaves unprocessed in a strict read gives 500, at any position: it may be revoked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws, function_name, redirected
from tests.integration.faulty_dynamodb import NO_FAULT, Fault, FaultyDynamoDB, Kind
from tests.integration.http import call, post
from tests.integration.minted_tokens import Mint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

_LIFETIME = 300  # of both tokens: each answer with 500 costs a cold start
_TRIES = 5
KEYS = ("jti", "sub", "client", "gid", "sid", "global")


class LeftOut:
    """Leaves the key at a position unprocessed in the first read of a token's keys, optionally also in the second."""

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


def test_a_key_left_out_at_any_position_is_asked_for_again_and_then_500(
    stack: StackFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """R47: asked for once more, good tokens are let in and a revoked one is refused; left out again, all get 500."""
    mint, left_out = Mint(stack), LeftOut()
    good, revoked = (mint.token(lifetime=_LIFETIME, gid="a grant", sid="a session") for _ in range(2))
    assert post(stack, "revoke", token=revoked).status_code == 200
    with (
        FaultyDynamoDB(stack, left_out) as dynamodb,
        redirected(stack, "AuthorizerFunction", "DYNAMODB", dynamodb.origin),
        capsys.disabled(),
    ):
        for left_out.position, name in enumerate(KEYS):
            for left_out.again in (False, True):
                expected = {500} if left_out.again else None
                assert _answers(stack, good, left_out) == (expected or {200}), name
                assert _answers(stack, revoked, left_out) == (expected or {401, 403}), name


def _answers(stack: StackFile, token: str, left_out: LeftOut) -> set[int]:
    """Return what the example APIs answer after a second read.

    A stalled machine lets a read fail before that: this is 500 too, and no evidence. The test prints it with the
    function's log, and asks again.
    """
    return {_answer(stack, url, token, left_out) for url in stack.apis.values()}


def _answer(stack: StackFile, url: str, token: str, left_out: LeftOut) -> int:
    for _ in range(_TRIES):
        before, since = left_out.second_reads, wall_seconds()
        status = call(url, token).status_code
        if left_out.second_reads > before and (left_out.again or status != 500):
            return status
        print(f"asked again: {status} after {wall_seconds() - since:.2f} s", *_logged(stack, since), sep="\n  ")
    pytest.fail(f"none of {_TRIES} requests came to a second read")


def _logged(stack: StackFile, since: float) -> Iterator[str]:
    name = function_name(stack, "AuthorizerFunction")
    group = aws(stack, "lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
    found = aws(stack, "logs").filter_log_events(logGroupName=group, startTime=math.floor(since * 1000))
    yield from (event["message"].rstrip() for event in found["events"])
