"""A user's own stack: its name, its parameters, its outputs, and each failure of a deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import user_stack
from local.api_addresses import ApiAddresses
from local.deployer import DeployError, Deployment
from local.progress import Progress
from local.transform import transform_template
from local.user_stack import Place, StackRefused, UserStack, delete_user_stack, deploy_folder
from local.user_template import AUTHORIZER, TemplateRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.build import Artifact

EXAMPLES = Path(__file__).parents[3] / "examples"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:keyturn-AuthorizerFunction"
IDS = {"Api": "aaaa", "TokenApi": "tttt", "Backend": "backend"}


class Deployed:
    """CloudFormation with one stack at most; `fails` is the reason of a failing deployment."""

    parameters: dict[str, str]
    names: list[str]
    fails = ""
    there = True

    def __init__(self, _emulator: object, name: str, record: Path) -> None:
        self.names.append(name)
        self._record = record

    def deployed_parameters(self) -> dict[str, str]:
        return dict(self.parameters)

    def deploy(
        self, template: Mapping[str, Any], parameters: dict[str, str], artifacts: Mapping[str, Artifact]
    ) -> Deployment:
        uris = {name: f"s3://bucket/{name}" for name in artifacts}
        native = transform_template(template, parameters, uris, "us-east-1")
        if self.fails:
            raise DeployError(self.fails)
        type(self).parameters = parameters
        outputs = {"ReportsUrl": "http://aaaa.execute-api.localhost:4580/reports", "Name": "backend"}
        return Deployment("created", outputs, IDS, native)

    def delete(self) -> bool:
        if self.fails:
            raise DeployError(self.fails)
        return self.there


class Emulated:
    """The emulator, which nobody asks here."""

    endpoint_url = "http://127.0.0.1:4580"
    log = Path("emulator.log")

    def client(self, service: str) -> Any:
        raise AssertionError(service)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """Return a place whose CloudFormation is a fake."""
    monkeypatch.setattr(user_stack, "Deployer", Deployed)
    for name, value in (("parameters", {}), ("names", []), ("fails", ""), ("there", True)):
        monkeypatch.setattr(Deployed, name, value, raising=False)
    (tmp_path / "state").mkdir()
    return Place(Emulated(), "keyturn", ARN, "http://127.0.0.1:8481", tmp_path / "state", tmp_path / "builds")


def deploy(place: Place, folder: Path, name: str | None = None, **given: str) -> UserStack:
    return deploy_folder(place, folder, name, given, Progress(None))


def routes(place: Place) -> Mapping[str, str]:
    return ApiAddresses(place.state / "addresses.json").routes()


def test_a_folder_becomes_a_stack_of_its_name(place: Place) -> None:
    """The authorizer's ARN is filled in, and the API's output leads to this machine."""
    deployed = deploy(place, EXAMPLES / "http-api")
    assert (deployed.name, deployed.action, Deployed.parameters) == (
        "http-api",
        "created",
        {AUTHORIZER: ARN},
    )
    assert deployed.outputs == {"ReportsUrl": "http://127.0.0.1:8481/http-api/reports", "Name": "backend"}
    assert routes(place) == {"/http-api": "/_aws/execute-api/aaaa"}
    assert (place.builds / "http-api" / "Backend.zip").exists()


def test_a_name_is_a_prefix_of_its_own(place: Place) -> None:
    """--name gives the same folder another stack, and a second API of a stack adds its logical id."""
    deploy(place, EXAMPLES / "rest-api", "other")
    assert routes(place) == {"/other/Api": "/_aws/execute-api/aaaa", "/other/TokenApi": "/_aws/execute-api/tttt"}


def test_a_parameter_keeps_its_value_but_the_authorizers_arn(
    monkeypatch: pytest.MonkeyPatch, place: Place, tmp_path: Path
) -> None:
    """An update repeats the last values as AWS does; a hidden value is not read back as asterisks."""
    text = (EXAMPLES / "http-api" / "template.yaml").read_text()
    (tmp_path / "own" / "backend").mkdir(parents=True)
    more = "  Level: { Type: String }\n  Word: { Type: String, NoEcho: true, Default: d }\n"
    (tmp_path / "own" / "template.yaml").write_text(text.replace("\nResources:", f"{more}\nResources:", 1))
    deploy(place, tmp_path / "own", Level="1", Word="secret")
    monkeypatch.setattr(Deployed, "parameters", {"Level": "1", "Word": "****", AUTHORIZER: "an older one"})
    deploy(place, tmp_path / "own")
    assert Deployed.parameters == {"Level": "1", AUTHORIZER: ARN}


@pytest.mark.parametrize("name", ["keyturn", "1a", "a_b", "../a", "a/b", "a" * 129])
def test_a_name_that_is_taken_or_no_name_is_refused(place: Place, name: str) -> None:
    """Keyturn's own stack is neither replaced nor deleted, and a name cannot leave its prefix or folder."""
    with pytest.raises(StackRefused, match="--name"):
        deploy(place, EXAMPLES / "http-api", name)
    with pytest.raises(StackRefused, match="type the name that `local deploy` printed"):
        delete_user_stack(place, name, Progress(None))
    assert Deployed.names == []


def test_a_failed_deployment_says_what_cloudformation_said(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """The reasons of CloudFormation are in the message, and no address is stored."""
    monkeypatch.setattr(Deployed, "fails", "the stack ended as ROLLBACK_COMPLETE")
    with pytest.raises(StackRefused, match="ended as ROLLBACK_COMPLETE: correct the template"):
        deploy(place, EXAMPLES / "http-api")
    with pytest.raises(StackRefused, match="ended as ROLLBACK_COMPLETE: remove the cause"):
        delete_user_stack(place, "http-api", Progress(None))
    assert routes(place) == {}


def test_a_template_that_does_not_transform_has_a_line(place: Place, tmp_path: Path) -> None:
    """The message of the SAM transform follows the line of its resource."""
    (tmp_path / "template.yaml").write_text("Resources:\n  Broken:\n    Type: AWS::Serverless::Function\n")
    with pytest.raises(TemplateRefused, match=r"template\.yaml:2: .*Broken"):
        deploy(place, tmp_path, "own")


def test_a_function_without_its_folder_is_refused(place: Place, tmp_path: Path) -> None:
    """A CodeUri that leads nowhere is named before the deployment."""
    (tmp_path / "template.yaml").write_text((EXAMPLES / "http-api" / "template.yaml").read_text())
    with pytest.raises(StackRefused, match=r"Backend has its code in .*backend, which is not a folder"):
        deploy(place, tmp_path, "own")


def test_a_deleted_stack_has_no_address(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """A deleted stack gives its prefix back, and a second deletion is an error."""
    deploy(place, EXAMPLES / "http-api")
    delete_user_stack(place, "http-api", Progress(None))
    assert routes(place) == {}
    assert json.loads((place.state / "addresses.json").read_text()) == {}
    monkeypatch.setattr(Deployed, "there", False)
    with pytest.raises(StackRefused, match="there is no stack http-api"):
        delete_user_stack(place, "http-api", Progress(None))
