"""The verification on AWS looks at each name of the template, so that a fact leaves none out."""

from __future__ import annotations

from tests.aws.names import ALGORITHMS, FUNCTIONS, LOG_GROUPS, MODES, ROLES, TABLES
from tests.infrastructure.native_template import NativeTemplate


def test_every_table_is_verified_with_its_expiry(template: NativeTemplate) -> None:
    """Each table of the template is listed, with the attribute that its items expire by (R50)."""
    tables = template.of_type("AWS::DynamoDB::Table")
    assert {
        name: each.get("TimeToLiveSpecification", {}).get("AttributeName") for name, each in tables.items()
    } == TABLES


def test_everything_that_survives_the_stack_is_removed(template: NativeTemplate) -> None:
    """The verification removes each resource that the deletion of a stack retains: tables, the pepper, layers."""
    kept = {
        name for name, each in template.resources.items() if each.get("DeletionPolicy", "Delete").startswith("Retain")
    }
    # The custom resource only calls the rotator. Its keys are in the ring, which the removal reads.
    assert kept - set(template.of_type("AWS::Lambda::LayerVersion")) == {*TABLES, "PepperKey", "FirstKey"}


def test_every_algorithm_is_verified(template: NativeTemplate) -> None:
    """KMS is asked to sign by each algorithm that the template allows (R04)."""
    assert list(ALGORITHMS) == template.parameters["SigningAlgorithm"]["AllowedValues"]


def test_every_mode_of_revocation_is_verified(template: NativeTemplate) -> None:
    """A revoked token is tried in each mode that the template allows (R47)."""
    assert list(MODES) == template.parameters["RevocationMode"]["AllowedValues"]


def test_every_function_role_and_log_group_is_verified(template: NativeTemplate) -> None:
    """Each function, role and log group of the template is listed (R66)."""
    assert {f"{name}Function" for name in FUNCTIONS} == set(template.of_type("AWS::Lambda::Function"))
    assert set(ROLES) == set(template.of_type("AWS::IAM::Role"))
    assert set(LOG_GROUPS) == set(template.of_type("AWS::Logs::LogGroup"))
