"""DynamoDB."""

from __future__ import annotations

import contextlib
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from keyturn.adapters.aws.dynamodb import DynamoDb, dynamodb_origin
from keyturn.adapters.aws.errors import error_code
from keyturn.adapters.aws.json_service import open_connection
from keyturn.adapters.aws.service_errors import ServiceError
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.revocations.revocation import Target, TargetKind
from tests.aws.names import TABLES
from tests.aws.stack import aws, describe, parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

# More than the 16 MB that one BatchGetItem answers with.
LARGE_ITEMS, LARGE_BYTES = 45, 390_000


@pytest.fixture
def key(stack: StackFile) -> Iterator[dict[str, Any]]:
    """Return the table and key of an item that nobody reads, and remove it."""
    item = {
        "TableName": stack.outputs["RevocationTableName"],
        "Key": {"pk": {"S": f"verification#{secrets.token_hex(8)}"}, "sk": {"S": "target"}},
    }
    yield item
    aws("dynamodb").delete_item(**item)


def set_version(key: dict[str, Any], *, read: int) -> dict[str, Any]:
    """Return the write of a version on the one that was read, as every transition of a ring is one."""
    return key | {
        "UpdateExpression": "SET version = :next",
        "ConditionExpression": "attribute_not_exists(pk) OR version = :read",
        "ExpressionAttributeValues": {":next": {"N": str(read + 1)}, ":read": {"N": str(read)}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_the_tables_are_as_the_template_has_them(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """CloudFormation turns on point-in-time recovery and, as the parameter says, deletion protection (R50)."""
    dynamodb = aws("dynamodb")
    tables = {name: dynamodb.describe_table(TableName=resources[name])["Table"] for name in TABLES}
    recovery = {
        name: dynamodb.describe_continuous_backups(TableName=resources[name])["ContinuousBackupsDescription"][
            "PointInTimeRecoveryDescription"
        ]["PointInTimeRecoveryStatus"]
        for name in TABLES
    }
    protected = {str(table.get("DeletionProtectionEnabled", False)).lower() for table in tables.values()}
    observe(recovery=recovery, protected=protected)
    assert set(recovery.values()) == {"ENABLED"}
    assert {table["BillingModeSummary"]["BillingMode"] for table in tables.values()} == {"PAY_PER_REQUEST"}
    assert protected == {parameters_of(describe(stack.stack_name))["DeletionProtection"]}


def test_items_expire_in_the_tables_that_the_template_says(resources: dict[str, str], observe: Observe) -> None:
    """Each table expires its items by the template's attribute, or keeps them all (R50)."""
    described = {
        name: aws("dynamodb").describe_time_to_live(TableName=resources[name])["TimeToLiveDescription"]
        for name in TABLES
    }
    seen = {name: each.get("AttributeName") for name, each in described.items()}
    status = {name: each["TimeToLiveStatus"] for name, each in described.items()}
    observe(attributes=seen, status=status)
    assert seen == TABLES
    assert status == {name: "DISABLED" if attribute is None else "ENABLED" for name, attribute in TABLES.items()}


def test_the_date_of_every_answer_is_one_clock(key: dict[str, Any], observe: Observe) -> None:
    """Each answer has a Date, cut to seconds; all of them fit one offset from this machine's clock (I7)."""
    dynamodb = aws("dynamodb")
    dynamodb.get_item(**key)  # opens the connection
    earliest, latest = [], []
    for _ in range(100):
        sent = wall_seconds()
        headers = dynamodb.get_item(**key, ConsistentRead=True)["ResponseMetadata"]["HTTPHeaders"]
        arrived, date = wall_seconds(), parsedate_to_datetime(headers["date"]).timestamp()
        earliest.append(date - arrived)
        latest.append(date + 1 - sent)
    observe(offset_at_least=max(earliest), offset_at_most=min(latest), answers=len(earliest))
    assert max(earliest) <= min(latest)


def test_a_failed_condition_returns_what_is_there(key: dict[str, Any], observe: Observe) -> None:
    """ReturnValuesOnConditionCheckFailure=ALL_OLD returns a race's winner, alone and in a transaction (I5, R38)."""
    dynamodb = aws("dynamodb")
    dynamodb.update_item(**set_version(key, read=1))
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as alone:
        dynamodb.update_item(**set_version(key, read=1))
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as together:
        dynamodb.transact_write_items(TransactItems=[{"Update": set_version(key, read=1)}])
    [reason] = together.value.response["CancellationReasons"]
    seen = {"alone": alone.value.response.get("Item", {}).get("version"), "code": reason["Code"]}
    observe(**seen, in_a_transaction=reason.get("Item", {}).get("version"))
    assert seen == {"alone": {"N": "2"}, "code": "ConditionalCheckFailed"}
    assert reason["Item"]["version"] == {"N": "2"}


def test_a_repeated_transaction_is_done_once(key: dict[str, Any], observe: Observe) -> None:
    """The same ClientRequestToken makes a second attempt, after a lost answer, harmless (R50)."""
    dynamodb, token = aws("dynamodb"), secrets.token_hex(16)
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[{"Update": set_version(key, read=1)}], ClientRequestToken=token)
    version = dynamodb.get_item(**key, ConsistentRead=True)["Item"]["version"]["N"]
    observe(version=version)
    assert version == "2"


@pytest.mark.on_aws_alone("the emulator's transactions never conflict")
def test_a_conflict_has_a_code_of_its_own(key: dict[str, Any], observe: Observe) -> None:
    """Transactions that meet are cancelled as TransactionConflict, not as a failed condition (R38)."""
    dynamodb = aws("dynamodb")
    add = key | {"UpdateExpression": "ADD version :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    def write(_number: int) -> str:
        try:
            dynamodb.transact_write_items(TransactItems=[{"Update": add}])
        except dynamodb.exceptions.TransactionCanceledException as error:
            return str(error.response["CancellationReasons"][0]["Code"])
        return "done"

    with ThreadPoolExecutor(16) as pool:
        codes = Counter(pool.map(write, range(200)))
    observe(codes=dict(codes))
    assert set(codes) == {"done", "TransactionConflict"}


@pytest.mark.on_aws_alone("the emulator leaves no key unprocessed")
def test_what_a_batch_leaves_unprocessed_is_named(stack: StackFile, observe: Observe) -> None:
    """Above 16 MB BatchGetItem answers a part, and names the rest in UnprocessedKeys to be asked again (R47, P8)."""
    dynamodb, table = aws("dynamodb"), stack.outputs["RevocationTableName"]
    run = secrets.token_hex(4)
    keys = [{"pk": {"S": f"verification#{run}#{number}"}, "sk": {"S": "target"}} for number in range(LARGE_ITEMS)]
    try:
        for each in keys:
            dynamodb.put_item(TableName=table, Item=each | {"filling": {"S": "x" * LARGE_BYTES}})
        answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        rest = answer["UnprocessedKeys"].get(table, {}).get("Keys", [])
        again = dynamodb.batch_get_item(RequestItems={table: {"Keys": rest or keys[:1], "ConsistentRead": True}})
    finally:
        for each in keys:
            dynamodb.delete_item(TableName=table, Key=each)
    first, second = len(answer["Responses"][table]), len(again["Responses"][table])
    observe(asked=LARGE_ITEMS, answered=first, unprocessed=len(rest), answered_again=second)
    assert rest
    assert first + len(rest) == LARGE_ITEMS
    assert second == len(rest)


def test_the_lean_client_is_understood(stack: StackFile, observe: Observe) -> None:
    """DynamoDB takes the authorizer's own signature over its own TLS, and names an error as it reads it (R61)."""
    session = boto3.Session()
    credentials = session.get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    environ = {
        "AWS_REGION": session.region_name or "",
        "AWS_ACCESS_KEY_ID": frozen.access_key or "",
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key or "",
    } | ({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {})
    origin = aws("dynamodb").meta.endpoint_url
    with contextlib.closing(open_connection(origin)) as connection:
        lean = DynamoDb(origin, environ, wall_seconds, lambda _: connection)
        reader = DynamoDbRevocationReader(lean, stack.outputs["RevocationTableName"])
        found = reader.find([Target.of(TargetKind.TOKEN, "nobody")])
        with pytest.raises(ServiceError) as error:
            lean.call("GetItem", {"TableName": f"nobody-{secrets.token_hex(4)}", "Key": {"pk": {"S": "nobody"}}})
    observe(found=found, error=str(error.value), same_origin=dynamodb_origin(environ) == origin)
    assert found == ()
    assert error_code(error.value) == "ResourceNotFoundException"
