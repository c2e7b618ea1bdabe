"""The issuer with a login that asks nobody: the user is whoever the client's login_hint names.

Tests put it into the embedded stack in the place of the issuer; no template has it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from keyturn.adapters.system_clock import wall_seconds
from token_issuer import app
from token_issuer.bootstrap import compose, connect
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.login import Authentication, LoginDemand
from token_issuer.request import Request
from token_issuer.settings import Settings


class NobodyAsks:
    """A Login in which every hint is a user, and no hint at all is somebody who has not logged in."""

    def authenticate(self, _request: Request, demand: LoginDemand) -> Authentication | None:
        """Return the user of the hint, logged in a minute ago, or now where that is demanded."""
        if demand.login_hint is None:
            return None
        name = hashlib.sha256(demand.login_hint.encode()).hexdigest()[:32]
        age = 0 if demand.again or demand.max_age is not None else 60
        return Authentication(
            subject=f"u_{name}",
            auth_time=int(wall_seconds()) - age,
            session_id=f"s_{name}",
            acr="urn:example:hint",
            amr=("user",),
        )

    def user_claims(self, subject: str) -> Mapping[str, Any]:
        """Return an address for everybody."""
        return {"email": f"{subject}@example.com", "email_verified": True}


@cache
def bootstrap() -> Mapping[str, Endpoint]:
    """Return the endpoints that the environment describes, and those that a login adds."""
    settings = Settings.from_environment(os.environ)
    return compose(settings, connect(settings)._replace(login=NobodyAsks()))


app.bootstrap = bootstrap  # type: ignore[attr-defined]  # in the place of the one that it imports
lambda_handler = app.lambda_handler
