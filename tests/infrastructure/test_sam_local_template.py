"""The template for `sam local start-api`, as the SAM CLI itself reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.events import EventsError, render_template
from local.sam_local_template import join_templates

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-tools" / "bin" / "python"
# Prints the authorizer's function of each route that `sam local start-api` would serve.
READ = """
import json, sys
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

found = []
for file in sys.argv[1:]:
    stacks, _ = SamLocalStackProvider.get_stacks(file)
    routes = ApiProvider(stacks).api.routes
    found.append({
        f"{method} {route.path}": getattr(route.authorizer_object, "lambda_name", None)
        for route in routes for method in route.methods
    })
print(json.dumps(found))
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="the SAM CLI is in .venv-tools: make tools")
def test_the_example_keeps_its_authorizer_in_the_joined_template_alone(tmp_path: Path) -> None:
    """G6: `sam local start-api` serves the example's own template without an authorizer, the joined one with it."""
    joined = render_template(ROOT / "template.yaml", tmp_path)
    own = ROOT / "examples" / "http-api" / "template.yaml"
    done = subprocess.run([PYTHON, "-c", READ, joined, own], capture_output=True, text=True, check=True)
    with_keyturn, alone = json.loads(done.stdout.splitlines()[-1])
    expected = {"GET /reports", "POST /reports"}
    assert {route: with_keyturn[route] for route in expected} == dict.fromkeys(expected, "AuthorizerFunction")
    assert alone == dict.fromkeys(expected)


def test_the_code_is_found_from_another_folder() -> None:
    """Each folder of code is an absolute path, since the joined template is in another folder than the build."""
    resources: dict[str, Any] = join_templates(ROOT / "template.yaml")["Resources"]
    properties = [resources[name]["Properties"] for name in ("Backend", "KeyturnLayer")]
    assert [each.get("CodeUri") or each["ContentUri"] for each in properties] == [
        str(ROOT / "examples" / "http-api" / "backend"),
        str(ROOT / "layers" / "keyturn"),
    ]


def test_two_resources_of_one_name_are_refused(tmp_path: Path) -> None:
    """A resource of the stack that the example would replace is an error."""
    (tmp_path / "template.yaml").write_text("Resources: { Backend: { Type: AWS::SQS::Queue } }\n")
    with pytest.raises(ValueError, match="both name Backend"):
        join_templates(tmp_path / "template.yaml")


def test_a_missing_build_is_named(tmp_path: Path) -> None:
    """The message says what to type before."""
    with pytest.raises(EventsError, match="is missing: type `make build`"):
        render_template(tmp_path / "template.yaml", tmp_path)
