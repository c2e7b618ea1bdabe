"""Each function imports from its artifact and its layers alone: a development environment would hide a gap."""

from __future__ import annotations

import importlib.util
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.build import build_artifacts
from tests.infrastructure.native_template import NativeTemplate

ROOT = Path(__file__).parents[2]
UNCHECKED_HASH = 0b01
FUNCTIONS = ("AuthorizerFunction", "KeyRotatorFunction", "TokenIssuerFunction")


@pytest.fixture(scope="session")
def artifacts(source: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build every function and layer with the Makefile targets that `sam build` calls, and unpack them."""
    folder = tmp_path_factory.mktemp("artifacts")
    for logical_id, artifact in build_artifacts(source, ROOT, ROOT / ".local" / "builds").items():
        with zipfile.ZipFile(artifact.path) as archive:
            archive.extractall(folder / logical_id)
    return folder


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_from_its_artifact_and_its_layers_alone(
    template: NativeTemplate, artifacts: Path, function: str
) -> None:
    """In an isolated interpreter with nothing else on its path, the handler is there and is a function."""
    layers = [layer["Ref"].rstrip("0123456789abcdef") for layer in template.properties(function)["Layers"]]
    path = [str(artifacts / function), *(str(artifacts / layer / "python") for layer in layers)]
    module, _, name = template.properties(function)["Handler"].rpartition(".")
    program = f"import sys; sys.path[:0] = {path!r}; import {module} as m; assert callable(m.{name}); print(m.__file__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(artifacts / function))


@pytest.mark.parametrize("artifact", [*FUNCTIONS, "KeyturnLayer", "DependenciesLayer"])
def test_every_module_is_compiled_and_never_checked_against_its_source(artifacts: Path, artifact: str) -> None:
    """Lambda's folders are read-only: a module without byte code would be compiled again at every cold start (P7)."""
    modules = list((artifacts / artifact).rglob("*.py"))
    assert modules
    for module in modules:
        compiled = Path(importlib.util.cache_from_source(str(module)))
        assert compiled.exists(), module
        header = compiled.read_bytes()[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert struct.unpack("<I", header[4:])[0] == UNCHECKED_HASH, module


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_artifact_holds_its_own_package_alone(artifacts: Path, function: str) -> None:
    """A function's artifact has the code of no other function (each is a trust boundary)."""
    own = {
        "AuthorizerFunction": "authorizer",
        "KeyRotatorFunction": "key_rotator",
        "TokenIssuerFunction": "token_issuer",
    }
    assert [path.name for path in (artifacts / function).iterdir()] == [own[function]]


def test_the_layer_has_botocores_models_of_the_services_that_are_called(artifacts: Path) -> None:
    """The models of all other services are left out: a new client needs its own."""
    source = (ROOT / "layers" / "keyturn" / "keyturn" / "adapters" / "aws_client.py").read_text()
    called = set(re.findall(r'boto3\.client\(\s*"(\w+)"', source))
    kept = {path.name for path in (artifacts / "DependenciesLayer/python/botocore/data").iterdir() if path.is_dir()}
    assert called == kept
