"""A memo of tokens changes no answer, whatever happens between two requests (ADR 41).

Two authorizers see the same requests, key rings, emergencies, revocations, rules, policies and clocks. One has the
memo. The other verifies each token by the public verifier.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple, cast
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authorizer import authorize
from authorizer.access_rules_cache import AccessRulesCache, RulesDocument
from authorizer.authorize import Authorizer
from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden, Refused
from authorizer.request import AuthorizerRequest, parse_request
from authorizer.revocation_bound import RevocationBound
from authorizer.token_memo import TokenMemo
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind, targets_of
from keyturn.jose import KeySet, TokenError, VerificationPolicy, VerifiedAccessToken, access_token, verify_access_token
from keyturn.jose.access_token import SignedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import NOW, make_token, policy, signing_key

EXAMPLES = 5_000 if settings().max_examples > 10_000 else 30
BOUND, LEEWAY = 10, 10
Checked = tuple[SignedAccessToken, tuple[str, ...]]
# The authorizer with the memo; a fault takes its place.
Remembering = Authorizer

_FIRST, _SECOND = signing_key("ES256", "first"), signing_key("ES256", "second")
_RINGS = {"first": ring_of(_FIRST), "both": ring_of(_SECOND, _FIRST), "second": ring_of(_SECOND)}
_POLICIES = {
    "usual": policy(leeway=LEEWAY),
    "moved": policy(issuer="https://moved.example", previous_issuers={"https://issuer.example"}, leeway=0),
    "foreign": policy(issuer="https://moved.example", leeway=LEEWAY),
}


def _good(jti: str, **claims: Any) -> str:
    return make_token(key=_FIRST, claims={"jti": jti, "exp": NOW + 120, "scope": "a", **claims})


_GOOD = _good("good", department="it")
# Each is sent again and again: good ones, ones that are good at some time, and ones that never are.
TOKENS = {
    "good": _GOOD,
    "user": _good("user", sid="s", gid="g", sub="u", client_id="c", aud=["https://api.example", "urn:b"]),
    "next": make_token(key=_SECOND, claims={"jti": "next", "exp": NOW + 3600, "scope": "a b"}),
    "short": _good("short", exp=NOW + 5),
    "later": _good("later", nbf=NOW + 30),
    "long": _good("long", exp=NOW + 7200),
    "bound": _good("bound", cnf={"jkt": "x"}),
    "other": _good("other", aud="urn:other"),
    "moved": _good("moved", iss="https://moved.example"),
    "forged": f"{_GOOD[:-4]}AAAA",
    "odd": _good("odd", sub=""),
    "text": "a.b.c",
}
_NEVER_GOOD = {sha256(TOKENS[name].encode()).digest() for name in ("other", "forged", "odd", "text")}
_RULES: dict[str, dict[str, Any]] = {
    "open": {"GET /reports": []},
    "scope": {"GET /reports": ["a"]},
    "both": {"GET /reports": ["a", "b"]},
    "claim": {"GET /reports": {"scopes": [], "claims": {"department": "it"}}},
    "closed": {},
}
_AUDIENCES = {"claim": ["urn:b", "https://api.example"], "scope": "urn:b"}
_KINDS = {"jti": TargetKind.TOKEN, "sid": TargetKind.SESSION, "gid": TargetKind.GRANT, "sub": TargetKind.SUBJECT}
_IDS = {"jti": "good", "sid": "s", "gid": "g", "sub": "u"}


class Step(NamedTuple):
    """One event of a sandbox: `what` names a method of World, and `value` its argument."""

    what: str
    value: Any


_VALUES: dict[str, Iterable[Any]] = {
    "wait": [0.1, 4.0, 5.0, 9.9, 10.0, 21.0, 61.0],
    "set_wall": [-3600.0, -61.0, -5.0, -0.4, 5.0, 400.0],
    "freeze": [1.0, 11.0, 70.0],
    "rotate": _RINGS,
    "compromise": [_FIRST.kid, _SECOND.kid],
    "revoke": _KINDS,
    "change_rules": [*_RULES, *_RULES],
    "change_policy": [*_POLICIES, "usual"],
}
_CHANGES = [Step(what, value) for what, values in _VALUES.items() for value in values]
# Two of three steps are requests, and half of these have one of the tokens that are good for long.
_REQUESTS = [Step("request", name) for name in [*TOKENS, *["good", "user", "next", "next"] * 3]]
STEPS = st.sampled_from([*_CHANGES, *_REQUESTS * 3])


class World:
    """The surroundings of both authorizers; every change of it reaches both."""

    def __init__(self) -> None:
        self.wall, self.monotonic = float(NOW), 50.0
        self.reader = StubKeyRingReader(_RINGS["first"])
        self.revocations = MemoryRevocations()
        self.document = self._document("open")
        self.remembering, self.forgetful = self._authorizer(Remembering), self._authorizer(Authorizer)
        self.forgetful._memo = Forgetful()

    def _authorizer(self, kind: type[Authorizer]) -> Authorizer:
        time = sandbox_time(lambda: self.wall, lambda: self.monotonic)
        metrics = Metrics("authorizer", time)
        return kind(
            KeyRingCache(self.reader, RevocationBound(BOUND, time, metrics)),
            self.revocations,
            _POLICIES["usual"],
            AccessRulesCache(RulesDocument(lambda: self.document, "rules"), time, metrics),
            time,
        )

    def request(self, name: str) -> None:
        """Send one request to both, and compare the answers; then change what can be changed of the token."""
        answers = [self._answer(each, name) for each in (self.remembering, self.forgetful)]
        assert answers[0] == answers[1], (name, answers)
        memo = self.remembering._memo
        assert _NEVER_GOOD.isdisjoint(key[0] for key in memo._entries)
        assert memo.size == sum(size for _, size in memo._entries.values())

    def _answer(self, authorizer: Authorizer, name: str) -> object:
        request = parse_request(authorizer_event("http_2.0", TOKENS[name]))
        rules = authorizer.begin(request)
        try:
            token = authorizer.authorize(request, rules)
        except Refused as refusal:
            claims = None if refusal.token is None else dict(refusal.token.claims)
            self._deface(refusal.token)
            return type(refusal), refusal.reason, refusal.kid, claims, refuse(request, refusal, rules)
        answer = dict(token.claims), token.kid, allow(request, token, rules)
        self._deface(token)
        return answer

    def _deface(self, token: VerifiedAccessToken | None) -> None:
        """Change the claims, as a careless caller might."""
        if token is not None:
            try:
                token.claims["department"] = "it"  # type: ignore[index]  # what a caller may try
            except TypeError:
                return

    def wait(self, seconds: float) -> None:
        """Let time pass by both clocks."""
        self.wall += seconds
        self.monotonic += seconds

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock."""
        self.wall += seconds

    def freeze(self, seconds: float) -> None:
        """Let time pass while the monotonic clock stands still."""
        self.wall += seconds

    def rotate(self, name: str) -> None:
        """Publish other keys."""
        self.reader.ring = _RINGS[name]

    def compromise(self, kid: str) -> None:
        """Name a compromised key in every copy of global, as an emergency does before it removes the key."""
        for copy in range(GLOBAL_COPIES):
            target = Target.of(TargetKind.GLOBAL, str(copy))
            self.revocations.store(Revocation(target, expires_at=NOW + 9000, not_before=0, compromised_kids=[kid]))

    def revoke(self, kind: str) -> None:
        """Revoke a token, a session, a grant or a subject."""
        cutoff = int(self.wall) if kind == "sub" else None
        target = Target.of(_KINDS[kind], _IDS[kind])
        self.revocations.store(Revocation(target, expires_at=NOW + 9000, not_before=cutoff))

    def change_rules(self, name: str) -> None:
        """Write another document of access rules."""
        self.document = self._document(name)

    def change_policy(self, name: str) -> None:
        """Decide by another policy, as if a memo outlived a deployment."""
        for each in (self.remembering, self.forgetful):
            each._policy = _POLICIES[name]

    def _document(self, name: str) -> str:
        api = {"answer": "simple", "context": ["department"], "routes": _RULES[name]}
        audience = {"audience": _AUDIENCES[name]} if name in _AUDIENCES else {}
        return json.dumps({"apis": {API_ID: api | audience}})


