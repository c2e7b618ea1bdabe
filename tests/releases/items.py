"""What one release stores, for another to read: part of every release, run with that release's kernel on the path.

`items.py write` prints one item of each kind and state, as the adapters store them: {table: [attribute values]}.
`items.py read` takes that on its standard input and prints what this release understands: {key: its fields}.
The two commands and these shapes stay as they are: the next release calls them.
"""

from __future__ import annotations

import enum
import json
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import boto3
from moto import mock_aws

from keyturn.adapters.attribute_values import decode_item
from keyturn.adapters.client_item import client_from_item
from keyturn.adapters.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.key_ring_item import ring_from_item
from keyturn.adapters.revocation_item import revocation_from_item
from keyturn.domain import key_transition
from keyturn.domain.client import Client, hash_secret
from keyturn.domain.key_ring import Compromise, KeyRing
from keyturn.domain.revocation import CUT_KINDS, Revocation, Target, TargetKind
from keyturn.domain.service_time import ServiceTime

NOW = 1_790_000_000
KEYS = {"rings": ("pk",), "clients": ("pk",), "revocations": ("pk", "sk")}


class _Clock:
    def now(self) -> ServiceTime:
        return ServiceTime(NOW, NOW)


def write() -> dict[str, Any]:
    """Return every table's items, written by the adapters into a DynamoDB in this process."""
    with mock_aws():
        dynamodb = boto3.client(
            "dynamodb", region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        for table, names in KEYS.items():
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
                KeySchema=[{"AttributeName": name, "KeyType": "HASH" if name == "pk" else "RANGE"} for name in names],
            )
        _write_clients(DynamoDbClientRegistry(dynamodb, "clients"))
        _write_revocations(DynamoDbRevocationWriter(dynamodb, "revocations", _Clock(), token_horizon=3610))
        _write_rings(DynamoDbKeyRingStore(dynamodb, "rings", "revocations"))
        return {table: dynamodb.scan(TableName=table)["Items"] for table in KEYS}


def _write_clients(registry: DynamoDbClientRegistry) -> None:
    for client_id, introspects in (("plain", ()), ("resource-server", ("https://api.example.com",))):
        registry.add(
            Client(
                client_id=client_id,
                name="A client",
                secret_hashes=(hash_secret("one"), hash_secret("two")),
                grant_types=frozenset({"client_credentials"}),
                scopes=frozenset({"a", "b"}),
                audiences=("https://api.example.com",),
                introspects=frozenset(introspects),
                created_at=NOW,
            )
        )


def _write_revocations(writer: DynamoDbRevocationWriter) -> None:
    for kind in TargetKind:
        target = Target(kind, "0" if kind is TargetKind.GLOBAL else "some-id")
        not_before = NOW if kind in CUT_KINDS else None
        writer.revoke(
            Revocation(target, expires_at=NOW + 3610, not_before=not_before), reason="a reason", actor="an actor"
        )


def _write_rings(store: DynamoDbKeyRingStore) -> None:
    """Write a ring in the middle of its life, then one that goes through an emergency with a retired key and a wish."""
    for name in ("resting", "emergency"):
        ring = store.create(KeyRing(name=name, version=1, keys=[], intents=[], compromises=[], longest_lifetime=900))
        for at, kid in enumerate(("first", "second", "third")):
            ring = _publish(store, ring, kid, NOW + 10 * at)
        ring = store.save(key_transition.promote(ring, "second", NOW + 100))
        if name == "resting":
            continue
        ring = store.save(key_transition.destroy(ring, "first", NOW + 2000))
        ring = store.save(key_transition.mark_deletion(key_transition.mark_disabled(ring, "first", NOW), "first", NOW))
        ring = store.save(key_transition.open_intent(ring, nonce="open", algorithm="ES256", now=NOW))
        entry = Compromise(kid="second", at=NOW + 3000, reason="a drill", actor="operator")
        store.save_compromise(key_transition.compromise(ring, entry), ["second"])


def _publish(store: DynamoDbKeyRingStore, ring: KeyRing, kid: str, now: int) -> KeyRing:
    jwk = {"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": "x", "y": "y"}
    ring = store.save(key_transition.open_intent(ring, nonce=kid, algorithm="ES256", now=now))
    ring = store.save(key_transition.record_key(ring, kid, arn=f"arn:aws:kms:::key/{kid}", jwk=jwk))
    return store.save(key_transition.publish(ring, kid, now))


def read(tables: dict[str, Any]) -> dict[str, Any]:
    """Return what this release understands of each item; feed items are left out, which no release reads yet."""
    understood: dict[str, Any] = {}
    for stored in tables["rings"]:
        item = decode_item(stored)
        understood[item["pk"]] = _plain(ring_from_item(item, item["pk"].removeprefix("ring#")))
    for stored in tables["clients"]:
        item = decode_item(stored)
        understood[item["pk"]] = _plain(client_from_item(item))
    for stored in tables["revocations"]:
        item = decode_item(stored)
        if not item["pk"].startswith("feed#"):
            understood[item["pk"]] = _plain(revocation_from_item(item))
    return understood


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict) or value is None or isinstance(value, (str, int)):
        return value
    names = [field.name for field in fields(value)] if is_dataclass(value) else value.__slots__
    return {name: _plain(getattr(value, name)) for name in names}


if __name__ == "__main__":
    json.dump(write() if sys.argv[1] == "write" else read(json.load(sys.stdin)), sys.stdout)
