"""The decision about a request, check by check in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.credentials import bearer_token
from authorizer.refusal import Forbidden, Unauthorized
from authorizer.token_memo import TokenMemo
from keyturn.domain.revocations.revocation import is_revoked
from keyturn.jose import TokenError, TokenErrorReason
from keyturn.jose.compact import UnverifiedToken

if TYPE_CHECKING:
    from authorizer.access_rules_cache import AccessRulesCache
    from authorizer.key_ring_cache import KeyRingCache
    from authorizer.request import AuthorizerRequest
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.access.api_rules import ApiRules
    from keyturn.jose import KeySet, VerificationPolicy, VerifiedAccessToken
    from keyturn.ports import RevocationReader


class Authorizer:
    """Decides about requests, by keys and revocations younger than the bound."""

    def __init__(
        self,
        keys: KeyRingCache,
        revocations: RevocationReader,
        policy: VerificationPolicy,
        rules: AccessRulesCache,
        time: SandboxTime,
    ) -> None:
        self._keys = keys
        self._revocations = revocations
        self._policy = policy
        self._rules = rules
        self._time = time
        self._memo = TokenMemo()

    def prepare(self) -> None:
        """Read the keys and the access rules before the first request; raises KeyturnError if one cannot be read.

        The request's own revocations cannot be read ahead: they are read after its time, or from a snapshot.
        """
        self._keys.keys()
        self._rules.rules()

    def begin(self, request: AuthorizerRequest) -> ApiRules:
        """Begin the decision about a request: take its times, and return the present access rules of its API."""
        self._time.begin(request)
        return self._rules.rules().of_api(request.api_id)

    def authorize(self, request: AuthorizerRequest, rules: ApiRules) -> VerifiedAccessToken:
        """Return the request's token if the rules open the route to it; raises Unauthorized, Forbidden.

        Any other error is a fault: it is a reason neither to allow nor to deny.
        """
        raw = bearer_token(request)
        keys = self._keys.keys()
        # Use one time for the whole decision, however long the store takes to answer: the token meets its revocations
        # at the same time at which it was verified.
        now = self._time.seconds()
        token, targets = self._verify(raw, keys, now)
        self._check_revocations(token, targets, now)
        _check_rules(request, rules, token)
        return token

    def _verify(self, raw: str, keys: KeySet, now: float) -> tuple[VerifiedAccessToken, tuple[str, ...]]:
        try:
            signed, targets = self._memo.read(raw, keys, self._policy)
            token = signed.at(now)
        except TokenError as error:
            raise Unauthorized(error.reason.value, kid=_kid_of(raw)) from None
        if "cnf" in token.claims:
            # The token is bound to a key, whose possession is not proven here: it may be stolen (RFC 9449 §7.2).
            raise Unauthorized("sender_constrained", token=token)
        return token, targets

    def _check_revocations(self, token: VerifiedAccessToken, targets: tuple[str, ...], now: float) -> None:
        found = self._revocations.find(targets)
        if found and is_revoked(token, found, now):
            raise Unauthorized("revoked", token=token)


def _check_rules(request: AuthorizerRequest, rules: ApiRules, token: VerifiedAccessToken) -> None:
    if not rules.accepts_audience(token):
        raise Unauthorized(TokenErrorReason.INVALID_AUDIENCE.value, token=token)
    reason = rules.refusal(request, token)
    if reason is not None:
        raise Forbidden(reason, token=token)


def _kid_of(raw: str) -> str | None:
    """Return the kid of a refused token if its form is safe: operators look for it when keys are rotated."""
    try:
        return UnverifiedToken(raw).header.kid
    except TokenError:
        return None
