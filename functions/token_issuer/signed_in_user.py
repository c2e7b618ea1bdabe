"""Finds the signed-in user of a browser: cookie, session, revocations, the user's status, consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.domain.revocations.revocation import ends_sign_in, pair_cutoff
from keyturn.domain.sessions.session import Session, hash_cookie
from keyturn.domain.time.service_time import ServiceTime
from keyturn.domain.users.consent import Consent
from keyturn.web.cookie import SESSION_COOKIE, Cookie
from keyturn.web.form_guard import FormGuard
from keyturn.web.request import Request
from token_issuer.revocation_check import RevocationChecks

if TYPE_CHECKING:
    from keyturn.user_ports import AuthorityReader, ConsentReader, SessionReader


class SignedInUser(NamedTuple):
    """An active user with a session that has neither expired nor been revoked.

    `claims` are the custom claims that an operator gave the user. `since` is the present before the revocations were
    read: a cutoff that is stored later lies after it. `consent` is the stored consent for the client, None for a
    first-party client. It counts if it is later than `revoked_at`, the last cutoff of the user at the client, or -1.
    """

    session: Session
    claims: Mapping[str, Any]
    since: ServiceTime
    consent: Consent | None
    revoked_at: int


class SignedInUsers:
    """Finds the signed-in user of a browser."""

    def __init__(
        self,
        sessions: SessionReader,
        authorities: AuthorityReader,
        consents: ConsentReader,
        checks: RevocationChecks,
        *,
        secure: bool,
    ) -> None:
        self._cookie = FormGuard(Cookie(SESSION_COOKIE, secure=secure))
        self._sessions = sessions
        self._authorities = authorities
        self._consents = consents
        self._checks = checks

    def find(self, request: Request, client: Client) -> SignedInUser | None:
        """Return the user whose session is valid for the client, or None; raises what the ports raise."""
        secret = self._cookie.secret(request)
        session = None if secret is None else self._sessions.get(hash_cookie(secret))
        if session is None:
            return None
        check = self._checks.read(
            subject=session.subject,
            client_id=client.client_id,
            session_id=session.session_id,
            granted_at=session.auth_time,
        )
        needs_consent = not client.first_party
        revoked = ends_sign_in(check.found, auth_time=session.auth_time, needs_consent=needs_consent)
        if revoked or session.is_over(int(check.since.latest)):
            return None
        # Read after the revocations: an operator writes the status first and then the cutoff, so one of them is seen.
        authority = self._authorities.get(session.subject)
        if authority is None or not authority.is_active:
            return None
        consent = self._consents.get(session.subject, client.client_id) if needs_consent else None
        return SignedInUser(session, authority.claims, check.since, consent, pair_cutoff(check.found))
