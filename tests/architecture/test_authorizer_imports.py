"""Modules that a cold start of the authorizer loads."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest

from authorizer.app import HANDLER
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.log_lines import log_lines
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, good_claims, make_token, signing_key

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


# The modules of `cryptography` that sign, encrypt or read certificates.
OTHER_CRYPTOGRAPHY = ("cryptography.hazmat.backends", "cryptography.hazmat.primitives.ciphers", "cryptography.x509")
RSA = {"cryptography.hazmat.primitives.asymmetric.rsa", "cryptography.hazmat.primitives.asymmetric.padding", "random"}
ED25519 = {"cryptography.hazmat.primitives.asymmetric.ed25519"}


@pytest.mark.parametrize(
    ("algorithm", "own"), [("ES256", set()), ("ES512", set()), ("RS256", RSA), ("PS256", RSA), ("Ed25519", ED25519)]
)
def test_a_verification_loads_what_its_kind_of_key_needs(algorithm: str, own: set[str]) -> None:
    """P4, P6: a sandbox loads of `cryptography` what verifies, for the kinds of keys in its ring alone."""
    key = signing_key(algorithm)
    verified = run(
        "from keyturn.jose import KeySet, VerificationPolicy, verify_access_token; "
        f"keys = KeySet.from_jwks({{'keys': [{key.jwk!r}]}}); "
        f"policy = VerificationPolicy(issuer={ISSUER!r}, audiences={{{AUDIENCE!r}}}, algorithms={{{algorithm!r}}}); "
        f"token = verify_access_token({make_token(key=key)!r}, keys, policy, {NOW}); "
        "print(json.dumps([token.jti, *sys.modules]))"
    )
    assert isinstance(verified, list)
    assert verified[0] == good_claims()["jti"]
    assert {name for name in verified if name.startswith(OTHER_CRYPTOGRAPHY)} == set()
    assert (RSA | ED25519).intersection(verified) == own


def test_a_connection_loads_nothing_for_international_names() -> None:
    """P6: AWS's hosts are ASCII, so that no connection loads IDNA and its tables."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        loaded = run(
            "from keyturn.adapters.aws.http import HttpConnection; "
            f"HttpConnection('http://localhost:{port}', 5).open().close(); "
            f"HttpConnection('http://127.0.0.1:{port}', 5).open().close(); "
            "print(json.dumps([*sys.modules]))"
        )
    assert isinstance(loaded, list)
    assert {"encodings.idna", "stringprep", "unicodedata"}.isdisjoint(loaded)


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
