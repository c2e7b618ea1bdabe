"""The ports to stores, keys and clocks: each is the interface that one caller needs, in the domain's terms.

Every method may raise StoreUnavailable (time-out, throttling, partial answer) or AccessDenied; it names other errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from keyturn.domain.clients.client import Client
    from keyturn.domain.clients.resource_server import ResourceServer
    from keyturn.domain.grants.grant import Grant, Redemption, Rotation
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.keys.key_ring import KeyRing
    from keyturn.domain.revocations.revocation import Revocation
    from keyturn.domain.revocations.revocation_snapshot import FeedEntry
    from keyturn.domain.time.service_time import ServiceTime


class Clock(Protocol):
    """Service time, which other functions can compare."""

    def now(self) -> ServiceTime:
        """Return the interval that contains the present; raises ClockUnavailable before any store has answered."""

    def pause(self, seconds: float) -> None:
        """Return after this number of seconds."""


class KeyRingReader(Protocol):
    """Reads of all key rings, for verifiers and signers."""

    def load_all(self) -> tuple[KeyRing, ...]:
        """Return all stored rings, the default one first, each strongly consistent.

        Raises KeyRingMissing without a default ring, ItemDamaged if any ring is damaged.
        """


class NamedKeyRingReader(Protocol):
    """Reads of the key rings of some names, for a verifier that knows which rings there are."""

    def load(self, names: Iterable[str]) -> tuple[KeyRing, ...]:
        """Return the stored rings of these names, the default one first, each strongly consistent.

        Raises KeyRingMissing without a default ring, ItemDamaged if any of them is damaged.
        """


class KeyRingStore(Protocol):
    """Reads and writes of one ring, for the rotator: each write is conditional on the version that was read."""

    def load(self, name: str) -> KeyRing:
        """Return the ring, strongly consistent; raises KeyRingMissing, ItemDamaged."""

    def create(self, ring: KeyRing) -> KeyRing:
        """Store the first version of a ring; raises AlreadyExists."""

    def save(self, ring: KeyRing) -> KeyRing:
        """Store the ring as the next version if its version is still the stored one; raises VersionConflict."""

    def save_compromise(self, ring: KeyRing, compromised_kids: Sequence[str]) -> KeyRing:
        """Store the ring and all copies of global in one transaction (invariant I8); raises VersionConflict."""


class Signer(Protocol):
    """Signatures by a key whose private part never leaves KMS."""

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return KMS's signature over the signing input, as KMS encodes it; raises KeyUnusable, Throttled."""


class KeyProvisioner(Signer, Protocol):
    """The only port that creates, disables or deletes keys."""

    def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
        """Create a signing key with its policy and the nonce in a tag, and return its ARN; the size is in bits."""

    def public_key(self, arn: str) -> bytes:
        """Return the public key as DER SubjectPublicKeyInfo (RFC 5280 §4.1)."""

    def find_by_nonce(self, nonce: str, *, since: int) -> tuple[str, ...]:
        """Return the ARNs of this stack's keys with the nonce, created since then and not pending deletion.

        `since` is in seconds since the epoch. Others can set tags too: a key may be of another creation.
        """

    def can_sign(self, arn: str) -> bool:
        """Return whether KMS signs with the key: False if it is disabled, pending deletion or deleted."""

    def repair_policy(self, arn: str) -> bool:
        """Set the expected key policy if the key has another one; return whether it had."""

    def disable(self, arn: str) -> None:
        """Disable the key; a key that is disabled, pending deletion or deleted is accepted."""

    def schedule_deletion(self, arn: str, window_days: int) -> None:
        """Schedule the key's deletion; a key that is pending deletion or deleted is accepted."""


