"""The report of a verification on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws import verify
from tests.aws.report import DID_NOT_HOLD, HELD, Fact, Run, redact, render

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"  # pragma: allowlist secret


def test_every_fact_has_its_outcome_and_what_was_observed() -> None:
    """A fact that did not hold stands beside those that did, and the head counts them."""
    facts = [
        Fact("KMS", "It signs.", HELD, observed=[("median_ms", 12.345)]),
        Fact("KMS", "It refuses.", DID_NOT_HOLD, "signed | twice"),
        Fact("Logs", "They arrive."),
    ]
    text = render(Run(head={"region": "eu-central-1"}), facts)
    assert "Of 3 facts 1 held, 1 did not, 1 were not run." in text
    assert "| It signs. | held | median_ms: 12.3 | 0.0 |" in text
    assert "| It refuses. | **did not hold**: signed \\| twice |  | 0.0 |" in text
    assert "| region | eu-central-1 |" in text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"Bearer {TOKEN}", "Bearer [token]"),
        ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::[account]:role/x"),
        ("ASIAE26CFBFD4511484C", "[principal]"),
        (
            "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "https://[api].execute-api.eu-central-1.amazonaws.com",
        ),
        ("the secret is hunter2", "the secret is [redacted]"),
        ("1790000000 requests", "1790000000 requests"),
    ],
)
def test_what_names_an_account_or_opens_a_door_is_left_out(text: str, redacted: str) -> None:
    """Tokens, account ids, principals, API ids and the run's own secrets do not stand in a report (R66)."""
    assert redact(text, {"hunter2"}) == redacted


class Account:
    """An account that answers as it is told."""

    def __init__(self, stack: dict[str, Any] | None) -> None:
        self._stack = stack

    def get_caller_identity(self) -> dict[str, str]:
        """Answer STS."""
        return {"Account": "123456789012"}

    def describe(self, stack_name: str) -> dict[str, Any]:
        """Answer CloudFormation."""
        if self._stack is None:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        return self._stack


@pytest.mark.parametrize(
    ("stack", "accepted"),
    [
        (None, True),
        ({"StackStatus": "CREATE_COMPLETE", "Tags": [{"Key": verify.TAG, "Value": "x"}]}, True),
        ({"StackStatus": "CREATE_COMPLETE", "Tags": []}, False),
        ({"StackStatus": "CREATE_COMPLETE"}, False),
    ],
)
def test_only_a_stack_of_a_verification_is_deployed_over(
    monkeypatch: pytest.MonkeyPatch, stack: dict[str, Any] | None, accepted: bool
) -> None:
    """A stack of that name without the tag is somebody's: it is refused before anything changes."""
    account = Account(stack)
    monkeypatch.setattr(verify, "aws", lambda _: account)
    monkeypatch.setattr(verify, "describe", account.describe)
    if accepted:
        assert verify.check_target("production") == "123456789012"
        return
    with pytest.raises(verify.Refused, match="no verification deployed it"):
        verify.check_target("production")