class Forgetful(TokenMemo):
    """A memo that remembers nothing: the public verifier decides about each token."""

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        verified = _Verified(raw, keys, policy)
        return cast("Checked", (verified, verified.targets))


class _Verified:
    """A token that the public verifier reads at the time of the decision."""

    def __init__(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> None:
        self._input = raw, keys, policy
        self.targets: list[str] = []

    def at(self, now: float) -> VerifiedAccessToken:
        raw, keys, policy = self._input
        token = verify_access_token(raw, keys, policy, now=now)
        self.targets += targets_of(token)
        return token


def hold(examples: int, **options: Any) -> Callable[[], None]:
    """Return the property: both authorizers give the same answer to each request of a sequence."""

    @settings(max_examples=examples, deadline=None, derandomize=examples < 1000, database=None, **options)
    @given(st.lists(STEPS, min_size=30, max_size=60))
    def drive(steps: list[Step]) -> None:
        world = World()
        for step in steps:
            getattr(world, step.what)(step.value)

    return drive


def test_a_memo_changes_no_answer() -> None:
    """R14, R47, I8: rings, emergencies, clocks, rules, policies and revocations count as if nothing were remembered."""
    hold(EXAMPLES)()


_READ = TokenMemo.read


class _ForEveryKeySet(TokenMemo):
    """A memo whose key lacks the key set."""

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        known = {(key[0], key[2]): checked for key, (checked, _) in self._entries.items()}
        return known.get((_digest(raw), policy)) or _READ(self, raw, keys, policy)


class _ForEveryPolicy(TokenMemo):
    """A memo whose key lacks the policy."""

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        known = {(key[0], key[1]): checked for key, (checked, _) in self._entries.items()}
        return known.get((_digest(raw), keys)) or _READ(self, raw, keys, policy)


class _ForEverySignature(TokenMemo):
    """A memo whose key lacks the token's end."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Any, Checked] = {}

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        key = raw[:-4], keys, policy
        if key not in self._known:
            self._known[key] = _READ(self, raw, keys, policy)
        return self._known[key]


class _WithTimes(TokenMemo):
    """A memo that remembers that the times of a token held."""

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        signed, targets = _READ(self, raw, keys, policy)
        once = self.__dict__.setdefault("once", {}).setdefault(id(signed), _CheckedOnce(signed))
        return once, targets


class _CheckedOnce:
    def __init__(self, signed: Any) -> None:
        self.signed, self.held = signed, False

    def at(self, now: float) -> VerifiedAccessToken:
        token: VerifiedAccessToken = self.signed.before_times if self.held else self.signed.at(now)
        self.held = True
        return token


class _WithErrors(TokenMemo):
    """A memo in which refusals take a place."""

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> Checked:
        try:
            return _READ(self, raw, keys, policy)
        except TokenError:
            self._entries[_digest(raw), keys, policy] = cast("Checked", None), 0
            raise


class _WithDecisions(Authorizer):
    """An authorizer that remembers that a token was allowed: of revocations, or of rules."""

    revocations = True

    def authorize(self, request: AuthorizerRequest, rules: ApiRules) -> VerifiedAccessToken:
        allowed: dict[str, Any] = self.__dict__.setdefault("allowed", {})
        try:
            token = super().authorize(request, rules)
        except Refused as refusal:
            jti = None if refusal.token is None else refusal.token.jti
            if jti not in allowed or not self._forgives(refusal):
                raise
            return allowed[jti]  # type: ignore[no-any-return]
        allowed[token.jti] = token
        return token

    def _forgives(self, refusal: Refused) -> bool:
        return refusal.reason == "revoked" if self.revocations else isinstance(refusal, Forbidden)


class _WithRules(_WithDecisions):
    revocations = False


def _digest(raw: str) -> bytes:
    return sha256(raw.encode()).digest()


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (authorize, "TokenMemo", _ForEveryKeySet),
        (authorize, "TokenMemo", _ForEveryPolicy),
        (authorize, "TokenMemo", _ForEverySignature),
        (authorize, "TokenMemo", _WithTimes),
        (authorize, "TokenMemo", _WithErrors),
        (access_token, "MappingProxyType", dict),
        (sys.modules[__name__], "Remembering", _WithDecisions),
        (sys.modules[__name__], "Remembering", _WithRules),
    ],
    ids=["key set", "policy", "signature", "times", "errors", "claims", "revocations", "rules"],
)
def test_a_fault_of_the_memo_is_found(place: object, name: str, fault: object) -> None:
    """Each fault that a memo can have, put in its place, changes an answer that the property compares."""
    with patch.object(place, name, fault), pytest.raises(AssertionError):
        hold(400, phases=[Phase.generate])()