class RevocationReader(Protocol):
    """Reads of the revocations that may apply to a token, for verifiers."""

    def find(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        """Return the stored revocations of these targets, strongly consistent; StoreUnavailable unless all are read.

        Raises ItemDamaged for an item that this release cannot read: it may be a revocation.
        """


class RevocationFeed(Protocol):
    """Reads of new revocations, for verifiers that have the live ones in memory."""

    def global_revocation(self) -> tuple[int, Revocation | None]:
        """Return service time, in whole seconds and not later than now, and a copy of global, or None.

        The read is strongly consistent; raises ItemDamaged.
        """

    def entries(self, since: int, now: int) -> Iterable[FeedEntry]:
        """Yield all entries written from `since` on, strongly consistent; `now` is not later than this read.

        Raises ItemDamaged, and StoreUnavailable if a part cannot be read: the entries are incomplete then.
        """


class RevocationWriter(Protocol):
    """Writes of revocations: of tokens, grants, sessions, users and clients."""

    def revoke(self, revocation: Revocation, *, reason: str, actor: str) -> None:
        """Store the target item and its feed item in one transaction; return when the revocation bound begins.

        Idempotent: an equal or a stronger stored revocation stays. A repeat of an acknowledged revocation writes
        nothing. A repeat of any other one is written again.
        """


class ClientReader(Protocol):
    """Reads of a registered client, for issuer and login."""

    def get(self, client_id: str) -> Client | None:
        """Return the client, or None; raises ItemDamaged."""


class ClientRegistry(ClientReader, Protocol):
    """Reads and writes of registered clients, for the operator."""

    def add(self, client: Client) -> None:
        """Store a new client; raises AlreadyExists."""

    def update(self, client: Client) -> Client:
        """Store the client as the next revision of the stored one, and return it; raises VersionConflict, ItemNewer."""

    def remove(self, client_id: str) -> bool:
        """Remove the registration; return whether there was one."""

    def list(self) -> tuple[Client, ...]:
        """Return all clients, by id."""


class ResourceServerReader(Protocol):
    """Reads of a registered resource server, for the issuer."""

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None if it is not registered; raises ItemDamaged."""


class ResourceServerRegistry(ResourceServerReader, Protocol):
    """Reads and writes of registered resource servers, for the operator."""

    def add(self, server: ResourceServer) -> None:
        """Store a new resource server; raises AlreadyExists."""

    def update(self, server: ResourceServer) -> ResourceServer:
        """Store the resource server as the next revision, and return it; raises VersionConflict, ItemNewer."""

    def remove(self, audience: str) -> bool:
        """Remove the registration; return whether there was one."""

    def list(self) -> tuple[ResourceServer, ...]:
        """Return all resource servers, by audience."""


class GrantStore(Protocol):
    """Codes and refresh tokens: one conditional write decides between simultaneous uses."""

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None; strongly consistent. Raises ItemDamaged."""

    def redeem(self, asked: Redemption, /) -> None:
        """Record the only use of a code; raises GrantRefused, ItemDamaged.

        A repeat of the same request after a lost response does not count as a second use.
        """

    def rotate(self, asked: Rotation, /) -> str:
        """Return the nonce of the presented token's one successor; raises GrantRefused, ItemDamaged.

        It is an earlier request's nonce if that one rotated the token and its response may be lost.
        """


class SuccessorKey(Protocol):
    """The secret of refresh tokens, which the table of grants does not have."""

    def mac(self, message: bytes, /) -> bytes:
        """Return 32 bytes that nobody computes without the key; raises KeyUnusable, Throttled, AccessDenied."""


class GrantWriter(GrantStore, Protocol):
    """Writes of new grants, for the authorization endpoint."""

    def create(self, grant: Grant, *, interaction: Interaction | None = None) -> bool:
        """Store a new grant and mark its interaction used, in one transaction; raises AlreadyExists.

        Return False if the interaction is used by another grant, denied, expired or deleted. Return False if its
        browser, session or authentication changed since the read. A repeat after a lost response succeeds.
        """


class AssertionLog(Protocol):
    """The client assertions that were used (RFC 7523 §3, item 7)."""

    def use(self, client_id: str, jti: str, expires_at: int) -> bool:
        """Store an assertion until it expires, in seconds since the epoch; return False if it was used before.

        It is one conditional write: if two requests present the same assertion at once, one gets True.
        """


class RateCounter(Protocol):
    """Counters of each client's requests at each endpoint in the present minute."""

    def take(self, client_id: str, endpoint: str, rate: int) -> int:
        """Count one request; return 0 if it is within `rate` a minute, else the seconds until the next minute."""
