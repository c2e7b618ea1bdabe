"""The templates of examples/: what a user copies is closed, cached nowhere, and the text that the pages show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from keyturn.domain.access.access_rules import parse_access_rules
from local.examples import FOLDER, HTTP, REST, WEBSOCKET, example_rules
from local.transform import folder_sources, read_template, transform_template
from local.user_template import AUTHORIZER
from tests.infrastructure.test_partitions import texts_of

ROOT = Path(__file__).parents[2]
EXAMPLES = (HTTP, REST, WEBSOCKET)
ARN = {"Ref": AUTHORIZER}
PUBLISHED = {HTTP: "docs/protect-an-api.md", REST: "docs/protect-an-api.md"}


def native(example: str) -> dict[str, Any]:
    """Return the resources of an example after AWS's transform."""
    source = read_template(FOLDER / example / "template.yaml")
    artifacts = {name: f"s3://bucket/{name}" for name in folder_sources(source)}
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"
    resources: dict[str, Any] = transform_template(source, {AUTHORIZER: arn}, artifacts, "eu-west-1")["Resources"]
    return resources


def of_type(resources: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] in kinds]


def bodies(example: str) -> list[dict[str, Any]]:
    """Return the OpenAPI bodies of the example's APIs."""
    found = of_type(native(example), "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
    return [each["Body"] for each in found if "Body" in each]


def authorizers(body: dict[str, Any]) -> list[dict[str, Any]]:
    schemes = body.get("securityDefinitions") or body["components"]["securitySchemes"]
    return [each["x-amazon-apigateway-authorizer"] for each in schemes.values()]


@pytest.mark.parametrize("example", [HTTP, REST])
def test_each_route_of_an_example_asks_the_authorizer(example: str) -> None:
    """G2, G3, G6: each operation names the authorizer, and results are cached nowhere: the default would be 300 s."""
    found = bodies(example)
    assert len(found) == {HTTP: 1, REST: 2}[example]
    for body in found:
        operations = [operation for item in body["paths"].values() for operation in item.values()]
        assert [each["security"] for each in operations] == [[{"Keyturn": []}]] * 2
        assert [each["authorizerResultTtlInSeconds"] for each in authorizers(body)] == [0]


def test_the_rest_example_shows_both_kinds_of_authorizer() -> None:
    """R54: one API has an authorizer of the kind REQUEST, which has the route in its event, and one of TOKEN."""
    assert [each["type"] for body in bodies(REST) for each in authorizers(body)] == ["request", "token"]


def test_the_websocket_example_asks_at_the_handshake() -> None:
    """R60, G6: `$connect` has the authorizer, without an identity source, since a browser cannot set the header."""
    resources = native(WEBSOCKET)
    [route] = of_type(resources, "AWS::ApiGatewayV2::Route")
    [authorizer] = of_type(resources, "AWS::ApiGatewayV2::Authorizer")
    assert (route["RouteKey"], route["AuthorizationType"], route["AuthorizerId"]) == (
        "$connect",
        "CUSTOM",
        {"Ref": "Authorizer"},
    )
    assert (authorizer["IdentitySource"], authorizer["AuthorizerType"]) == ([], "REQUEST")


@pytest.mark.parametrize("example", EXAMPLES)
def test_only_the_example_itself_may_call_the_authorizer(example: str) -> None:
    """G11: each API permits itself to call authorizer and backend, and nothing else may call them."""
    resources = native(example)
    apis = {name for name, each in resources.items() if each["Type"].endswith(("::RestApi", "V2::Api"))}
    permissions = of_type(resources, "AWS::Lambda::Permission")
    called = [each for each in permissions if each["FunctionName"] in (ARN, "authorizer") or "authorizer" in str(each)]
    assert len(called) == len(apis)
    for each in permissions:
        assert (each["Principal"], each["Action"]) == ("apigateway.amazonaws.com", "lambda:InvokeFunction")
        assert any(f'"{api}"' in (text := json.dumps(each["SourceArn"])) or f"${{{api}}}" in text for api in apis)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_leaves_nothing_behind(example: str) -> None:
    """The function logs into a group of the stack, which is deleted with it, and nothing else is retained."""
    resources = native(example)
    [function] = of_type(resources, "AWS::Lambda::Function")
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "BackendLogs"}
    kept = [name for name, each in resources.items() if each.get("DeletionPolicy", "Delete") != "Delete"]
    assert kept == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_output_is_right_in_each_partition(example: str) -> None:
    """A host ends with the suffix of the partition, and an ARN begins with its name."""
    outputs = read_template(FOLDER / example / "template.yaml")["Outputs"]
    assert not any("amazonaws" in text or "arn:aws:" in text for text in texts_of(outputs))
    hosts = [text for text in texts_of(outputs) if "${AWS::Region}." in text]
    assert all("${AWS::Region}.${AWS::URLSuffix}/" in text for text in hosts)
    assert len(hosts) == {HTTP: 0, REST: 2, WEBSOCKET: 1}[example]


def test_the_rules_of_the_examples_name_their_routes() -> None:
    """R58: the shipped document has a rule for each route, and fits into the parameter AccessRules."""
    rules = parse_access_rules(example_rules()).of_api("any")
    routes = {
        f"{method.upper()} {path}"
        for example in (HTTP, REST)
        for body in bodies(example)
        for path, item in body["paths"].items()
        for method in item
    }
    assert {rule.route for rule in rules} == routes | {"$connect"}
    parameter = read_template(ROOT / "template.yaml")["Parameters"]["AccessRules"]
    assert re.fullmatch(parameter["AllowedPattern"], example_rules())
    assert len(example_rules()) <= parameter["MaxLength"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_has_a_page_with_its_commands(example: str) -> None:
    """The page deploys the folder here and on AWS, names the outputs, and warns about `sam local`."""
    page = (FOLDER / example / "README.md").read_text()
    assert f"python -m local deploy examples/{example}" in page
    assert f"cd examples/{example}\nsam deploy --stack-name" in page
    assert "sam local" in page
    assert all(output in page for output in read_template(FOLDER / example / "template.yaml")["Outputs"])
    assert len(page.splitlines()) <= 80


def test_the_page_of_the_http_example_has_the_commands_of_the_readme() -> None:
    """`tests/integration` runs the README's commands; the example's page shows the same ones."""
    readme = (ROOT / "README.md").read_text().partition("## Put it in front of your API\n")[2]
    page = (FOLDER / HTTP / "README.md").read_text()
    for language in ("sh", "text"):
        [block, *_] = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
        assert set(block.splitlines()) <= set(page.splitlines())


@pytest.mark.parametrize("example", PUBLISHED)
def test_the_published_template_is_the_examples_own(example: str) -> None:
    """A snippet of the documentation is a part of the file that the tests deploy, word for word."""
    kind = {HTTP: "AWS::Serverless::HttpApi", REST: "AWS::Serverless::Api"}[example]
    page = (ROOT / PUBLISHED[example]).read_text()
    snippets = [each for each in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if f"Type: {kind}\n" in each]
    assert len(snippets) == 1
    text = (FOLDER / example / "template.yaml").read_text()
    for part in re.split(r"^\w+:\n", snippets[0], flags=re.MULTILINE)[1:]:
        assert part in text
