"""An error says why, to a developer, and repeats nothing that an attacker wrote (R18, R66)."""

from __future__ import annotations

import pickle
import traceback

import pytest

from keyturn.jose import TokenError, TokenErrorReason, verify_access_token
from tests.fakes.token_factory import NOW, good_header, key_set, make_token, policy, sign_raw, signing_key, unsigned

MARK = "INJECTED"


@pytest.mark.parametrize("reason", TokenErrorReason)
def test_every_reason_has_one_sentence(reason: TokenErrorReason) -> None:
    """House style: a reason's value is its name in lower case, and its explanation one sentence for a developer."""
    assert reason.value == reason.name.lower()
    assert reason.explanation.endswith(".")
    assert reason.explanation[0].isupper()
    assert "\n" not in reason.explanation
    error = TokenError(reason)
    assert str(error) == reason.explanation
    assert error.args == (reason,)
    assert pickle.loads(pickle.dumps(error)).reason is reason


def test_the_names_of_powertools_are_kept() -> None:
    """Public interface: a log filter on the reasons of Powertools' JWTVerifier finds ours."""
    assert {"invalid_token", "invalid_claims", "token_expired", "invalid_signature"} <= {
        r.value for r in TokenErrorReason
    }


@pytest.mark.parametrize(
    "raw",
    [
        *(MARK, f"{MARK}.{MARK}.{MARK}", f"\n{MARK}\r.a.b"),
        *(unsigned(good_header(signing_key(), **{name: MARK})) for name in ("kid", "alg", "typ", "crit", "jku")),
        *(make_token(claims={name: f"{MARK}\n"}) for name in ("iss", "sub", "aud", "exp", "jti", "scope")),
        *(make_token(claims={name: MARK}) for name in ("iss", "aud", "exp", "nbf")),
        *(sign_raw(b'{"alg":"ES256","kid":"%s","a":NaN}' % MARK.encode(), b"{}"), sign_raw(MARK.encode(), b"{}")),
        make_token(claims={MARK: MARK}) + "AAAA",
    ],
)
def test_an_error_repeats_no_part_of_the_token(raw: str) -> None:
    """R66, ASVS 16.4.1: message, repr, context and the printed traceback hold nothing of the token."""
    with pytest.raises(TokenError) as caught:
        verify_access_token(raw, key_set(), policy(), now=NOW)
    error = caught.value
    assert error.__context__ is None or isinstance(error.__context__, ValueError)
    shown = [
        str(error),
        repr(error),
        repr(error.args),
        repr(error.__context__),
        "".join(traceback.format_exception(error)),
    ]
    for text in shown:
        assert MARK not in text
        assert raw[:40] not in text
