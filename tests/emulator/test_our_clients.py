"""Our clients beside boto3's on the emulator: real sockets, checked signatures, and the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keyturn.adapters.aws.dynamodb import open_dynamodb
from keyturn.adapters.aws.errors import error_code
from keyturn.adapters.aws.json_service import JsonService
from keyturn.adapters.aws.kms import open_kms
from keyturn.adapters.aws.service_errors import response_errors
from local.emulator import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.emulator import Emulator

TABLE = "our-clients"
ITEM = {
    "pk": {"S": "ä"},
    "sk": {"S": "1"},
    "n": {"N": "12"},
    "s": {"SS": ["a", "b"]},
    "m": {"M": {"on": {"BOOL": True}}},
}
KEY = {"pk": {"S": "ä"}, "sk": {"S": "1"}}


@pytest.fixture(scope="module")
def environ(emulator: Emulator) -> Iterator[dict[str, str]]:
    dynamodb = emulator.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    yield {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
    }
    dynamodb.delete_table(TableName=TABLE)


@pytest.fixture(params=["boto3", "http"])
def dynamodb(request: pytest.FixtureRequest, emulator: Emulator, environ: dict[str, str]) -> Iterator[Any]:
    """Return each client, with the table as it was."""
    emulator.client("dynamodb").delete_item(TableName=TABLE, Key=KEY)
    yield from _client(request.param, emulator.client("dynamodb"), open_dynamodb(environ))


@pytest.fixture(params=["boto3", "http"])
def kms(request: pytest.FixtureRequest, emulator: Emulator, environ: dict[str, str]) -> Iterator[Any]:
    """Return each client."""
    yield from _client(request.param, emulator.client("kms"), open_kms(environ))


def _client(kind: str, of_boto3: Any, ours: JsonService) -> Iterator[Any]:
    yield of_boto3 if kind == "boto3" else ours
    for idle in ours._idle:
        idle.close()


def test_an_item_is_written_read_and_removed(dynamodb: Any) -> None:
    """Each operation on items works, and what one client writes is what it reads."""
    dynamodb.put_item(TableName=TABLE, Item=ITEM, ConditionExpression="attribute_not_exists(pk)")
    values = {":n": {"N": "13"}}
    updated = dynamodb.update_item(
        TableName=TABLE,
        Key=KEY,
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
    )
    assert updated["Attributes"] == ITEM | {"n": {"N": "13"}}
    assert dynamodb.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"] == ITEM | {"n": {"N": "13"}}
    batch = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [KEY], "ConsistentRead": True}})
    assert (len(batch["Responses"][TABLE]), batch["UnprocessedKeys"]) == (1, {})
    page = dynamodb.query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": ITEM["pk"]}
    )
    assert [item["n"] for item in page["Items"]] == [{"N": "13"}]
    dynamodb.delete_item(TableName=TABLE, Key=KEY)
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=KEY)


def test_a_failed_condition_has_the_stored_item(dynamodb: Any) -> None:
    """The loser of a race reads the winner's item from the error, alone and in a transaction."""
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    write = {
        "TableName": TABLE,
        "Item": KEY,
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as refused:
        dynamodb.put_item(**write)
    assert refused.value.response["Item"] == ITEM
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=[{"Put": write}])
    [reason] = cancelled.value.response["CancellationReasons"]
    assert (reason["Code"], reason["Item"]) == ("ConditionalCheckFailed", ITEM)


def test_a_key_signs_and_generates_macs(kms: Any, emulator: Emulator) -> None:
    """Blobs go to KMS and come back as bytes: the signature verifies, and a MAC has 32 bytes."""
    made = emulator.client("kms")
    arn = made.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    message = bytes(range(256))
    signature = kms.sign(KeyId=arn, Message=message, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = load_der_public_key(made.get_public_key(KeyId=arn)["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    hmac = made.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    assert len(kms.generate_mac(KeyId=hmac, Message=message, MacAlgorithm="HMAC_SHA_256")["Mac"]) == 32


def test_an_absent_key_is_named_by_its_code(kms: Any) -> None:
    """An adapter finds KMS's code in the error of either client."""
    arn = f"arn:aws:kms:{REGION}:000000000000:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(response_errors()) as refused:
        kms.sign(KeyId=arn, Message=b"m", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
    assert error_code(refused.value) == "NotFoundException"
