"""What the authorization endpoint needs of a login: who the user is, or a page that finds out.

A port of the issuer's own, since it speaks HTTP. Without one the issuer has neither an authorization endpoint nor the
grants that begin there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from token_issuer.request import Request
from token_issuer.responses import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who authenticated, when and how: `subject` begins with `u_`, `auth_time` is service time in whole seconds.

    `session_id` (sid) names the user's session; `claims` are values of custom claims for resource servers.
    """

    subject: str
    auth_time: int
    session_id: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDemand:
    """What a client asks of the authentication (OIDC Core §3.1.2.1).

    `may_interact` is False for prompt=none; `again` is True for prompt=login and for max_age=0, which means the same;
    `max_age` in seconds, or None.
    """

    client_name: str
    may_interact: bool = True
    again: bool = False
    max_age: int | None = None
    login_hint: str | None = None


class Login(Protocol):
    """Whoever knows the users."""

    def authenticate(self, request: Request, demand: LoginDemand, /) -> Authentication | Response | None:
        """Return who the user is, or the page to show; None where that would need a page, and there may be none."""

    def user_claims(self, subject: str, /) -> Mapping[str, Any]:
        """Return the user's standard claims (OIDC Core §5.1); empty for one who is gone."""
