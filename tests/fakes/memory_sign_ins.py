"""The transactions of a sign-in and of a new password, over the other fakes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keyturn.domain.credentials.link import Link
from keyturn.domain.credentials.password import PasswordCredential
from keyturn.domain.interactions.interaction import Interaction
from keyturn.domain.sessions.session import Session
from keyturn.domain.users.authority import Authority
from keyturn.domain.users.user import User
from login.use_cases import Ports
from tests.fakes.memory_authorities import MemoryAuthorities
from tests.fakes.memory_credentials import MemoryAttempts, MemoryKnownBrowsers, MemoryPasswords, MemoryPepper
from tests.fakes.memory_interactions import MemoryInteractions
from tests.fakes.memory_port import MemoryPort
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sessions import MemorySessions
from tests.fakes.memory_users import MemoryConsents, MemoryUsers

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, Clock, KeyRingReader


class MemorySignIns(MemoryPort):
    """A SignInStore over the fakes of a MemoryLogin."""

    def __init__(self, stores: MemoryLogin) -> None:
        super().__init__()
        self._stores = stores

    def sign_in(
        self,
        session: Session,
        *,
        authority: Authority,
        credential: PasswordCredential,
        replaced: Session | None,
        interaction: Interaction | None,
    ) -> bool:
        """Start the session, delete the replaced one, and mark the interaction; return False if something changed."""
        with self.call("sign_in"):
            sessions, interactions = self._stores.sessions.stored, self._stores.interactions
            if sessions.get(session.key_hash) == session:
                return True
            opened = None if interaction is None else interactions.open(interaction)
            if (
                session.key_hash in sessions
                or not self._holds(authority, credential)
                or (replaced is not None and not _may_replace(sessions, replaced, session))
                or (interaction is not None and (opened is None or opened.is_over(session.created_at)))
            ):
                return False
            if replaced is not None:
                sessions.pop(replaced.key_hash, None)
            sessions[session.key_hash] = session
            if opened is not None:
                interactions.stored[opened.key_hash] = replace(
                    opened,
                    session_id=session.session_id,
                    authenticated_at=session.auth_time,
                    consented=None,
                    confirmed_at=None,
                )
            return True

    def change_password(
        self,
        credential: PasswordCredential,
        *,
        authority: Authority,
        user: User,
        previous: PasswordCredential | None,
        link: Link | None,
    ) -> bool:
        """Store the next password and use up the link; return False if something changed."""
        with self.call("change_password"):
            passwords = self._stores.passwords
            if passwords.stored.get(credential.subject) == credential:
                return True
            profile = self._stores.users.stored.get(user.subject)
            if (
                not self._holds(authority, previous, credential.subject)
                or profile is None
                or profile.revision != user.revision
                or (link is not None and not self._is_there(link, credential.changed_at))
            ):
                return False
            if link is not None:
                del passwords.links[link.key_hash]
            passwords.stored[credential.subject] = credential
            return True

    def _holds(self, authority: Authority, credential: PasswordCredential | None, subject: str = "") -> bool:
        """Return whether the user is still active and the password still the one that was read."""
        stored = self._stores.authorities.stored.get(authority.subject)
        if stored is None or not stored.is_active or stored.revision != authority.revision:
            return False
        password = self._stores.passwords.stored.get(subject if credential is None else credential.subject)
        if password is None or credential is None:
            return password is None and credential is None
        return password.revision == credential.revision

    def _is_there(self, link: Link, now: int) -> bool:
        stored = self._stores.passwords.links.get(link.key_hash)
        return stored is not None and stored.subject == link.subject and stored.expires_at > now


def _may_replace(sessions: dict[str, Session], replaced: Session, session: Session) -> bool:
    stored = sessions.get(replaced.key_hash)
    # A session that is gone was ended, and its sid may be revoked: no other session may have that sid.
    if stored is None:
        return replaced.session_id != session.session_id
    # A code that came since would have no session that knows of it.
    return replaced.gave_code or not stored.gave_code


@dataclass(slots=True)
class MemoryLogin:
    """All stores of the login, over the same items."""

    authorities: MemoryAuthorities = field(default_factory=MemoryAuthorities)
    consents: MemoryConsents = field(default_factory=MemoryConsents)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    known_browsers: MemoryKnownBrowsers = field(default_factory=MemoryKnownBrowsers)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    pepper: MemoryPepper = field(default_factory=MemoryPepper)
    users: MemoryUsers = field(init=False)
    interactions: MemoryInteractions = field(init=False)
    passwords: MemoryPasswords = field(init=False)
    sign_ins: MemorySignIns = field(init=False)

    def __post_init__(self) -> None:
        self.users = MemoryUsers(self.consents)
        self.interactions = MemoryInteractions(self.consents)
        self.passwords = MemoryPasswords(self.known_browsers, self.attempts)
        self.sign_ins = MemorySignIns(self)

    def ports(
        self, *, clock: Clock, rings: KeyRingReader, clients: ClientReader, revocations: MemoryRevocations
    ) -> Ports:
        """Return the login's ports over these stores."""
        return Ports(
            clock=clock,
            rings=rings,
            clients=clients,
            revocations=revocations,
            revocation_writer=revocations,
            users=self.users,
            authorities=self.authorities,
            consents=self.consents,
            passwords=self.passwords,
            sign_ins=self.sign_ins,
            known_browsers=self.known_browsers,
            attempts=self.attempts,
            pepper=self.pepper,
            sessions=self.sessions,
            interactions=self.interactions,
        )
