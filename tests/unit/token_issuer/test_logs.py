"""The contents of the log, and the secrets that it never contains (R66)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, IssuerHarness
from tests.fakes.log_lines import log_lines


def one_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the one line that a request logged."""
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    [line] = log_lines(text)
    return line


def test_issued(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An issued token is one line with client, jti and kid, without the token or the secret (R66)."""
    token = issuer.issue()
    text = capsys.readouterr().out
    assert token not in text
    assert token.rpartition(".")[2] not in text
    assert SECRET not in text
    [line] = log_lines(text)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert line == {
        "level": "INFO",
        "event": "request",
        "status": 200,
        "request_id": "request-1",
        "endpoint": TOKEN,
        "method": "POST",
        "client_id": "web",
        "outcome": "issued",
        "jti": claims["jti"],
        "kid": issuer.key.kid,
        "scope": "orders:read orders:write",
    }


def test_revoked_and_introspected(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The log line of revocation and introspection has the token's jti and the outcome (R66)."""
    token = issuer.issue()
    capsys.readouterr()
    outcomes = []
    for path in (INTROSPECT, REVOKE, INTROSPECT):
        issuer.post(path, token=token)
        line = one_line(capsys)
        assert len(line["jti"]) == 22
        outcomes.append(line["outcome"])
    assert outcomes == ["active", "revoked", "inactive"]


def test_refused_token(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The log alone has the reason for which a presented token is invalid."""
    issuer.post(INTROSPECT, token="garbage")
    assert one_line(capsys)["reason"] == "invalid_token"


@pytest.mark.parametrize(
    ("claimed", "secret", "known", "reason"),
    [
        ("web", "wr0ng-secret", "web", "wrong secret"),
        ("s3cret", "web", None, "unknown client"),
        ('x\r\n{"level":"INFO","event":"request"}\u2028' + "y" * 100, "web", None, "unknown client"),
    ],
    ids=["wrong secret", "secret as id", "log forging"],
)
def test_failed_authentication(
    issuer: IssuerHarness,
    capsys: pytest.CaptureFixture[str],
    claimed: str,
    secret: str,
    known: str | None,
    reason: str,
) -> None:
    """R66: a failed authentication logs a registered client id only: any other value may be a secret."""
    issuer.send(form_event(TOKEN, {"grant_type": "client_credentials"}, headers=basic(claimed, secret)))
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 1
    assert "s3cret" not in text
    assert "wr0ng-secret" not in text
    [line] = log_lines(text)
    assert line.get("claimed_client_id") == known
    assert (line["outcome"], line["detail"]) == ("invalid_client", reason)


def test_unknown_path_is_not_logged(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown path is not logged: it may contain a secret."""
    issuer.get("/s3cret-in-a-path")
    assert "s3cret" not in capsys.readouterr().out
