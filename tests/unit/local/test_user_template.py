"""The template of a user's own stack: refused before anything is deployed, with the line to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.transform import TransformError, transform_template
from local.user_template import (
    TemplateRefused,
    check_functions,
    explain_transform,
    fill_parameters,
    find_template,
    read_user_template,
)

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = """\
Globals: { Function: { Runtime: python3.13 } }
Resources:
  Backend:
    Type: AWS::Serverless::Function
    Properties: { Handler: app.handler, PROPERTY }
"""
PARAMETERS = {
    "KeyturnAuthorizerArn": {"Type": "String"},
    "Stage": {"Type": "String", "Default": "live", "AllowedValues": ["live", "test"]},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a template that is not there yet."""
    return tmp_path / "template.yaml"


def refusal(path: Path, text: str) -> str:
    """Return the message about a template."""
    path.write_text(text)
    with pytest.raises(TemplateRefused) as error:
        check_functions(path, read_user_template(path))
    return str(error.value).replace(f"{path.parent}/", "")


def test_a_folder_without_a_template_is_named(tmp_path: Path) -> None:
    """The message says whether the folder or its template is missing."""
    with pytest.raises(TemplateRefused, match=r"has no template\.yaml: give the folder that has your SAM template"):
        find_template(tmp_path)
    with pytest.raises(TemplateRefused, match="missing is not a folder"):
        find_template(tmp_path / "missing")
    (tmp_path / "template.yml").touch()
    assert find_template(tmp_path).name == "template.yml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources:\n  A: [\n", "template.yaml:3: "),
        ("Resources:\n  A: { Type: !Unknown }\n  - b\n", "template.yaml:3: "),
        ("", "template.yaml has no Resources: add a resource"),
        ("Resources: {}\n", "template.yaml has no Resources"),
        ("Resources: [A]\n", "template.yaml has no Resources"),
        ("- a\n", "template.yaml has no Resources"),
        ("Resources:\n  A:\n    Properties: {}\n", "template.yaml:2: A has no Type"),
        ("Resources:\n  A: x\n", "template.yaml:2: A has no Type"),
        ("Resources:\n  A: { Type: a }\nResources:\n  B: { Type: b }\n", "template.yaml:3: Resources occurs twice"),
        (
            "Resources:\n  A:\n    Type: a\n    Properties:\n      X: [{ B: 1, B: 2 }]\n",
            "template.yaml:5: B occurs twice",
        ),
        ("Resources: &a\n  A: *a\n", "template.yaml:2: A has no Type"),
        ("Resources:\n  1: x\n", "template.yaml:2: 1 has no Type"),
        ("Globals: 5\nResources:\n  A: { Type: a }\n", "template.yaml:1: Globals is not a mapping"),
        ("Globals: { Function: 5 }\nResources:\n  A: { Type: a }\n", "template.yaml: Function is not a mapping"),
        ("Parameters:\nResources:\n  A: { Type: a }\n", "template.yaml:1: Parameters is not a mapping"),
        ("Parameters:\n  P: 5\nResources:\n  A: { Type: a }\n", "template.yaml:2: P has no Type"),
        ("Resources:\n  A:\n    Type: a\nOutputs: [a]\n", "template.yaml:4: Outputs is not a mapping"),
        ("Resources:\n  A:\n    Type: a\n    Properties:\n", "template.yaml:4: Properties is not a mapping"),
        ("Resources:\n  A:\n    Type: a\n    Metadata: b\n", "template.yaml:4: Metadata is not a mapping"),
    ],
)
def test_a_fault_of_the_file_has_its_line(path: Path, text: str, message: str) -> None:
    """YAML that cannot be read, and a template without resources, are refused where the fault is."""
    assert refusal(path, text).startswith(message)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Runtime: nodejs22.x", "has the runtime nodejs22.x, and only Python runs here: set Runtime: python3.13"),
        ("PackageType: Image", "is a container image, and no Docker runs here"),
        ("CodeUri: s3://bucket/key", "has its code in s3://bucket/key, which is not on this machine"),
        (
            "Layers: ['arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:1']",
            "has the layer arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:1, which is on AWS",
        ),
    ],
)
def test_a_function_that_cannot_run_here_is_refused(path: Path, properties: str, message: str) -> None:
    """Runtime, image, code and layers that the emulator lacks are refused with the line of the function."""
    said = refusal(path, FUNCTION.replace("PROPERTY", properties))
    assert said.startswith(f"template.yaml:3: the function Backend {message}")


@pytest.mark.parametrize(
    "properties",
    [
        "CodeUri: src/",
        "Runtime: python3.12",
        "Layers: [!Ref Own]",
        "Layers: ['arn:aws:lambda:x-1:000000000000:layer:a:1']",
    ],
)
def test_a_function_that_can_run_here_is_taken(path: Path, properties: str) -> None:
    """Python functions from a folder, with layers of the emulator's account, are accepted."""
    path.write_text(FUNCTION.replace("PROPERTY", properties))
    check_functions(path, read_user_template(path))


def test_a_fault_of_the_transform_has_the_line_of_its_resource(path: Path) -> None:
    """The transform names a resource, and the message begins with that resource's line."""
    path.write_text("Resources:\n  Good: { Type: AWS::SQS::Queue }\n  Broken: { Type: AWS::Serverless::Function }\n")
    with pytest.raises(TransformError) as error:
        transform_template(read_user_template(path), {}, {}, "us-east-1")
    [cause] = error.value.causes
    assert explain_transform(path, cause).startswith(f"{path}:3: ")
    assert explain_transform(path, "another fault") == f"{path}: another fault"


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        ({}, {"KeyturnAuthorizerArn": "arn"}, {"KeyturnAuthorizerArn": "arn"}),
        ({"KeyturnAuthorizerArn": "own"}, {"KeyturnAuthorizerArn": "arn"}, {"KeyturnAuthorizerArn": "own"}),
        (
            {"Stage": "test"},
            {"KeyturnAuthorizerArn": "arn", "Stage": "live", "Gone": "x"},
            {"KeyturnAuthorizerArn": "arn", "Stage": "test"},
        ),
    ],
)
def test_given_values_precede_known_ones(
    path: Path, given: dict[str, str], known: dict[str, str], expected: dict[str, str]
) -> None:
    """A value of the command line counts first, then the known one; a parameter that is gone is left out."""
    assert fill_parameters(path, {"Parameters": PARAMETERS}, given, known) == expected


@pytest.mark.parametrize(
    ("template", "given", "message"),
    [
        ({"Parameters": PARAMETERS}, {"Stag": "live"}, "has no parameter Stag: did you mean Stage?"),
        ({"Parameters": PARAMETERS}, {"Stage": "x"}, "Stage is one of live, test, and not 'x': correct --parameter"),
        (
            {"Parameters": PARAMETERS},
            {},
            "needs values of KeyturnAuthorizerArn: add --parameter KeyturnAuthorizerArn=VALUE",
        ),
        ({}, {"Stage": "x"}, "has no parameter Stage: It has no parameters"),
    ],
)
def test_a_wrong_parameter_is_refused(
    path: Path, template: dict[str, Any], given: dict[str, str], message: str
) -> None:
    """An unknown name, a value against the template's rule and a missing value are errors before the deployment."""
    with pytest.raises(TemplateRefused) as error:
        fill_parameters(path, template, given, {})
    assert message in str(error.value)
