"""Revocation at API Gateway, in each mode."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from tests.aws.changes import environment
from tests.aws.names import MODES
from tests.aws.stack import describe, parameters_of
from tests.integration.http import call, get_token, post, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

REFUSED = {"http": 403, "rest_token": 401, "rest_request": 401}
PAUSE = 0.2


def last_allowed(url: str, token: str, refused: int, acknowledged: float, bound: float) -> float | None:
    """Call until the token is refused or the bound is over; return when the last allowed call began, after it all."""
    last = None
    while True:
        began = time.monotonic() - acknowledged
        status = call(url, token).status_code
        if status == refused:
            return last
        assert status == 200
        last = round(began, 3)
        if began > bound:
            return last
        time.sleep(PAUSE)


@pytest.mark.by_mode
@pytest.mark.parametrize("mode", MODES)
def test_a_revoked_token_is_refused(stack: StackFile, resources: dict[str, str], mode: str, observe: Observe) -> None:
    """A revoked token is refused at once in strict mode, and within the bound in snapshot mode (R47)."""
    bound = 0.0 if mode == "strict" else float(stack.outputs["RevocationBoundSeconds"])
    deployed = parameters_of(describe(stack.stack_name))["RevocationMode"]
    change = environment(resources["AuthorizerFunction"], REVOCATION_MODE=mode)
    with contextlib.nullcontext() if mode == deployed else change:
        token = get_token(stack)
        assert set(statuses(stack, token).values()) == {200}
        assert post(stack, "revoke", token=token).status_code == 200
        acknowledged = time.monotonic()
        seen = {name: last_allowed(url, token, REFUSED[name], acknowledged, bound) for name, url in stack.apis.items()}
        after = statuses(stack, token)
    observe(mode=mode, bound_seconds=bound, last_allowed_after_seconds=seen, in_the_end=after)
    allowed = [each for each in seen.values() if each is not None]
    assert not allowed if mode == "strict" else all(each <= bound for each in allowed)
    assert after == REFUSED
