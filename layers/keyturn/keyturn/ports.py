"""The outside world on one page: each port is what one function needs of it, in the words of the domain.

Every method may raise StoreUnavailable (time-out, throttling, partial answer) or AccessDenied; it says what else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keyturn.domain.client import Client
    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.grant import Grant, Redemption, Rotation
    from keyturn.domain.interactions.interaction import ConsentMark, Interaction
    from keyturn.domain.key_ring import KeyRing
    from keyturn.domain.resource_server import ResourceServer
    from keyturn.domain.revocation import Revocation, Target
    from keyturn.domain.revocation_snapshot import FeedEntry
    from keyturn.domain.sessions.session import Session
    from keyturn.domain.time.service_time import ServiceTime
    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.consent import Consent
    from keyturn.domain.users.user import User


class Clock(Protocol):
    """The time that others will compare."""

    def now(self) -> ServiceTime:
        """Return the interval in which the present lies; raises ClockUnavailable before any store has answered."""

    def pause(self, seconds: float) -> None:
        """Return when so many seconds have passed."""


class KeyRingReader(Protocol):
    """Whoever verifies or signs reads all rings."""

    def load_all(self) -> tuple[KeyRing, ...]:
        """Return the rings that there are, the default one first, each strongly consistent.

        Raises KeyRingMissing without a default ring, ItemDamaged for any of them.
        """


class KeyRingStore(Protocol):
    """The rotator's side of one ring: every write is one conditional write on the version that was read."""

    def load(self, name: str) -> KeyRing:
        """Return the ring, strongly consistent; raises KeyRingMissing, ItemDamaged."""

    def create(self, ring: KeyRing) -> KeyRing:
        """Store the first version of a ring; raises AlreadyExists."""

    def save(self, ring: KeyRing) -> KeyRing:
        """Store the ring as the next version if its version is still the stored one; raises VersionConflict."""

    def save_compromise(self, ring: KeyRing, compromised_kids: Sequence[str]) -> KeyRing:
        """Store the ring and all copies of global in one transaction (invariant I8); raises VersionConflict."""


class Signer(Protocol):
    """Signatures by a key whose private half nobody can read."""

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return KMS's signature over the signing input, as KMS encodes it; raises KeyUnusable, Throttled."""


class KeyProvisioner(Signer, Protocol):
    """The only port that creates, disables or deletes keys."""

    def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
        """Create a signing key with its policy and the nonce in a tag, and return its ARN; the size in bits."""

    def public_key(self, arn: str) -> bytes:
        """Return the public key as DER SubjectPublicKeyInfo (RFC 5280 §4.1)."""

    def find_by_nonce(self, nonce: str) -> tuple[str, ...]:
        """Return the ARNs of this stack's keys that carry the nonce and are not pending deletion."""

    def can_sign(self, arn: str) -> bool:
        """Return whether KMS would sign: not with a key that is disabled, pending deletion or gone."""

    def repair_policy(self, arn: str) -> bool:
        """Put the expected key policy if the key has another; return whether it had to."""

    def disable(self, arn: str) -> None:
        """Disable the key; a key that is disabled, pending deletion or gone already is no error."""

    def schedule_deletion(self, arn: str, window_days: int) -> None:
        """Schedule the key's deletion; a key that is scheduled or gone already is no error."""


class RevocationReader(Protocol):
    """Whoever decides about a token asks here."""

    def find(self, targets: Iterable[Target]) -> tuple[Revocation, ...]:
        """Return the stored revocations of these targets, strongly consistent; all answered or StoreUnavailable.

        Raises ItemDamaged for an item that this release does not read: it may say "revoked".
        """


class RevocationFeed(Protocol):
    """Whoever keeps the live revocations in memory reads here what is new."""

    def everything(self) -> tuple[int, Revocation | None]:
        """Return service time, in whole seconds and not later than now, and a copy of global, or None.

        Strongly consistent; raises ItemDamaged.
        """

    def entries(self, since: int, now: int) -> Iterable[FeedEntry]:
        """Yield what was written from `since` on, all of it, strongly consistent; `now` is not later than this read.

        Raises ItemDamaged, and StoreUnavailable for a part that cannot be had: then some of it was not seen.
        """


class RevocationWriter(Protocol):
    """Whoever ends a token, a grant, a client writes here."""

    def revoke(self, revocation: Revocation, *, reason: str, actor: str) -> None:
        """Store the target item and its feed item in one transaction; returns when the bound's clock has started.

        Idempotent: a revocation that is there already, or a stronger one, stays. A repeat of an acknowledged revocation
        writes nothing; one that was not acknowledged is written again.
        """


class ClientReader(Protocol):
    """Whoever authenticates clients reads them."""

    def get(self, client_id: str) -> Client | None:
        """Return the client, or None; raises ItemDamaged."""


