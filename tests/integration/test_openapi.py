"""The OpenAPI description, held against the issuer over HTTP: through the front proxy, Lambda and DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.http_api_event import basic
from tests.fakes.openapi import check_call, direct_session, load_description
from tests.integration.user_stack import Application, register

if TYPE_CHECKING:
    from schemathesis import Case

    from local.stack_file import StackFile

SCHEMA = load_description(systematic=False)


@pytest.fixture(scope="module")
def application(stack: StackFile) -> Application:
    """Return the client of the description's examples."""
    return register(
        stack,
        client_id="app",
        redirect_uris=("https://app.example/callback",),
        scopes=frozenset({"openid", "email", "orders:read"}),
        audiences=("https://api.example",),
    )


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_schemathesis_sends_is_answered_as_described(application: Application, case: Case[Any]) -> None:
    """R20, R21: random requests, good and bad, have answers of the description; no check of schemathesis fails."""
    headers = {} if "userinfo" in case.path else basic(application.client_id, application.secret)
    check_call(case, headers=headers, base_url=application.stack.issuer, session=direct_session())
