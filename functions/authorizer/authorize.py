"""The decision, in the order in which it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.credentials import bearer_token
from authorizer.refusal import Forbidden, Unauthorized
from keyturn.domain.revocations.revocation import is_revoked, targets_of
from keyturn.jose import TokenError, TokenErrorReason, verify_access_token
from keyturn.jose.compact import UnverifiedToken

if TYPE_CHECKING:
    from authorizer.access_rules_cache import AccessRulesCache
    from authorizer.allow_log import AllowLog
    from authorizer.key_ring_cache import KeyRingCache
    from authorizer.metrics import Metrics
    from authorizer.request import AuthorizerRequest
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.access.api_rules import ApiRules
    from keyturn.jose import KeySet, VerificationPolicy, VerifiedAccessToken
    from keyturn.ports import RevocationReader


class Authorizer:
    """Decides about requests: with keys and revocations younger than the bound."""

    def __init__(
        self,
        keys: KeyRingCache,
        revocations: RevocationReader,
        policy: VerificationPolicy,
        rules: AccessRulesCache,
        time: SandboxTime,
        metrics: Metrics,
        allow_log: AllowLog,
    ) -> None:
        """Take what a decision needs, and where it is counted and logged."""
        self._keys = keys
        self._revocations = revocations
        self._policy = policy
        self._time = time
        self._rules = rules
        self.metrics = metrics
        self.allow_log = allow_log

    def rules_of(self, request: AuthorizerRequest) -> ApiRules:
        """Begin the decision about a request: return the access rules of its API, as they are now."""
        self._time.begin(request)
        return self._rules.rules().of_api(request.api_id)

    def authorize(self, request: AuthorizerRequest, rules: ApiRules) -> VerifiedAccessToken:
        """Return the request's token if the rules open the route to it; raises Unauthorized, Forbidden.

        Any other error is a fault, and no reason to allow or to deny.
        """
        raw = bearer_token(request)
        keys = self._keys.keys()
        # One time for the whole decision: a token that is in time when it is verified meets its revocation, however
        # long the store takes to answer.
        now = self._time.seconds()
        token = self._verify(raw, keys, now)
        self._check_revocations(token, now)
        _check_rules(request, rules, token)
        return token

    def _verify(self, raw: str, keys: KeySet, now: float) -> VerifiedAccessToken:
        try:
            token = verify_access_token(raw, keys, self._policy, now=now)
        except TokenError as error:
            raise Unauthorized(error.reason.value, kid=_kid_of(raw)) from None
        if "cnf" in token.claims:
            # Bound to a key that nobody has proven here: as a bearer token it may be stolen (RFC 9449 §7.2).
            raise Unauthorized("sender_constrained", token=token)
        return token

    def _check_revocations(self, token: VerifiedAccessToken, now: float) -> None:
        found = self._revocations.find(targets_of(token))
        if found and is_revoked(token, found, now):
            raise Unauthorized("revoked", token=token)


def _check_rules(request: AuthorizerRequest, rules: ApiRules, token: VerifiedAccessToken) -> None:
    if not rules.accepts_audience(token):
        raise Unauthorized(TokenErrorReason.INVALID_AUDIENCE.value, token=token)
    reason = rules.refusal(request, token)
    if reason is not None:
        raise Forbidden(reason, token=token)


def _kid_of(raw: str) -> str | None:
    """Return the kid of a refused token if it has the one safe form: operators look for it when keys turn."""
    try:
        return UnverifiedToken(raw).header.kid
    except TokenError:
        return None
