"""The service of examples/service answers as RFC 6750 has it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keyturn.verifier import JwksUnavailable, TokenError, TokenErrorReason

FILE = Path(__file__).parents[2] / "examples" / "service" / "service.py"
CHALLENGE = {"WWW-Authenticate": "Bearer"}
INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Verifier:
    """A verifier with one good token, one without the scope, and one that it cannot decide about."""

    def verify(self, raw: str) -> Any:
        if raw == "undecided":
            raise JwksUnavailable("the keys cannot be read", "wait", 7)
        if raw not in {"good", "narrow"}:
            raise TokenError(TokenErrorReason.INVALID_TOKEN)
        scope = frozenset({"reports:read"} if raw == "good" else ())
        return SimpleNamespace(scope=scope, subject="u_1", client_id="web")


@pytest.mark.parametrize(
    ("headers", "status", "answered"),
    [
        (["Bearer good"], 200, {}),
        (["bearer  good"], 200, {}),
        ([], 401, CHALLENGE),
        (["Basic good"], 401, CHALLENGE),
        (["Bearer good", "Bearer good"], 401, CHALLENGE),
        (["Bearer"], 401, INVALID),
        (["Bearer other"], 401, INVALID),
        (["Bearer narrow"], 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}),
        (["Bearer undecided"], 503, {"Retry-After": "7"}),
    ],
)
def test_the_service_answers_by_the_verifier(headers: list[str], status: int, answered: dict[str, str]) -> None:
    """RFC 6750 §3.1: 401 and 403 have their challenge, and 503 is for an issuer that cannot be read."""
    spec = importlib.util.spec_from_file_location("service", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.answer(Verifier(), headers)[:2] == (status, answered)
