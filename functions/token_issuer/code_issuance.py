"""Issues a code: one transaction writes the user's grant and marks the interaction as used."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from keyturn.domain.grants.grant import CODE_LIFETIME, CodeBinding, Grant
from keyturn.domain.grants.grant_credentials import AuthorizationCode, new_grant_id
from keyturn.domain.interactions.interaction import Interaction
from token_issuer.authorization_request import AuthorizationRequest
from token_issuer.signed_in_user import SignedInUser

if TYPE_CHECKING:
    from keyturn.ports import GrantWriter
    from keyturn.user_ports import SessionReader


class CodeIssuance:
    """Issues codes."""

    def __init__(self, grants: GrantWriter, sessions: SessionReader) -> None:
        self._grants = grants
        self._sessions = sessions

    def issue(
        self, request: AuthorizationRequest, user: SignedInUser, interaction: Interaction | None
    ) -> AuthorizationCode | None:
        """Return the code, or None if the session is gone or the interaction was used, denied or changed meanwhile."""
        session = user.session
        # The early end of the present: every later cutoff ends the grant.
        now = math.floor(user.since.earliest)
        # The session is updated first: a logout must know that a client may hold tokens with its sid.
        is_recorded = session.gave_code and not session.is_due(now)
        if not is_recorded and not self._sessions.touch(session, now=now, gave_code=True):
            return None
        code = AuthorizationCode(new_grant_id(secrets.token_bytes(16)), secrets.token_bytes(32))
        grant = _grant(code, request, user, now)
        return code if self._grants.create(grant, interaction=interaction) else None


def _grant(code: AuthorizationCode, request: AuthorizationRequest, user: SignedInUser, now: int) -> Grant:
    session = user.session
    return Grant(
        gid=code.gid,
        client_id=request.client.client_id,
        subject=session.subject,
        audience=request.access.audience,
        scope=request.access.scope,
        created_at=now,
        code=CodeBinding(
            code_hash=code.code_hash,
            redirect_uri=request.redirect_uri,
            challenge=request.challenge,
            expires_at=now + CODE_LIFETIME,
        ),
        session_id=session.session_id,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        nonce=request.nonce,
        claims=user.claims,
    )
