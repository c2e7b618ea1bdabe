"""Explanations of the authorizer's refusals: reason, rule, the value that was found and the value that was expected."""

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

# The section of a standard behind each reason of the verifier.
RULES = {
    Reason.INVALID_TOKEN: "RFC 7515 §7.1",
    Reason.INVALID_HEADER: "RFC 7515 §4",
    Reason.UNSUPPORTED_HEADER: "RFC 7515 §4.1, RFC 8725 §3.10",
    Reason.INVALID_TYPE: "RFC 9068 §4",
    Reason.ALGORITHM_NOT_ALLOWED: "RFC 8725 §3.1",
    Reason.UNKNOWN_KEY: "RFC 7515 §4.1.4",
    Reason.ALGORITHM_MISMATCH: "RFC 8725 §3.1",
    Reason.INVALID_SIGNATURE: "RFC 7515 §5.2",
    Reason.INVALID_CLAIMS: "RFC 9068 §2.2",
    Reason.INVALID_ISSUER: "RFC 9068 §4",
    Reason.INVALID_AUDIENCE: "RFC 9068 §4",
    Reason.TOKEN_EXPIRED: "RFC 7519 §4.1.4",
    Reason.TOKEN_NOT_YET_VALID: "RFC 7519 §4.1.5",
    Reason.LIFETIME_TOO_LONG: "MaxTokenLifetimeSeconds of the stack",
    Reason.INVALID_NONCE: "OpenID Connect Core §3.1.3.7",
    Reason.AUTHENTICATION_TOO_OLD: "OpenID Connect Core §3.1.3.7",
    Reason.SENDER_CONSTRAINED: "RFC 9449 §7.2",
    Reason.TOKEN_INACTIVE: "RFC 7662 §2.2",
}

# The other reasons of the authorizer, each with its rule and a sentence.
REFUSALS = {
    "missing_credentials": ("RFC 6750 §2.1", "The request has no token."),
    "several_credentials": (
        "RFC 6750 §2.1",
        "The request has more than one token: a comma separates two Authorization values.",
    ),
    "malformed_credentials": (
        "RFC 6750 §2.1",
        "The Authorization value is not the scheme Bearer, one space or more, and one token.",
    ),
    "sender_constrained": (RULES[Reason.SENDER_CONSTRAINED], Reason.SENDER_CONSTRAINED.explanation),
    "revoked": ("RFC 7009 §2", "The token is valid by itself, but a revocation applies to it."),
    "unknown_method": ("RFC 9110 §9.1", "The method has other characters than capital letters."),
    "no_rule": ("docs/access-rules.md", "No access rule names the route."),
    "insufficient_scope": ("RFC 6750 §3.1", "The token lacks a scope that the route needs."),
    "insufficient_claims": (
        "docs/access-rules.md",
        "The token lacks a claim that the route needs, or has another value of it.",
    ),
    "no_api_key": (
        "docs/access-rules.md",
        "The token has no API key of 20 to 128 characters in the claim that the rules name for it.",
    ),
    "no_audience": ("RFC 9068 §4", "The stack has several audiences, and the rules name none for the API."),
    "ambiguous_path": (
        "docs/access-rules.md",
        "The path has more than one reading, and the rule of one reading refuses the token.",
    ),
    "uncacheable_path": (
        "docs/access-rules.md",
        "A cached policy cannot decide about the path: it has an encoded character, or a slash at its end.",
    ),
    "resource_not_nameable": (
        "docs/access-rules.md",
        "The path holds *, ? or ${, or is too long: no policy can name it alone.",
    ),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A refused token, with the keys, policy and time of the refusal; `header` and `claims` are unverified."""

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
    """Return reason, rule and sentence, with `found` and `expected` for some reasons; the signature is never shown.

    `reason` is the authorizer's own (docs/errors.md).
    """
    segments = raw.split(".")
    header, claims = (_read(segments[at]) if len(segments) == 3 else {} for at in (0, 1))
    case = Case(raw, header, claims, keys, policy, now)
    found, expected = _DETAILS.get(reason, _nothing)(case)
    rule, sentence = sentence_of(reason)
    explained = {"reason": reason, "rule": rule, "sentence": sentence}
    return explained | {name: value for name, value in (("found", found), ("expected", expected)) if value}


def _read(segment: str) -> dict[str, Any]:
    """Return the object of a segment, or an empty one: an unverified value may be parsed leniently."""
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
    Reason.SENDER_CONSTRAINED.value: _confirmation,
}