class ClientRegistry(ClientReader, Protocol):
    """The operator's side of the clients."""

    def add(self, client: Client) -> None:
        """Store a new client; raises AlreadyExists."""

    def update(self, client: Client) -> Client:
        """Store the client as the next revision of the stored one, and return it; raises VersionConflict, ItemNewer."""

    def remove(self, client_id: str) -> bool:
        """Remove the registration; return whether there was one."""

    def list(self) -> tuple[Client, ...]:
        """Return all clients, by id."""


class ResourceServerReader(Protocol):
    """Whoever issues tokens reads what those for an audience are like."""

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None where nobody registered it; raises ItemDamaged."""


class ResourceServerRegistry(ResourceServerReader, Protocol):
    """The operator's side of the resource servers."""

    def add(self, server: ResourceServer) -> None:
        """Store a new resource server; raises AlreadyExists."""

    def update(self, server: ResourceServer) -> ResourceServer:
        """Store the resource server as the next revision, and return it; raises VersionConflict, ItemNewer."""

    def remove(self, audience: str) -> bool:
        """Remove the registration; return whether there was one."""

    def list(self) -> tuple[ResourceServer, ...]:
        """Return all resource servers, by audience."""


class GrantStore(Protocol):
    """Codes and refresh tokens: of all uses of one at once, one conditional write decides."""

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None; strongly consistent. Raises ItemDamaged."""

    def redeem(self, asked: Redemption, /) -> None:
        """Note the first and only use of a code; raises GrantRefused, ItemDamaged.

        A request whose own write came through, and whose answer was lost on the way, is no second use.
        """

    def rotate(self, asked: Rotation, /) -> str:
        """Return the nonce of the presented token's one successor; raises GrantRefused, ItemDamaged.

        The nonce is another than the one asked for where the successor was given before, and its answer may be lost.
        """


class GrantWriter(GrantStore, Protocol):
    """The authorization endpoint stores new grants."""

    def create(self, grant: Grant, *, interaction: Interaction | None = None) -> bool:
        """Store a new grant and mark its interaction used, in one transaction; raises AlreadyExists.

        Return False if the interaction is used by another grant, denied, over or gone, or has another browser,
        session or authentication than was read. An own write whose answer was lost is no other grant.
        """


class AssertionLog(Protocol):
    """Which client assertions were used (RFC 7523 §3, item 7)."""

    def use(self, client_id: str, jti: str, expires_at: int) -> bool:
        """Note an assertion until it expires, in seconds since the epoch; return False if it was used before.

        One conditional write: of two that present the same assertion at once, one gets True.
        """


class RateCounter(Protocol):
    """The requests of each client at each endpoint in the present minute."""

    def take(self, client_id: str, endpoint: str, rate: int) -> int:
        """Count one more; return 0 if it is within `rate` a minute, else the seconds until the next minute."""


class UserReader(Protocol):
    """The issuer reads profiles for userinfo."""

    def get(self, subject: str) -> User | None:
        """Return the profile, or None; strongly consistent. Raises ItemDamaged."""


class UserStore(UserReader, Protocol):
    """The login's side of the profiles; a normalised email address belongs to at most one user."""

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
    """Login and issuer read what an operator decided about a user."""

    def get(self, subject: str) -> Authority | None:
        """Return it, or None for a user who cannot sign in; strongly consistent. Raises ItemDamaged."""


class AuthorityStore(AuthorityReader, Protocol):
    """The operator's side."""

    def create(self, authority: Authority) -> None:
        """Store a new one; raises AlreadyExists."""

    def update(self, authority: Authority) -> Authority:
        """Store it as the next revision of the stored one and return it; raises VersionConflict."""

    def remove(self, subject: str) -> None:
        """Delete it where a creation failed half way; may be repeated. The tombstone of an erased user stays."""


class UserDirectory(Protocol):
    """The operator's reads of all users."""

    def pages(self, after: str | None = None) -> Iterator[tuple[tuple[Authority, User | None], ...]]:
        """Yield pages of users, in an order that stays, from the one after the subject `after`.

        A user without a profile has None beside the status: a creation or an erasure stopped half way. Strongly
        consistent; raises ItemDamaged.
        """


