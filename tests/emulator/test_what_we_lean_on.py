"""The emulator's contract: if one of these fails after an upgrade, the tests on the stack mean something else."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keyturn.adapters.aws.system_clock import wall_seconds
from local.emulator import REGION
from tests.emulator.functions import OPENER, create_function

if TYPE_CHECKING:
    from local.emulator import Emulator

ACCOUNT = "000000000000"
MESSAGE = b"header.payload"


@pytest.fixture(scope="session")
def table(emulator: Emulator) -> str:
    """Return a table with a partition key."""
    emulator.client("dynamodb").create_table(
        TableName="contract",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return "contract"


@pytest.fixture
def roles(emulator: Emulator) -> dict[str, str]:
    """Return the ARNs of two roles without any policy."""
    iam, trust = emulator.client("iam"), {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    for name in ("named", "other"):
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        except iam.exceptions.EntityAlreadyExistsException:
            continue
    return {name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("named", "other")}


def as_role(emulator: Emulator, role: str, service: str) -> Any:
    """Return a client with a role's credentials."""
    credentials = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(  # type: ignore[call-overload]  # the service is any of those that the stack uses
        service,
        endpoint_url=emulator.endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ],
)
def test_kms_signs_what_cryptography_verifies(emulator: Emulator, spec: str, algorithm: str) -> None:
    """KMS signs a whole message with every algorithm that a ring of RSA or P-256 can have; the public key is DER."""
    kms = emulator.client("kms")
    key_id = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = kms.sign(KeyId=key_id, Message=MESSAGE, MessageType="RAW", SigningAlgorithm=algorithm)["Signature"]
    public = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
    elif isinstance(public, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
        public.verify(signature, MESSAGE, pss if "PSS" in algorithm else padding.PKCS1v15(), hashes.SHA256())


def test_a_key_policy_decides_who_signs(emulator: Emulator, roles: dict[str, str]) -> None:
    """A role that the key's policy names may sign without any IAM policy, another one may not."""
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:PutKeyPolicy"},
        {"Effect": "Allow", "Principal": {"AWS": roles["named"]}, "Action": "kms:Sign"},
    ]
    policy = {"Version": "2012-10-17", "Statement": [each | {"Resource": "*"} for each in statements]}
    key_id = emulator.client("kms").create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(policy)
    )["KeyMetadata"]["Arn"]
    signing = {"KeyId": key_id, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    assert as_role(emulator, roles["named"], "kms").sign(**signing)["Signature"]
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role(emulator, roles["other"], "kms").sign(**signing)


def test_a_disabled_key_signs_nothing(emulator: Emulator) -> None:
    """KMS refuses a disabled key by an error of its own, which the issuer takes for an outdated ring."""
    kms = emulator.client("kms")
    key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key_id)
    with pytest.raises(kms.exceptions.DisabledException):
        kms.sign(KeyId=key_id, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")


def test_a_key_is_found_by_its_tags(emulator: Emulator) -> None:
    """The tagging API finds the key of a creation that crashed."""
    tags = [{"TagKey": "keyturn:stack", "TagValue": "s"}, {"TagKey": "keyturn:nonce", "TagValue": "n-1"}]
    arn = emulator.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256", Tags=tags)["KeyMetadata"][
        "Arn"
    ]
    filters = [{"Key": tag["TagKey"], "Values": [tag["TagValue"]]} for tag in tags]
    found = emulator.client("resourcegroupstaggingapi").get_resources(
        TagFilters=filters, ResourceTypeFilters=["kms:key"]
    )["ResourceTagMappingList"]
    assert [each["ResourceARN"] for each in found] == [arn]


def test_a_failed_condition_returns_the_item_that_is_there(emulator: Emulator, table: str) -> None:
    """One conditional write decides a race and returns the winner (ALL_OLD), alone and in a transaction."""
    dynamodb = emulator.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "version": {"N": "2"}})
    update = {
        "TableName": table,
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "SET version = :new",
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":new": {"N": "2"}, ":read": {"N": "1"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as alone:
        dynamodb.update_item(**update)
    assert alone.value.response["Item"]["version"] == {"N": "2"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as whole:
        dynamodb.put_item(
            TableName=table,
            Item={"pk": {"S": "a"}},
            ConditionExpression="version = :read",
            ExpressionAttributeValues={":read": {"N": "1"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert whole.value.response["Item"]["version"] == {"N": "2"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as together:
        dynamodb.transact_write_items(TransactItems=[{"Update": update}])
    [reason] = together.value.response["CancellationReasons"]
    assert (reason["Code"], reason["Item"]["version"]) == ("ConditionalCheckFailed", {"N": "2"})


def test_a_transaction_writes_all_or_nothing(emulator: Emulator, table: str) -> None:
    """One failed condition, and none of the other writes is there."""
    dynamodb = emulator.client("dynamodb")
    put = {"TableName": table, "Item": {"pk": {"S": "b"}}}
    failing = {"TableName": table, "Key": {"pk": {"S": "nobody"}}, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": failing}])
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"pk": {"S": "b"}})


def test_a_batch_answers_every_key_and_names_what_is_left(emulator: Emulator, table: str) -> None:
    """BatchGetItem returns what is there, and says that nothing is unprocessed."""
    dynamodb = emulator.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "c"}})
    keys = [{"pk": {"S": "c"}}, {"pk": {"S": "absent"}}]
    answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    assert answer["Responses"][table] == [{"pk": {"S": "c"}}]
    assert answer["UnprocessedKeys"] == {}


def test_dynamodb_tells_the_time(emulator: Emulator, table: str) -> None:
    """Every answer has a Date, which service time is made from."""
    answer = emulator.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "c"}})
    date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    assert abs(wall_seconds() - date) < 5


