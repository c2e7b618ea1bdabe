"""The authorizer as `bootstrap` composes it, on a counted DynamoDB, at a time that is set."""

from __future__ import annotations

import json
from functools import partial
from unittest.mock import patch

from authorizer import bootstrap as root
from authorizer.request import parse_request
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.ssm_parameters import SsmParameters
from tests.fakes import token_factory
from tests.fakes.authorizer_events import API_ID, authorizer_event
from tests.fakes.counted_dynamodb import CountedDynamoDB
from tests.fakes.scripted_connection import ScriptedConnections

BOUND = 10
ENVIRON = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "ISSUER": token_factory.ISSUER,
    "AUDIENCES": token_factory.AUDIENCE,
    "KEY_RING_TABLE": "rings",
    "REVOCATION_TABLE": "revocations",
    "LEEWAY_SECONDS": "10",
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "REVOCATION_BOUND_SECONDS": str(BOUND),
    "FUNCTION_TIMEOUT_SECONDS": "3",
    "ALLOWED_LOG_PERCENT": "10",
    "ACCESS_RULES": json.dumps({"apis": {API_ID: {"answer": "simple", "routes": {"GET /reports": []}}}}),
}


class ComposedAuthorizer:
    """A sandbox: each `decide` is one request with a good token, and returns what it asked DynamoDB for."""

    def __init__(self, mode: str, parameters: ScriptedConnections | None = None, **variables: str) -> None:
        """Compose an authorizer of this mode; nothing is asked yet.

        `parameters` is what SSM answers where the access rules are in the parameter `/rules`. `variables` change the
        environment.
        """
        self.now = float(token_factory.NOW)
        self.frozen = 0.0  # seconds that the monotonic clock did not count
        self.dynamodb = CountedDynamoDB()
        self._request = parse_request(authorizer_event("http_2.0", token_factory.make_token()))
        where = {} if parameters is None else {"ACCESS_RULES_PARAMETER": " /rules ", "ACCESS_RULES": ""}
        with (
            patch.dict("os.environ", ENVIRON | {"REVOCATION_MODE": mode} | where | variables, clear=True),
            patch.object(root, "DynamoDb", partial(DynamoDb, connect=self.dynamodb)),
            patch.object(root, "SsmParameters", partial(SsmParameters, connect=parameters or ScriptedConnections())),
            patch.object(root, "wall_seconds", lambda: self.now),
            patch.object(root, "monotonic_seconds", lambda: self.now - self.frozen),
        ):
            self.function = root.bootstrap.__wrapped__()

    def decide(self) -> list[tuple[str, str]]:
        """Let one request pass; return the operations and their tables."""
        asked = len(self.dynamodb.operations)
        with patch.dict("os.environ", ENVIRON):  # the client reads its credentials at each call
            authorizer = self.function.authorizer
            authorizer.authorize(self._request, authorizer.begin(self._request))
        return self.dynamodb.operations[asked:]
