"""The ports for users, sessions and credentials: each is the interface that one caller needs, in the domain's terms.

Every method may raise StoreUnavailable or AccessDenied, as in `keyturn.ports`; it names other errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.interactions.interaction import ConsentMark, Interaction
    from keyturn.domain.sessions.session import Session
    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.consent import Consent
    from keyturn.domain.users.user import User


class UserReader(Protocol):
    """Reads of a profile, which the issuer needs for userinfo."""

    def get(self, subject: str) -> User | None:
        """Return the profile, or None; strongly consistent. Raises ItemDamaged."""


class UserStore(UserReader, Protocol):
    """Reads and writes of profiles, for the login; a normalised email address belongs to at most one user."""

    def find_subject(self, email: str) -> str | None:
        """Return the subject that has reserved the normalised address, or None; strongly consistent."""

    def create(self, user: User, *, email: str) -> None:
        """Store a new profile and reserve its normalised address in one transaction; raises AlreadyExists."""

    def update(self, user: User, *, email: str, previous_email: str) -> User:
        """Store the next revision, moving the reservation if the normalised address changed.

        Raises VersionConflict, and AlreadyExists for an address of another user.
        """

    def erase(self, subject: str, *, email: str | None) -> None:
        """Delete the profile, its reservation and its consents; may be repeated."""


class AuthorityReader(Protocol):
    """Reads of what an operator decided about a user, for login and issuer."""

    def get(self, subject: str) -> Authority | None:
        """Return the authority, or None for a user who cannot sign in; strongly consistent. Raises ItemDamaged."""


class AuthorityStore(AuthorityReader, Protocol):
    """Reads and writes of authorities, for the operator."""

    def create(self, authority: Authority) -> None:
        """Store a new authority; raises AlreadyExists."""

    def update(self, authority: Authority) -> Authority:
        """Store the authority as its next revision and return it; raises VersionConflict."""

    def remove(self, subject: str) -> None:
        """Delete the authority of an incomplete creation; may be repeated. The tombstone of an erased user stays."""


class UserDirectory(Protocol):
    """Reads of all users, for the operator."""

    def pages(self, after: str | None = None) -> Iterator[tuple[tuple[Authority, User | None], ...]]:
        """Yield pages of users in a stable order, beginning after the subject `after`.

        A user without a profile has None beside the authority: a creation or an erasure was interrupted. Reads are
        strongly consistent; raises ItemDamaged.
        """


class ConsentReader(Protocol):
    """Reads of a consent, for the issuer."""

    def get(self, subject: str, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None; strongly consistent. Raises ItemDamaged."""


class ConsentStore(ConsentReader, Protocol):
    """Reads and withdrawals of consents, for the login; InteractionStore.consent writes a new one."""

    def list(self, subject: str) -> tuple[Consent, ...]:
        """Return the user's consents, by client."""

    def withdraw(self, subject: str, client_id: str, *, until: int) -> None:
        """Delete the consent unless it was given after `until`, service time in whole seconds; may be repeated."""


class SessionReader(Protocol):
    """Reads of a session and of its last use, for the issuer."""

    def get(self, key_hash: str) -> Session | None:
        """Return the session of a cookie's hash, even expired, or None; strongly consistent. Raises ItemDamaged."""

    def touch(self, session: Session, *, now: int, gave_code: bool) -> bool:
        """Write `last_used_at`, and `gave_code` if it is True; return False if the session is gone."""


class SessionStore(SessionReader, Protocol):
    """Reads and deletions of sessions, for the login."""

    def list(self, subject: str) -> tuple[Session, ...]:
        """Return the user's sessions that exist, newest first; strongly consistent."""

    def delete(self, session: Session) -> bool:
        """Delete the session and its pointer in one transaction; may be repeated.

        Return False, with nothing deleted, if the session gave its first code since it was read: its sid has to be
        revoked first.
        """


class InteractionReader(Protocol):
    """Reads of an interaction, for login and issuer."""

    def get(self, key_hash: str) -> Interaction | None:
        """Return the interaction, also an expired one, or None; strongly consistent. Raises ItemDamaged."""


