"""The template of this project through the SAM transform."""

from __future__ import annotations

import gc

import pytest

from local.stack import PARAMETERS, ROOT
from local.transform import TransformError, makefile_sources, read_template, transform_template


def test_functions_and_layers_are_built_by_makefiles() -> None:
    """Every function and layer says where its Makefile is."""
    assert makefile_sources(read_template(ROOT / "template.yaml")) == {
        "KeyturnLayer": "layers/keyturn",
        "DependenciesLayer": "layers/dependencies",
        "TokenIssuerFunction": "functions/",
        "LoginFunction": "functions/",
        "LoginLayer": "layers/login",
        "AuthorizerFunction": "functions/",
        "KeyRotatorFunction": "functions/",
    }


def test_the_archives_end_up_in_the_native_template() -> None:
    """A function's code is the archive that it was given, and its source stays untouched."""
    template = read_template(ROOT / "template.yaml")
    places = {name: f"s3://artifacts/{name}.zip" for name in makefile_sources(template)}
    native = transform_template(template, PARAMETERS, places, "us-east-1")

    code = native["Resources"]["AuthorizerFunction"]["Properties"]["Code"]
    assert code == {"S3Bucket": "artifacts", "S3Key": "AuthorizerFunction.zip"}
    assert "CodeUri" not in template["Resources"]["AuthorizerFunction"]["Properties"]


def test_every_local_parameter_is_one_of_the_template() -> None:
    """A parameter that the template does not have would fail the deployment."""
    assert PARAMETERS.keys() <= read_template(ROOT / "template.yaml")["Parameters"].keys()


GOOD = {"Handler": "app.handler", "Runtime": "python3.13", "CodeUri": "s3://bucket/key"}
BROKEN = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Broken": {"Type": "AWS::Serverless::Function"},
        "Good": {"Type": "AWS::Serverless::Function", "Properties": GOOD},
    },
}


def test_a_template_that_does_not_transform_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """A SAM resource without its properties is refused with the message of the transform, and no other is printed."""
    with pytest.raises(TransformError, match="Broken"):
        transform_template(BROKEN, {}, {}, "us-east-1")
    gc.collect()
    assert "metrics" not in caplog.text
