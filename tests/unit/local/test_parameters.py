"""The parameters of `make run PARAMETERS=…`, refused before the start as CloudFormation would refuse them."""

from __future__ import annotations

from typing import Any

import pytest

from local.parameters import ParametersWrong, read_parameters
from local.stack import ROOT
from local.transform import read_template

TEMPLATE = read_template(ROOT / "template.yaml")
FREE = TEMPLATE["Parameters"].keys() - {"IssuerUrl", "Architecture"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("RevocationMode=snapshot", {"RevocationMode": "snapshot"}),
        (" LogRetentionDays=30\n  RevocationMode=strict ", {"LogRetentionDays": "30", "RevocationMode": "strict"}),
        ("Audiences='https://a.example https://b.example'", {"Audiences": "https://a.example https://b.example"}),
        ("AlarmTopicArn=", {"AlarmTopicArn": ""}),
    ],
)
def test_parameters_are_read_as_a_shell_reads_them(text: str, expected: dict[str, str]) -> None:
    """Names and values are separated by spaces, and a value with spaces is in quotes."""
    assert read_parameters(text, TEMPLATE) == expected


def refusal(text: str) -> str:
    with pytest.raises(ParametersWrong) as error:
        read_parameters(text, TEMPLATE)
    return str(error.value)


def test_an_unknown_name_is_an_error_with_all_names() -> None:
    """The error has the nearest name, and each name that may be set."""
    said = refusal("RevocationMod=strict")
    assert said.startswith("template.yaml has no parameter RevocationMod: did you mean RevocationMode? ")
    assert set(said.partition("Its parameters are ")[2].split(", ")) == FREE
    assert "did you mean" not in refusal("xyz=1")


@pytest.mark.parametrize("name", ["IssuerUrl", "Architecture"])
def test_a_parameter_of_the_stack_itself_is_refused(name: str) -> None:
    """Ports and the processor follow from the machine."""
    assert refusal(f"{name}=x") == f"the embedded stack sets {name} itself: take it out of PARAMETERS"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("RevocationMode=lax", "RevocationMode is one of "),
        ("MaxPublishedKeys=2", "MaxPublishedKeys is 3 or more, and not '2'"),
        ("MaxPublishedKeys=11", "MaxPublishedKeys is 10 or less, and not '11'"),
        ("MaxPublishedKeys=3.5", "MaxPublishedKeys is a whole number"),
        ("MaxPublishedKeys=", "MaxPublishedKeys is a whole number"),
        ("PreviousIssuerUrls=nonsense", "PreviousIssuerUrls is "),
        ("RevocationMode", "'RevocationMode', which is no NAME=VALUE, or names a parameter twice"),
        ("RevocationMode=strict RevocationMode=snapshot", "'RevocationMode=snapshot', which is no NAME=VALUE"),
        ("RevocationMode='strict", "PARAMETERS cannot be read: No closing quotation"),
    ],
)
def test_a_wrong_value_is_refused_with_the_rule(text: str, rule: str) -> None:
    """The rule of the template is in the error: the emulator would take any value."""
    assert rule in refusal(text)


def test_the_template_uses_the_rules_that_are_checked() -> None:
    """A rule of another kind would pass unchecked."""
    rules = {"AllowedValues", "AllowedPattern", "MinValue", "MaxValue", "MaxLength"}
    texts = {"Type", "Default", "Description", "ConstraintDescription", "NoEcho"}
    parameters: dict[str, dict[str, Any]] = TEMPLATE["Parameters"]
    assert {rule for parameter in parameters.values() for rule in parameter} <= rules | texts
    assert {parameter["Type"] for parameter in parameters.values()} == {"String", "Number"}


@pytest.mark.parametrize("name", sorted(FREE))
def test_the_default_of_each_parameter_is_accepted(name: str) -> None:
    """The check agrees with the template about each default."""
    default = str(TEMPLATE["Parameters"][name].get("Default", ""))
    if "Default" in TEMPLATE["Parameters"][name]:
        assert read_parameters(f"{name}='{default}'", TEMPLATE) == {name: default}
