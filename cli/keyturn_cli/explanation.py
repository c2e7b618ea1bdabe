"""Why the authorizer refuses a token: the reason, the rule behind it, what the token has and what would be right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keyturn.domain.base64url import decode
from keyturn.jose import ANY_AUDIENCE, KeySet, TokenErrorReason, VerificationPolicy
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn_cli.output import format_time

Reason = TokenErrorReason

# The ids of docs/requirements.md.
RULES = {
    Reason.INVALID_TOKEN: "R01, R02, R10",
    Reason.INVALID_HEADER: "R03, R07",
    Reason.UNSUPPORTED_HEADER: "R05, R06",
    Reason.INVALID_TYPE: "R11",
    Reason.ALGORITHM_NOT_ALLOWED: "R04",
    Reason.UNKNOWN_KEY: "R07",
    Reason.ALGORITHM_MISMATCH: "R04",
    Reason.INVALID_SIGNATURE: "R08",
    Reason.INVALID_CLAIMS: "R03, R13 to R16",
    Reason.INVALID_ISSUER: "R12",
    Reason.INVALID_AUDIENCE: "R13",
    Reason.TOKEN_EXPIRED: "R14",
    Reason.TOKEN_NOT_YET_VALID: "R15",
    Reason.LIFETIME_TOO_LONG: "R14",
    Reason.INVALID_NONCE: "OpenID Connect Core §3.1.3.7",
    Reason.AUTHENTICATION_TOO_OLD: "OpenID Connect Core §3.1.3.7",
}

# The authorizer's reasons beside those of the verifier: the rule, and a sentence.
REFUSALS = {
    "missing_credentials": ("R56", "There is no token."),
    "several_credentials": ("R56", "There is more than one token: a comma separates two Authorization values."),
    "malformed_credentials": ("R56", "The Authorization value is not the scheme Bearer, one space and one token."),
    "sender_constrained": ("RFC 9449 §7.2", "The token is bound to a key (cnf), and a bearer proves no key."),
    "revoked": ("R47", "The token is valid, and a revocation hits it."),
    "no_rule": ("R54", "No access rule names the route."),
    "insufficient_scope": ("RFC 6750 §3.1", "The token lacks a scope that the route needs."),
    "insufficient_claims": ("R54", "The token lacks a claim that the route needs, or has another value of it."),
    "no_audience": ("RFC 9068 §4", "The stack has several audiences, and the rules name none for the API."),
    "ambiguous_path": ("G7", "The path has more than one reading, and a rule that it may belong to refuses the token."),
    "resource_not_nameable": ("R54", "The path holds *, ? or ${, or is too long: no policy can name it alone."),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A token that was refused, by what, and when; `header` and `claims` are what it says, true or not."""

    raw: str
    header: dict[str, Any]
    claims: dict[str, Any]
    keys: KeySet
    policy: VerificationPolicy
    now: float


def sentence_of(reason: str) -> tuple[str, str]:
    """Return the rule behind a reason of the authorizer, and the sentence that explains it."""
    if reason in REFUSALS:
        return REFUSALS[reason]
    of_verifier = next(each for each in Reason if each.value == reason)
    return RULES[of_verifier], of_verifier.explanation


def explain(reason: str, raw: str, keys: KeySet, policy: VerificationPolicy, now: float) -> dict[str, str]:
    """Return reason, rule and sentence, and where they help `found` and `expected`; no part of the signature.

    `reason` is the authorizer's own (docs/errors.md).
    """
    segments = raw.split(".")
    header, claims = (_read(segments[at]) if len(segments) == 3 else {} for at in (0, 1))
    case = Case(raw, header, claims, keys, policy, now)
    found, expected = _DETAILS.get(reason, _nothing)(case)
    rule, sentence = sentence_of(reason)
    told = {"reason": reason, "rule": rule, "sentence": sentence}
    return told | {name: value for name, value in (("found", found), ("expected", expected)) if value}


def _read(segment: str) -> dict[str, Any]:
    """Read a segment as well as it goes: what nobody believes may be read leniently."""
    try:
        value = json.loads(decode(segment.encode()) or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _nothing(_case: Case) -> tuple[str, str]:
    return "", ""


def _form(case: Case) -> tuple[str, str]:
    found = f"{len(case.raw)} characters, {case.raw.count('.')} dots"
    return found, f"at most {MAX_TOKEN_LENGTH} characters of A-Z a-z 0-9 - _ and two dots, without a line end"


def _issuer(case: Case) -> tuple[str, str]:
    return _shown(case.claims, "iss"), " or ".join(sorted(case.policy.issuers))


def _audience(case: Case) -> tuple[str, str]:
    accepted = () if case.policy.audiences is ANY_AUDIENCE else sorted(case.policy.audiences)
    return _shown(case.claims, "aud"), " or ".join(accepted)


def _algorithm(case: Case) -> tuple[str, str]:
    return _shown(case.header, "alg"), " or ".join(sorted(case.policy.algorithms))


def _bound_algorithm(case: Case) -> tuple[str, str]:
    key = case.keys.get(str(case.header.get("kid")))
    return _shown(case.header, "alg"), f"alg {key.algorithm}" if key else ""


def _key(case: Case) -> tuple[str, str]:
    return _shown(case.header, "kid"), " or ".join(sorted(case.keys.kids)) or "the key set is empty"


def _type(case: Case) -> tuple[str, str]:
    return _shown(case.header, "typ"), "at+jwt"


def _expiry(case: Case) -> tuple[str, str]:
    return _time(case.claims, "exp"), f"after {format_time(case.now - case.policy.leeway)}"


def _beginning(case: Case) -> tuple[str, str]:
    times = [_time(case.claims, name) for name in ("iat", "nbf") if name in case.claims]
    return ", ".join(times), f"not after {format_time(case.now + case.policy.leeway)}"


def _lifetime(case: Case) -> tuple[str, str]:
    lifetime = case.claims["exp"] - case.claims["iat"]
    return f"{lifetime} s from iat to exp", f"at most {case.policy.max_lifetime} s"


def _confirmation(case: Case) -> tuple[str, str]:
    return _shown(case.claims, "cnf"), "no cnf"


def _shown(members: dict[str, Any], name: str) -> str:
    return f"{name} {json.dumps(members[name])}" if name in members else f"no {name}"


def _time(claims: dict[str, Any], name: str) -> str:
    return f"{name} {format_time(claims[name])}"


_DETAILS: dict[str, Callable[[Case], tuple[str, str]]] = {
    Reason.INVALID_TOKEN.value: _form,
    Reason.INVALID_TYPE.value: _type,
    Reason.ALGORITHM_NOT_ALLOWED.value: _algorithm,
    Reason.UNKNOWN_KEY.value: _key,
    Reason.ALGORITHM_MISMATCH.value: _bound_algorithm,
    Reason.INVALID_ISSUER.value: _issuer,
    Reason.INVALID_AUDIENCE.value: _audience,
    Reason.TOKEN_EXPIRED.value: _expiry,
    Reason.TOKEN_NOT_YET_VALID.value: _beginning,
    Reason.LIFETIME_TOO_LONG.value: _lifetime,
    "sender_constrained": _confirmation,
}