class ConsentReader(Protocol):
    """The issuer reads consents."""

    def get(self, subject: str, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None; strongly consistent. Raises ItemDamaged."""


class ConsentStore(ConsentReader, Protocol):
    """The login's side of the consents; a new one is written with its mark (InteractionStore.consent)."""

    def list(self, subject: str) -> tuple[Consent, ...]:
        """Return the user's consents, by client."""

    def withdraw(self, subject: str, client_id: str, *, until: int) -> None:
        """Delete the consent unless it was given after `until`, service time in whole seconds; may be repeated."""


class SessionReader(Protocol):
    """The issuer's side of the sessions."""

    def get(self, key_hash: str) -> Session | None:
        """Return the session of a cookie's hash, ended or not, or None; strongly consistent. Raises ItemDamaged."""

    def touch(self, session: Session, *, now: int, gave_code: bool) -> bool:
        """Write `last_used_at`, and `gave_code` if it is True; return False if the session is gone."""


class SessionStore(SessionReader, Protocol):
    """The login's side of the sessions."""

    def list(self, subject: str) -> tuple[Session, ...]:
        """Return the user's sessions that exist, newest first; strongly consistent."""

    def delete(self, session: Session) -> bool:
        """Delete the session and its pointer in one transaction; may be repeated.

        Return False, with nothing deleted, if the session gave its first code since it was read: its sid has to be
        revoked first.
        """


class InteractionReader(Protocol):
    """Login and issuer read the requests that wait for their user."""

    def get(self, key_hash: str) -> Interaction | None:
        """Return the interaction, over or not, or None; strongly consistent. Raises ItemDamaged."""


class InteractionOpener(InteractionReader, Protocol):
    """The issuer's side of the interactions; every change is conditional on what was read."""

    def create(self, interaction: Interaction) -> None:
        """Store a new interaction; raises AlreadyExists."""

    def bind(self, interaction: Interaction) -> bool:
        """Write browser, demands and session of an unbound one; return False if another browser was first.

        Return True and change nothing where this browser has bound it before.
        """

    def demand(self, interaction: Interaction) -> bool:
        """Begin again: write demands and session without marks; return False if it is used, denied or gone."""


class InteractionStore(InteractionReader, Protocol):
    """The login's side of the interactions: it writes marks, each conditional on what was read."""

    def consent(self, interaction: Interaction, mark: ConsentMark, consent: Consent) -> bool:
        """Write the mark and the user's consent in one transaction.

        Return False if the interaction is used, denied, over or gone, or has another browser or session than was read:
        a mark is of the user whose session it was.
        """

    def confirm(self, interaction: Interaction, at: int) -> bool:
        """Write the mark; return False as `consent` does."""

    def deny(self, interaction: Interaction) -> bool:
        """Write that the user refused; return False if the interaction is used or gone."""


class PasswordStore(Protocol):
    """Passwords, as the login stores them."""

    def get(self, subject: str) -> PasswordCredential | None:
        """Return the stored password, or None; strongly consistent. Raises ItemDamaged."""

    def rehash(self, credential: PasswordCredential, *, previous: PasswordCredential) -> bool:
        """Replace the stored password by the same one at a higher cost, same revision; False if it changed."""

    def add_link(self, link: Link) -> None:
        """Store a one-time link."""

    def get_link(self, key_hash: str) -> Link | None:
        """Return the link, over or not, or None; strongly consistent. Raises ItemDamaged."""

    def erase(self, subject: str) -> None:
        """Delete password, known devices and failures of the user; may be repeated."""


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

        One transaction: `authority` is still active at its revision, `credential` still has its revision, the
        interaction is neither used nor denied nor over at `session.created_at`, and of this browser; a replaced session
        whose sid goes on is still there, and none that is replaced gave its first code since it was read. Return False
        if one of these changed: read them again, and decide again.
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
        """Store the next password and use up the link, known devices forgotten by their revision.

        One transaction: `authority` is still active at its revision, `user` and `previous` still have their revisions,
        the link is still there and not over at `credential.changed_at`. Return False if one of these changed.
        """


class KnownDevices(Protocol):
    """Browsers in which a user has fully authenticated (OWASP device cookies): an own bucket, never a factor."""

    def knows(self, subject: str, device_hash: str, *, credential_revision: int, now: int) -> bool:
        """Return whether the browser is known since the user's present password; strongly consistent."""

    def remember(self, subject: str, device_hash: str, *, credential_revision: int, expires_at: int) -> None:
        """Remember the browser for the user."""

    def forget(self, subject: str) -> None:
        """Forget every browser of the user; may be repeated."""


class Attempts(Protocol):
    """Counters that bound guessing. A key names its bucket; the window is a part of the stored key."""

    def take(self, bucket: str, *, limit: int, window: int, now: int) -> int:
        """Count one more; return 0 within `limit` in this window of `window` seconds, else the seconds until the next.

        One conditional write: of two at once at the limit, one is refused, and a refused one counts nothing.
        """

    def fail(self, subject: str, *, now: int) -> int:
        """Count one more failure in a row from unknown browsers, and return how many there are."""

    def failures(self, subject: str) -> int:
        """Return the failures in a row from unknown browsers; strongly consistent."""

    def forgive(self, subject: str) -> None:
        """Begin again at 0: after a success from an unknown browser, a link, or an operator's `unlock`."""


class Pepper(Protocol):
    """A MAC by a key that never leaves KMS."""

    @property
    def key(self) -> str:
        """The ARN of the key that new passwords use."""

    def mac(self, key: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message by the key of this ARN; raises KeyUnusable, Throttled."""
