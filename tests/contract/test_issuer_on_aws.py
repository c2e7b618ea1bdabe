"""The issuer with every one of its AWS adapters, as its environment composes it, on moto."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyRing, KeyState, RingKey
from keyturn.domain.time.service_time import ServiceTime
from keyturn.jose import KeySet, verify_access_token
from keyturn.jose.public_key import public_jwk
from tests.fakes.client_assertions import assertion_event, keyed_client, make_assertion
from tests.fakes.http_api_event import basic, form_event, http_api_event
from tests.fakes.issuer_harness import ENVIRONMENT, INTROSPECT, JWKS, REVOKE, SECRET, TOKEN, make_client
from tests.fakes.moto_connections import run_on_moto
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import NOW, policy
from token_issuer import app
from token_issuer.bootstrap import bootstrap, connect
from token_issuer.settings import IssuerSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """Return DynamoDB with the issuer's tables, one client and a ring of one key; the environment says so."""
    run_on_moto(monkeypatch, ENVIRONMENT)
    with moto_dynamodb() as client:
        create_table(client, "rings", "pk")
        create_table(client, "revocations", "pk", "sk")
        create_table(client, "clients", "pk")
        create_table(client, "grants", "pk")
        DynamoDbClientRegistry(client, "clients").add(make_client())
        client.put_item(TableName="rings", Item=encode_item(ring_to_item(ring_with_key_in_kms())))
        bootstrap.cache_clear()
        yield client
    bootstrap.cache_clear()


def ring_with_key_in_kms() -> KeyRing:
    """Return a ring whose active key is in KMS."""
    kms = boto3.client("kms")
    metadata = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    jwk = public_jwk(kms.get_public_key(KeyId=metadata["KeyId"])["PublicKey"], "RS256")
    key = RingKey(
        kid=jwk["kid"],
        arn=metadata["Arn"],
        algorithm="RS256",
        jwk=jwk,
        state=KeyState.ACTIVE,
        created_at=0,
        published_at=0,
    )
    return KeyRing(name=DEFAULT_RING, version=1, keys=[key], longest_lifetime=3600)


def send(event: dict[str, Any]) -> Any:
    """Return the value of a successful answer's body."""
    answer = app.lambda_handler(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"] or "null")


def test_whole_life_of_a_token(dynamodb: DynamoDBClient) -> None:
    """A token is issued, verifies against the JWKS, is active, and is not any more once it is revoked."""
    headers = basic("web", SECRET)
    token = send(form_event(TOKEN, {"grant_type": "client_credentials"}, headers=headers))["access_token"]
    keys = KeySet.from_jwks(send(http_api_event("GET", JWKS)))
    introspection = send(form_event(INTROSPECT, {"token": token}, headers=headers))
    assert introspection["active"]
    assert verify_access_token(token, keys, policy(), now=introspection["iat"]).client_id == "web"
    send(form_event(REVOKE, {"token": token}, headers=headers))
    assert send(form_event(INTROSPECT, {"token": token}, headers=headers)) == {"active": False}
    assert dynamodb.get_item(
        TableName="revocations", Key={"pk": {"S": f"jti#{introspection['jti']}"}, "sk": {"S": "target"}}
    ).get("Item")


def test_a_token_is_revoked_once(dynamodb: DynamoDBClient) -> None:
    """R50: the first of 20 revocations of a token alone writes, and the client's rate counts each of them."""
    DynamoDbClientRegistry(dynamodb, "clients").add(make_client("repeating", rate=1000))
    headers = basic("repeating", SECRET)
    token = send(form_event(TOKEN, {"grant_type": "client_credentials"}, headers=headers))["access_token"]
    for _ in range(20):
        send(form_event(REVOKE, {"token": token}, headers=headers))
    kinds = [item["pk"]["S"].partition("#")[0] for item in dynamodb.scan(TableName="revocations")["Items"]]
    assert sorted(kinds) == ["feed", "jti"]
    counted = {
        item["pk"]["S"].split("#")[2]: int(item["taken"]["N"]) for item in dynamodb.scan(TableName="grants")["Items"]
    }
    assert counted["token"] == 1
    assert 1 <= counted["revocation"] <= 20  # the next minute may have begun meanwhile


def test_a_client_with_a_key_and_a_rate(dynamodb: DynamoDBClient) -> None:
    """An assertion authenticates once, and so many a minute; the table of grants stores both (R22)."""
    DynamoDbClientRegistry(dynamodb, "clients").add(keyed_client(rate=1))
    now = math.floor(wall_seconds())
    claims = {"iat": now, "exp": now + 60}
    first, second = (make_assertion(claims=claims) for _ in range(2))
    grant = {"grant_type": "client_credentials"}
    assert send(assertion_event(TOKEN, first, **grant))["scope"] == "orders:read orders:write"
    statuses = [
        app.lambda_handler(assertion_event(TOKEN, each, **grant), None)["statusCode"] for each in (first, second)
    ]
    assert statuses[0] == 401
    assert statuses[1] in (429, 200)  # the next minute may have begun meanwhile
    kinds = [item["pk"]["S"].partition("#")[0] for item in dynamodb.scan(TableName="grants")["Items"]]
    assert kinds.count("assertion") == 2
    assert kinds.count("rate") in (1, 2)


def test_used_assertions_are_forgotten_by_the_early_end_of_the_present(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R22: one that might still be accepted somewhere counts as used; the issuer's own clock says until when."""
    ports = connect(IssuerSettings.from_environment(os.environ), dynamodb, boto3.client("kms"))
    present = ServiceTime(NOW, NOW + 5)
    monkeypatch.setattr(ports.clock, "now", lambda: present)
    assert [ports.assertions.use("web", "j", NOW + 1) for _ in range(2)] == [True, False]
    present = ServiceTime(NOW + 1, NOW + 6)
    assert ports.assertions.use("web", "j", NOW + 2)


def test_damaged_ring_item(dynamodb: DynamoDBClient, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged ring item is 500 on the token endpoint, and the log says what is wrong with it."""
    dynamodb.update_item(
        TableName="rings",
        Key={"pk": {"S": "ring#default"}},
        UpdateExpression="REMOVE longest_lifetime",
    )
    event = form_event(TOKEN, {"grant_type": "client_credentials"}, headers=basic("web", SECRET))
    assert app.lambda_handler(event, None)["statusCode"] == 500
    assert "longest_lifetime" in capsys.readouterr().out


def test_settings_are_read_again(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong environment is an error at each request, not a half-built issuer."""
    monkeypatch.delenv("CLIENT_TABLE")
    event = http_api_event("GET", JWKS)
    assert [app.lambda_handler(event, None)["statusCode"] for _ in range(2)] == [500, 500]