class InteractionOpener(InteractionReader, Protocol):
    """Writes of interactions by the issuer, each conditional on what was read."""

    def create(self, interaction: Interaction) -> None:
        """Store a new interaction; raises AlreadyExists."""

    def bind(self, interaction: Interaction) -> bool:
        """Write browser, demands and session of an unbound interaction; return False if another browser was first.

        Return True and change nothing where this browser has bound it before.
        """

    def demand(self, interaction: Interaction) -> bool:
        """Write demands and session, and remove all marks; return False if it is used, denied or deleted."""


class InteractionStore(InteractionReader, Protocol):
    """Writes of marks by the login, each conditional on what was read."""

    def consent(self, interaction: Interaction, mark: ConsentMark, consent: Consent) -> bool:
        """Write the mark and the user's consent in one transaction.

        Return False if the interaction is used, denied, expired or deleted, or its browser or session changed since the
        read: the mark belongs to the user of that session.
        """

    def confirm(self, interaction: Interaction, at: int) -> bool:
        """Write the mark of a confirmed native client; return False as `consent` does."""

    def deny(self, interaction: Interaction) -> bool:
        """Write that the user refused; return False if the interaction is used or deleted."""


class PasswordStore(Protocol):
    """Passwords, as the login stores them."""

    def get(self, subject: str) -> PasswordCredential | None:
        """Return the stored password, or None; strongly consistent. Raises ItemDamaged."""

    def rehash(self, credential: PasswordCredential, *, previous: PasswordCredential) -> bool:
        """Replace the hash of the same password and revision by one of a higher cost; return False if it changed."""

    def add_link(self, link: Link) -> None:
        """Store a one-time link."""

    def get_link(self, key_hash: str) -> Link | None:
        """Return the link, also an expired one, or None; strongly consistent. Raises ItemDamaged."""

    def erase(self, subject: str) -> None:
        """Delete password, known browsers and failures of the user; may be repeated."""


class SignInStore(Protocol):
    """The transactions that start a session or change a password, each with every condition that makes it true."""

    def sign_in(
        self,
        session: Session,
        *,
        authority: Authority,
        credential: PasswordCredential,
        replaced: Session | None,
        interaction: Interaction | None,
    ) -> bool:
        """Start the session, delete the replaced one, and mark the interaction as authenticated, without later marks.

        It is one transaction with these conditions. `authority` is still active at its revision. `credential` still has
        its revision. The interaction is open at `session.created_at`, and of this browser. A replaced session gave no
        first code since the read, and still exists if its sid goes on. Return False if one of them fails: the caller
        reads and decides again.
        """

    def change_password(
        self,
        credential: PasswordCredential,
        *,
        authority: Authority,
        user: User,
        previous: PasswordCredential | None,
        link: Link | None,
    ) -> bool:
        """Store the next password and delete the link; the new revision invalidates all known browsers.

        It is one transaction with these conditions. `authority` is still active at its revision. `user` and `previous`
        still have their revisions. The link still exists, and has not expired at `credential.changed_at`. Return False
        if one of them fails.
        """


class KnownBrowsers(Protocol):
    """Browsers in which a user has fully authenticated (OWASP device cookies): an own bucket, never a factor."""

    def knows(self, subject: str, device_hash: str, *, credential_revision: int, now: int) -> bool:
        """Return whether the browser has authenticated with the user's present password; strongly consistent."""

    def remember(self, subject: str, device_hash: str, *, credential_revision: int, expires_at: int) -> None:
        """Remember the browser for the user."""

    def forget(self, subject: str) -> None:
        """Forget every browser of the user; may be repeated."""


class Attempts(Protocol):
    """Counters that bound guessing. A key names its bucket; the window is a part of the stored key."""

    def take(self, bucket: str, *, limit: int, window: int, now: int) -> int:
        """Count one more; return 0 within `limit` in this window of `window` seconds, else the seconds until the next.

        It is one conditional write: of two attempts at once at the limit, one is refused. A refused one does not count.
        """

    def fail(self, subject: str, *, now: int) -> int:
        """Count one more failure in a row from unknown browsers, and return how many there are."""

    def failures(self, subject: str) -> int:
        """Return the failures in a row from unknown browsers; strongly consistent."""

    def forgive(self, subject: str) -> None:
        """Reset the failures to 0, after a success from an unknown browser, a link, or an operator's `unlock`."""


class Pepper(Protocol):
    """A MAC by a key that never leaves KMS."""

    @property
    def key(self) -> str:
        """The ARN of the key that new passwords use."""

    def mac(self, key: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message by the key of this ARN; raises KeyUnusable, Throttled."""
