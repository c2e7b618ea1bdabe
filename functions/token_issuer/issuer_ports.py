"""The ports of the issuer: those of all endpoints, and those of the user endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keyturn.ports import (
        AssertionLog,
        ClientReader,
        Clock,
        GrantStore,
        GrantWriter,
        RateCounter,
        RevocationReader,
        RevocationWriter,
        Signer,
        SuccessorKey,
    )
    from keyturn.user_ports import AuthorityReader, ConsentReader, InteractionOpener, SessionReader, UserReader
    from token_issuer.key_ring_cache import KeyRingCache
    from token_issuer.resource_server_cache import ResourceServerCache


class Ports(NamedTuple):
    """The ports of all endpoints."""

    ring: KeyRingCache
    signer: Signer
    clients: ClientReader
    resource_servers: ResourceServerCache
    revocations: RevocationReader
    revocation_writer: RevocationWriter
    grants: GrantStore
    clock: Clock
    assertions: AssertionLog
    rates: RateCounter
    successor_key: SuccessorKey


class UserPorts(NamedTuple):
    """The further ports of the authorization and userinfo endpoints."""

    users: UserReader
    authorities: AuthorityReader
    consents: ConsentReader
    sessions: SessionReader
    interactions: InteractionOpener
    grants: GrantWriter
