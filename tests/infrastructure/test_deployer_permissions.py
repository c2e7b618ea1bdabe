"""The permissions that docs/deployment.md lists are those that CloudFormation's own handlers call."""

from __future__ import annotations

import re

from tests.infrastructure.native_template import NativeTemplate, actions
from tests.infrastructure.parameter_changes import ROOT, Schemas

PAGE = ROOT / "docs" / "deployment.md"
ROW = re.compile(r"^\| `([a-z0-9]+)` \| `(.+)` \|$", re.MULTILINE)

# Handlers name these for features that the template does not use.
OTHER_SERVICES = {"ec2", "elasticfilesystem", "firehose", "kinesis", "s3files"}
UNUSED = {
    "apigateway:UpdateRestApiPolicy",
    *(
        f"dynamodb:{action}"
        for action in (
            *("AssociateTableReplica", "BatchWriteItem", "CreateTableReplica", "DeleteItem", "DescribeImport"),
            *("DisableKinesisStreamingDestination", "EnableKinesisStreamingDestination", "GetItem", "ImportTable"),
            *("PutItem", "Query", "Scan", "UpdateItem", "UpdateKinesisStreamingDestination"),
            *("DeleteResourcePolicy", "PutResourcePolicy", "UpdateContributorInsights"),
        )
    ),
    *("iam:AttachRolePolicy", "iam:CreateServiceLinkedRole", "iam:DetachRolePolicy"),
    *("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ListAliases", "kms:RevokeGrant"),
    *("kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion"),
    *("lambda:AssociateRuntimeAlias", "lambda:DeleteFunctionCodeSigningConfig", "lambda:PassCapacityProvider"),
    *("lambda:PublishVersion", "lambda:PutFunctionCodeSigningConfig", "lambda:PutFunctionRecursionConfig"),
    *("lambda:PutFunctionScalingConfig", "lambda:PutRuntimeManagementConfig"),
    *("logs:AssociateKmsKey", "logs:CreateLogStream", "logs:DeleteDataProtectionPolicy", "logs:DeleteIndexPolicy"),
    *("logs:DeleteResourcePolicy", "logs:DisassociateKmsKey", "logs:PutBearerTokenAuthentication"),
    *("logs:PutDataProtectionPolicy", "logs:PutIndexPolicy", "logs:PutLogEvents", "logs:PutLogGroupDeletionProtection"),
    *("s3:GetObjectMetadata", "s3:ListBucket", "s3:REST.PUT.OBJECT", "s3:getObject"),
}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
LISTED_BESIDE = {
    "lambda:InvokeFunction",  # CloudFormation calls the custom resource as the deployer
    *(
        f"logs:{action}"
        for action in (
            *(
                "CreateLogDelivery",
                "CreateLogGroup",
                "DeleteLogDelivery",
                "DescribeLogGroups",
                "DescribeResourcePolicies",
            ),
            *("GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
        )
    ),
}


def called(schemas: Schemas, kinds: set[str]) -> set[str]:
    """Return the actions of the handlers that create, read, update and delete resources of these types."""
    return {
        action
        for kind in kinds
        for handler, each in schemas.of(kind).get("handlers", {}).items()
        if handler != "list"
        for action in each.get("permissions", [])
        if action.partition(":")[0] not in OTHER_SERVICES
    }


def test_the_page_lists_the_permissions_of_the_deployer(template: NativeTemplate, schemas: Schemas) -> None:
    """The page lists the actions of the handlers, of the access log and of the custom resource."""
    kinds = {resource["Type"] for resource in template.resources.values()}
    listed = {f"{service}:{action}" for service, names in ROW.findall(PAGE.read_text()) for action in names.split()}
    assert listed == (called(schemas, kinds) - UNUSED) | LISTED_BESIDE


def test_cloudformation_reads_and_updates_the_pepper(template: NativeTemplate, schemas: Schemas) -> None:
    """The pepper's policy lets the account delegate what the handlers call on an HMAC key."""
    on_keys = {each for each in called(schemas, {"AWS::KMS::Key"}) if each.startswith("kms:")}
    [root, _] = template.properties("PepperKey")["KeyPolicy"]["Statement"]
    assert on_keys - UNUSED - {"kms:CreateKey"} <= actions(root)


def test_the_access_log_takes_no_room_in_the_account(template: NativeTemplate) -> None:
    """The name of the group keeps it out of the account's resource policy, which holds 5,120 characters."""
    stage = template.properties("IssuerApiStage")["AccessLogSettings"]["DestinationArn"]
    assert stage == {"Fn::GetAtt": ["IssuerApiLogGroup", "Arn"]}
    name = template.properties("IssuerApiLogGroup")["LogGroupName"]
    assert name == {"Fn::Sub": "/aws/vendedlogs/${AWS::StackName}-issuer-api"}
