"""The report of a verification on AWS."""

from __future__ import annotations

import pytest

from tests.aws.report import DOES_NOT_HOLD, HOLDS, Fact, Run, redact, render

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"  # pragma: allowlist secret


def test_every_fact_has_its_outcome_and_what_was_observed() -> None:
    """The report says of each fact whether it holds, fails or was not seen, and the head counts them."""
    facts = [
        Fact("KMS", "It signs.", HOLDS, observed=[("median_ms", 12.345)]),
        Fact("KMS", "It refuses.", DOES_NOT_HOLD, "signed | twice"),
        Fact("Logs", "They arrive."),
    ]
    text = render(Run(head={"region": "eu-central-1"}), facts)
    assert "Of 3 facts 1 hold, 1 do not, 1 were not seen." in text
    assert "| It signs. | holds | median_ms: 12.3 | 0.0 |" in text
    assert "| It refuses. | **does not hold**: signed \\| twice |  | 0.0 |" in text
    assert "| They arrive. | not seen |" in text
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
