"""Modules that a cold start of the authorizer loads."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest

from authorizer.app import HANDLER
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.log_lines import log_lines

ROOT = Path(__file__).parents[2]
SITE_PACKAGES = Path(cryptography.__file__).parents[1]
PATHS = [ROOT / "functions", ROOT / "layers" / "keyturn", SITE_PACKAGES]

# `typing` is missing because `cryptography` itself loads it; our own modules do not (last test).
HEAVY = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "dataclasses",
    "email",
    "http",
    "inspect",
    "jwt",
    "logging",
    "pydantic",
    "requests",
    "urllib3",
}


def run(code: str) -> object:
    """Return what the code prints as JSON, in a fresh interpreter that sees the artifact's packages alone."""
    prelude = f"import json, sys; sys.path += {[str(path) for path in PATHS]!r}; "
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", prelude + code], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    names = run("import authorizer.app; print(json.dumps(sorted(sys.modules)))")
    assert isinstance(names, list)
    return set(names)


def test_cold_start_loads_nothing_heavy(loaded: set[str]) -> None:
    """P4: importing the handler loads neither an SDK nor another JWT library nor a module for introspection."""
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()


def test_cold_start_loads_nothing_that_signs(loaded: set[str]) -> None:
    """The authorizer may read public keys and revocations: the issuer's and the rotator's side is not even imported."""
    ours = {
        name for name in loaded if name.partition(".")[0] in ("authorizer", "keyturn", "key_rotator", "token_issuer")
    }
    assert "authorizer.app" in ours
    assert not any(name.startswith(("key_rotator", "token_issuer")) for name in ours)
    assert ours.isdisjoint({"keyturn.jose.remote_algorithm", "keyturn.jose.public_key", "keyturn.jose.thumbprint"})
    assert ours.isdisjoint({"keyturn.jose.jws_encoder", "keyturn.jose.pyjwt_verdict"})
    assert ours.isdisjoint({"keyturn.jose.client_assertion", "keyturn.jose.id_token"})
    assert {name for name in ours if name.startswith("keyturn.adapters.")} == {
        "keyturn.adapters.aws",
        "keyturn.adapters.keys",
        "keyturn.adapters.revocations",
        "keyturn.adapters.aws.attribute_values",
        "keyturn.adapters.aws.item_version",
        "keyturn.adapters.keys.key_ring_item",
        "keyturn.adapters.aws.dynamodb",
        "keyturn.adapters.aws.http",
        "keyturn.adapters.aws.endpoints",
        "keyturn.adapters.aws.call_limits",
        "keyturn.adapters.aws.client_events",
        "keyturn.adapters.aws.errors",
        "keyturn.adapters.aws.http_date",
        "keyturn.adapters.aws.service_errors",
        "keyturn.adapters.keys.dynamodb_key_rings",
        "keyturn.adapters.aws.ssm_parameters",
        "keyturn.adapters.revocations.dynamodb_revocation_feed",
        "keyturn.adapters.revocations.dynamodb_revocation_reader",
        "keyturn.adapters.aws.json_service",
        "keyturn.adapters.revocations.revocation_item",
        "keyturn.adapters.aws.sigv4",
        "keyturn.adapters.aws.system_clock",
    }


def test_no_module_of_ours_loads_what_is_heavy(loaded: set[str]) -> None:
    """The authorizer's modules import what is heavy for the type checker alone; `typing` is there by cryptography."""
    for name in loaded:
        if name.partition(".")[0] in ("authorizer", "keyturn"):
            assert imported_at_run_time(name).isdisjoint(HEAVY), name


def imported_at_run_time(name: str) -> set[str]:
    """Return the top-level packages that a module of ours imports outside of `if TYPE_CHECKING:`."""
    source = importlib.util.find_spec(name)
    assert source is not None
    assert source.origin is not None
    tree = ast.parse(Path(source.origin).read_text())
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
    ]
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {each.partition(".")[0] for each in names}


_FRESH = "import sys; sys.path += {path}; import authorizer.app"


@pytest.mark.parametrize(
    ("handler", "events"),
    [(HANDLER, ["not_prepared"]), ("probe.lambda_handler", []), (None, [])],
    ids=["Lambda's sandbox", "another function", "no function"],
)
def test_an_import_prepares_the_sandbox_of_this_handler_alone(handler: str | None, events: list[str]) -> None:
    """Lambda names the handler in _HANDLER; an import by anything else reads nothing."""
    environ = ENVIRON | {"REVOCATION_MODE": "strict", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    path = [str(each) for each in PATHS]
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _FRESH.format(path=path)],
        env=environ | ({} if handler is None else {"_HANDLER": handler}) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [line["event"] for line in log_lines(finished.stdout)] == events


def test_the_template_names_this_handler() -> None:
    """A handler of another name would never be prepared."""
    assert f"      Handler: {HANDLER}\n" in (ROOT / "template.yaml").read_text()
