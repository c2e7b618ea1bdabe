"""UpdateItem creates an item that does not exist: a change of an item that is gone must leave the tables empty."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import keyturn.adapters
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.revocations.revocation_feed_item import acknowledgement_update
from keyturn.domain.errors import VersionConflict
from keyturn.domain.grants.grant import GrantRefused
from keyturn.domain.keys.key_ring import KeyRing
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.grant_factory import make_grant, redemption, rotation
from tests.fakes.login_factory import (
    make_consent,
    make_interaction,
    make_mark,
    make_session,
)
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.moto_dynamodb import create_table
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    Change = Callable[[DynamoDBClient], object]

INTERACTION = make_interaction()
RING = KeyRing(name="default", version=3, keys=[], longest_lifetime=900)
TARGET = Target.of(TargetKind.TOKEN, "1")

# Where an update is written, and how many there are: those that must find their item, and those that may create it.
UPDATES = {
    "aws/bounded_counter.py": (0, 1),  # a counter
    "credentials/dynamodb_attempts.py": (0, 1),  # failures in a row
    "credentials/dynamodb_sign_ins.py": (1, 0),
    "grants/dynamodb_grant_writer.py": (1, 0),
    "grants/dynamodb_grants.py": (1, 0),
    "interactions/dynamodb_interaction_items.py": (1, 0),
    "interactions/dynamodb_interaction_opener.py": (1, 0),
    "interactions/dynamodb_interactions.py": (1, 0),
    "keys/dynamodb_key_ring.py": (1, 1),  # the copies of global
    "revocations/dynamodb_revocations.py": (1, 1),  # a target
    "sessions/dynamodb_session_reader.py": (1, 0),
}


def _sign_in(stores: LoginStores) -> bool:
    authority, credential = stores.add_user()
    return stores.sign_ins.sign_in(
        make_session(), authority=authority, credential=credential, replaced=None, interaction=INTERACTION
    )


CHANGES: dict[str, Change] = {
    "a session's last use": lambda dynamodb: dynamodb_stores(dynamodb).sessions.touch(
        make_session(), now=NOW, gave_code=True
    ),
    "a code": lambda dynamodb: dynamodb_stores(dynamodb).grants.redeem(redemption()),
    "a code without a challenge": lambda dynamodb: dynamodb_stores(dynamodb).grants.redeem(redemption(challenge=None)),
    "a refresh token": lambda dynamodb: dynamodb_stores(dynamodb).grants.rotate(rotation()),
    "a grant of an interaction": lambda dynamodb: dynamodb_stores(dynamodb).grants.create(
        make_grant(), interaction=INTERACTION
    ),
    "a browser": lambda dynamodb: dynamodb_stores(dynamodb).opener.bind(INTERACTION),
    "demands": lambda dynamodb: dynamodb_stores(dynamodb).opener.demand(INTERACTION),
    "a consent": lambda dynamodb: dynamodb_stores(dynamodb).interactions.consent(
        INTERACTION, make_mark(), make_consent()
    ),
    "a confirmation": lambda dynamodb: dynamodb_stores(dynamodb).interactions.confirm(INTERACTION, NOW),
    "a denial": lambda dynamodb: dynamodb_stores(dynamodb).interactions.deny(INTERACTION),
    "a sign-in": lambda dynamodb: _sign_in(dynamodb_stores(dynamodb)),
    "a key ring": lambda dynamodb: DynamoDbKeyRingStore(dynamodb, "rings", "revocations").save(RING),
    "an emergency": lambda dynamodb: DynamoDbKeyRingStore(dynamodb, "rings", "revocations").save_compromise(
        RING, ["kid"]
    ),
    "an acknowledgement": lambda dynamodb: dynamodb.update_item(
        TableName="revocations", **acknowledgement_update(TARGET, Revocation(TARGET, expires_at=NOW))
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_an_item_that_is_gone_creates_none(login_dynamodb: DynamoDBClient, what: str) -> None:
    """The condition of each update, also of one in a transaction, fails where the item is missing."""
    create_table(login_dynamodb, "rings", "pk")
    create_table(login_dynamodb, "revocations", "pk", "sk")
    refused = login_dynamodb.exceptions.ConditionalCheckFailedException
    with suppress(GrantRefused, VersionConflict, refused):
        CHANGES[what](login_dynamodb)
    for table in ("grants", "sessions", "interactions", "rings", "revocations"):
        assert login_dynamodb.scan(TableName=table)["Items"] == [], table


def test_each_update_is_tried_here_or_may_create() -> None:
    """A new UpdateItem of an adapter is added to the list, with a decision whether it may create its item."""
    folder = Path(keyturn.adapters.__file__).parent
    found = {
        str(path.relative_to(folder)): len(re.findall(r'\.update_item\(|"Update": ', path.read_text()))
        for path in folder.rglob("*.py")
    }
    assert {path: count for path, count in found.items() if count} == {
        path: max(1, sum(counts)) for path, counts in UPDATES.items()
    }
