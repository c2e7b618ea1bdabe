"""The stack's authorizer in this process: the code of this release, with the deployed function's environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from authorizer.authorize import Authorizer
from authorizer.bootstrap import verification_policy
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Refused
from authorizer.request import AuthorizerRequest, parse_request
from authorizer.settings import AuthorizerSettings
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.access.access_rules import ANY_API, AccessRules
from keyturn.domain.access.api_rules import ANY_METHOD, POLICY, ApiRules, Rule
from keyturn.domain.access.cached_rules import PolicyTooLarge
from keyturn.domain.keys.key_ring import to_jwks
from keyturn.domain.revocations.revocation import Revocation, targets_of
from keyturn.environment import SettingsError
from keyturn.jose import KeySet, VerificationPolicy, VerifiedAccessToken
from keyturn_cli.deployment import Deployment
from keyturn_cli.errors import CommandError
from keyturn_cli.protected_apis import execute_api_account

# Rules that open their one route to every valid token.
_OPEN = ApiRules(POLICY, {"/any": {ANY_METHOD: Rule(ANY_API, "ANY /any", frozenset(), {})}})


class EnvironmentWrong(CommandError):
    """The environment of the deployed function does not fit this release."""


class Decision(NamedTuple):
    """A response: `status` of API Gateway is 200 for a request that passes; otherwise `refusal` or `fault` says why."""

    status: int
    token: VerifiedAccessToken | None = None
    refusal: Refused | None = None
    fault: str = ""


class DeployedAuthorizer:
    """Decides as the deployed function does, with the keys and revocations that are stored now.

    A new object reads the keys and the time, and raises the errors of the adapters. `now` in seconds since the epoch,
    by the service's clock, is the time of every decision.
    """

    def __init__(self, deployment: Deployment, settings: AuthorizerSettings) -> None:
        self.settings = settings
        self.policy: VerificationPolicy = verification_policy(settings)
        self.keys = KeySet.from_jwks(to_jwks(DynamoDbKeyRings(deployment.dynamodb, settings.key_ring_table).load_all()))
        self.now = deployment.clock().now().earliest
        self.account = execute_api_account(deployment.authorizer_arn)
        self._revocations = DynamoDbRevocationReader(deployment.dynamodb, settings.revocation_table)

    def authenticate(self, raw: str) -> VerifiedAccessToken:
        """Return the token if the function accepts it before it looks at access rules; raises Refused."""
        event = {
            "type": "TOKEN",
            "methodArn": f"{self.account}:any/any/GET/any",
            "authorizationToken": f"Bearer {raw}",
        }
        request = parse_request(event)
        return self._with(AccessRules({ANY_API: _OPEN})).authorize(request, _OPEN)

    def decide(self, event: Mapping[str, Any], rules: AccessRules) -> Decision:
        """Return what the function answers to an event, under these access rules."""
        request = parse_request(dict(event))
        authorizer = self._with(rules)
        of_api = authorizer.begin(request)
        try:
            try:
                token = authorizer.authorize(request, of_api)
                allow(request, token, of_api)
            except Refused as refusal:
                status = 401 if refuse(request, refusal, of_api) is None else 403
                return Decision(status, refusal.token, refusal)
        except PolicyTooLarge as fault:
            return Decision(500, fault=str(fault))
        return Decision(200, token)

    def revocation_of(self, token: VerifiedAccessToken) -> Revocation | None:
        """Return a stored revocation that hits the token."""
        found = self._revocations.find(targets_of(token))
        hits = (each for each in found if each.hits(issued_at=token.issued_at, kid=token.kid, now=self.now))
        return next(hits, None)

    def _with(self, rules: AccessRules) -> Authorizer:
        # The caches of the function are for many requests; a command reads keys and rules once.
        once: Any = _ReadOnce(self.keys, rules, self.now)
        return Authorizer(once, self._revocations, self.policy, once, once)


class _ReadOnce:
    """The sources of keys, rules and time for one decision."""

    def __init__(self, keys: KeySet, rules: AccessRules, now: float) -> None:
        self._keys = keys
        self._rules = rules
        self._now = now

    def keys(self) -> KeySet:
        return self._keys

    def rules(self) -> AccessRules:
        return self._rules

    def begin(self, _request: AuthorizerRequest) -> None:
        """Ignore the request: the time of the decision is given."""

    def seconds(self) -> float:
        return self._now


def read_environment(deployment: Deployment) -> dict[str, str]:
    """Return the environment of the deployed function; raises EnvironmentWrong, and the errors of boto3."""
    function = deployment.functions.get_function_configuration(FunctionName=deployment.authorizer_arn)
    environment = function.get("Environment", {})
    if "Error" in environment:
        message = environment["Error"].get("Message", "no message")
        raise EnvironmentWrong(
            f"Lambda does not show the environment of the authorizer function: {message}",
            "check the rights of the caller of `aws sts get-caller-identity`",
        )
    # An emulator adds its endpoint when it starts the function.
    endpoint = {"AWS_ENDPOINT_URL": deployment.functions.meta.endpoint_url}
    return endpoint | environment.get("Variables", {})


def settings_of(environment: Mapping[str, str]) -> AuthorizerSettings:
    """Return the function's settings; raises EnvironmentWrong, which names the wrong or missing variable."""
    try:
        return AuthorizerSettings(environment)
    except SettingsError as error:
        raise EnvironmentWrong(
            f"the authorizer function's environment does not fit this release: {error}",
            "use the `keyturn` of the deployed release, or deploy this one",
        ) from None
