"""The outside world on one page: each port is what one function needs of it, in the words of the domain.

Every method may raise StoreUnavailable (time-out, throttling, partial answer) or AccessDenied; it says what else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keyturn.domain.clients.client import Client
    from keyturn.domain.clients.resource_server import ResourceServer
    from keyturn.domain.grants.grant import Grant, Redemption, Rotation
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.keys.key_ring import KeyRing
    from keyturn.domain.revocations.revocation import Revocation, Target
    from keyturn.domain.revocations.revocation_snapshot import FeedEntry
    from keyturn.domain.time.service_time import ServiceTime


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

    def global_revocation(self) -> tuple[int, Revocation | None]:
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