def test_a_role_without_a_policy_may_do_nothing(emulator: Emulator, roles: dict[str, str], table: str) -> None:
    """IAM is enforced: a call without a statement is denied."""
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role(emulator, roles["other"], "dynamodb").get_item(TableName=table, Key={"pk": {"S": "c"}})


def test_an_http_api_passes_cookies_one_way(emulator: Emulator, roles: dict[str, str]) -> None:
    """A Set-Cookie for each cookie of an answer; those of a request are not in its event, which the front proxy mends.

    When the emulator learns it, the row of `local/emulator_limitations.py` may leave,
    and half of `local/api_functions.py`.
    """
    told = "lambda event, context: {'statusCode': 200, 'cookies': ['a=1', 'b=2'], 'body': str(event.get('cookies'))}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as output:
        output.writestr("echo.py", f"handler = {told}\n")
    function = emulator.client("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Role=roles["named"],
        Handler="echo.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    apis = emulator.client("apigatewayv2")
    api = apis.create_api(Name="echo", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apis.create_route(ApiId=api, RouteKey="ANY /", Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    request = urllib.request.Request(f"{emulator.endpoint_url}/_aws/execute-api/{api}/", headers={"Cookie": "c=3"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert answer.read() == b"None"


def test_an_http_api_checks_no_signature(emulator: Emulator) -> None:
    """A route with AWS_IAM passes an unsigned request that has an Authorization header, with no caller.

    When the emulator learns it, the row of `local/emulator_limitations.py` may leave.
    """
    caller = "json.dumps(event['requestContext'].get('authorizer'))"
    function = create_function(emulator, "signer", f"lambda event, _: {{'statusCode': 200, 'body': {caller}}}")
    apis = emulator.client("apigatewayv2")
    api = apis.create_api(Name="signed", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function["FunctionArn"], PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apis.create_route(ApiId=api, RouteKey="GET /", AuthorizationType="AWS_IAM", Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    url = f"{emulator.endpoint_url}/_aws/execute-api/{api}/"
    with pytest.raises(HTTPError, match="403"):
        OPENER.open(url)
    with OPENER.open(urllib.request.Request(url, headers={"Authorization": "Bearer nobody"})) as answer:
        assert answer.read() == b"null"


def test_cloudformation_ignores_reserved_concurrency(emulator: Emulator, roles: dict[str, str]) -> None:
    """No function of the embedded stack is throttled.

    When the emulator learns it, the row of `local/emulator_limitations.py` may leave.
    """
    properties = {
        "FunctionName": "reserved",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": roles["named"],
        "Code": {"ZipFile": "def handler(event, context): return 1"},
        "ReservedConcurrentExecutions": 7,
    }
    template = {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="reserved", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="reserved", WaiterConfig={"Delay": 1})
    answer = emulator.client("lambda").get_function_concurrency(FunctionName="reserved")
    assert "ReservedConcurrentExecutions" not in answer


def test_cloudformation_refuses_an_alarm_on_metric_math(emulator: Emulator) -> None:
    """It is left out of the embedded stack.

    When the emulator learns it, the row of `local/emulator_limitations.py` may leave.
    """
    stat = {"Metric": {"Namespace": "Own", "MetricName": "Faults"}, "Period": 60, "Stat": "Sum"}
    properties = {
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Metrics": [{"Id": "e", "Expression": "FILL(m, 0)"}, {"Id": "m", "MetricStat": stat, "ReturnData": False}],
    }
    template = {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}}
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="math", TemplateBody=json.dumps(template), DisableRollback=True)
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="math", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    [stack] = cloudformation.describe_stacks(StackName="math")["Stacks"]
    assert stack["StackStatus"] == "CREATE_FAILED"
