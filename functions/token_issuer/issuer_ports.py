"""The ports of the issuer: those of every endpoint, and those of the endpoints for users."""

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
    )
    from keyturn.user_ports import AuthorityReader, ConsentReader, InteractionOpener, SessionReader, UserReader
    from token_issuer.resource_server_view import ResourceServerView
    from token_issuer.ring_view import RingView


class Ports(NamedTuple):
    """The outside world as the issuer needs it."""

    ring: RingView
    signer: Signer
    clients: ClientReader
    resource_servers: ResourceServerView
    revocations: RevocationReader
    revocation_writer: RevocationWriter
    grants: GrantStore
    clock: Clock
    assertions: AssertionLog
    rates: RateCounter


class UserPorts(NamedTuple):
    """The further ports of the authorization and userinfo endpoints."""

    users: UserReader
    authorities: AuthorityReader
    consents: ConsentReader
    sessions: SessionReader
    interactions: InteractionOpener
    grants: GrantWriter
