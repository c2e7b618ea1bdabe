"""The demo client: registered once for each state of the emulator, with a secret of its own."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.clients.client import Client, hash_secret
from keyturn.domain.errors import AlreadyExists
from local.demo_memory import remembered

if TYPE_CHECKING:
    from pathlib import Path

    from local.emulator import Emulator

AUDIENCE = "https://api.example.com"
SCOPES = ("reports:read", "reports:write")


@dataclass(frozen=True, slots=True)
class DemoClient:
    """The credentials of the demo client."""

    client_id: str
    client_secret: str


def register_demo_client(emulator: Emulator, table: str, memory: Path) -> DemoClient:
    """Return the demo client of this state, registered if it is missing; only `memory` holds its secret."""
    demo_client = remembered(memory, DemoClient, lambda: DemoClient("demo", secrets.token_urlsafe(32)))
    client = Client(
        client_id=demo_client.client_id,
        name="Demo client of the embedded stack",
        secret_hashes=(hash_secret(demo_client.client_secret),),
        grant_types=frozenset({"client_credentials"}),
        scopes=frozenset(SCOPES),
        audiences=(AUDIENCE,),
        created_at=int(time.time()),
    )
    with contextlib.suppress(AlreadyExists):
        DynamoDbClientRegistry(emulator.client("dynamodb"), table).add(client)
    return demo_client
