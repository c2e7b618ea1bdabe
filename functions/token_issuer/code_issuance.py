"""Gives a code: one grant of the session's user, written in one transaction with the end of its interaction."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from keyturn.domain.grants.grant import CODE_LIFETIME, CodeBinding, Grant
from keyturn.domain.grants.grant_credentials import AuthorizationCode, new_grant_id
from keyturn.domain.interactions.interaction import Interaction
from token_issuer.authorization_request import AuthorizationRequest
from token_issuer.current_user import CurrentUser

if TYPE_CHECKING:
    from keyturn.ports import GrantWriter
    from keyturn.user_ports import SessionReader


class CodeIssuance:
    """Gives codes."""

    def __init__(self, grants: GrantWriter, sessions: SessionReader) -> None:
        self._grants = grants
        self._sessions = sessions

    def issue(
        self, asked: AuthorizationRequest, user: CurrentUser, interaction: Interaction | None
    ) -> AuthorizationCode | None:
        """Return the code; None where the session is gone, or the interaction is used, denied or changed by now."""
        session = user.session
        # The early end of the present: every later cutoff ends the grant.
        now = math.floor(user.since.earliest)
        # The session's note comes first: a logout has to know that a client may hold tokens with its sid.
        is_noted = session.gave_code and not session.is_due(now)
        if not is_noted and not self._sessions.touch(session, now=now, gave_code=True):
            return None
        code = AuthorizationCode(new_grant_id(secrets.token_bytes(16)), secrets.token_bytes(32))
        grant = _grant(code, asked, user, now)
        return code if self._grants.create(grant, interaction=interaction) else None


def _grant(code: AuthorizationCode, asked: AuthorizationRequest, user: CurrentUser, now: int) -> Grant:
    session = user.session
    return Grant(
        gid=code.gid,
        client_id=asked.client.client_id,
        subject=session.subject,
        audience=asked.access.audience,
        scope=asked.access.scope,
        created_at=now,
        code=CodeBinding(
            code_hash=code.code_hash,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            expires_at=now + CODE_LIFETIME,
        ),
        session_id=session.session_id,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        nonce=asked.nonce,
        claims=user.claims,
    )
