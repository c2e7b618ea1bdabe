"""The findings of the template's linters that are accepted: a list, each with its reason beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXCEPTIONS = {
    ".cfnlintrc.yaml": {"I4010"},
    ".checkov.yaml": {
        *("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117"),
        *("CKV_AWS_119", "CKV_AWS_158", "CKV_AWS_173"),
    },
    ".parliament.yaml": {"PERMISSIONS_MANAGEMENT_ACTIONS"},
}
OF_ONE_RESOURCE = {
    ("CKV_AWS_7", "PepperKey"),
    ("CKV_AWS_7", "SuccessorKey"),
    ("CKV_AWS_27", "ScheduleDeadLetters"),
}


def exceptions_of(name: str) -> set[str]:
    """Return the rules that a linter's configuration leaves out."""
    configuration = yaml.safe_load((ROOT / name).read_text())
    if name == ".parliament.yaml":
        return set(configuration)
    return set(configuration.get("ignore_checks", [])) | set(configuration.get("skip-check", []))


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_linter_leaves_out_the_listed_rules_alone(name: str) -> None:
    """A new exception is added to this list on purpose."""
    assert exceptions_of(name) == EXCEPTIONS[name]


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_each_exception_has_its_reason(name: str) -> None:
    """A comment stands before each exception, or before the ones of its kind."""
    explained = False
    for line in (ROOT / name).read_text().splitlines()[1:]:
        explained = explained or line.lstrip().startswith("#")
        if line.lstrip().startswith(("- ", "severity: ")):
            assert explained, line


def test_cfn_lint_checks_at_all_levels() -> None:
    """Informational and experimental rules are on, beside errors and warnings."""
    configuration = yaml.safe_load((ROOT / ".cfnlintrc.yaml").read_text())
    assert (configuration["include_checks"], configuration["include_experimental"]) == (["I"], True)
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count("bin/cfn-lint --non-zero-exit-code informational ") == 2
    # The AWS CDK writes joins and dependencies that cfn-lint would write in another way.
    assert makefile.count("bin/cfn-lint --non-zero-exit-code error build/cdk/") == 1
    assert makefile.count("bin/cfn-lint ") == 3


def test_exceptions_of_one_resource_stand_beside_it(source: dict[str, Any]) -> None:
    """Each exception in the template is one of checkov, names its resource's rule, and has a comment."""
    found = {
        (skip["id"], logical_id)
        for logical_id, resource in source["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        if skip["comment"]
    }
    assert found == OF_ONE_RESOURCE
    assert not any("cfn-lint" in resource.get("Metadata", {}) for resource in source["Resources"].values())
