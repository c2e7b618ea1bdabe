"""Each function imports from its artifact and its layers alone: a development environment would hide a missing file.

The build for this machine is checked, as the embedded stack makes it. KEYTURN_SAM_BUILDS names a folder with one
`sam build` for each processor, to check those instead.
"""

from __future__ import annotations

import importlib.util
import os
import platform
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
PACKAGES = {
    "AuthorizerFunction": "authorizer",
    "ExampleBackendFunction": "example_backend",
    "KeyRotatorFunction": "key_rotator",
    "LoginFunction": "login",
    "TokenIssuerFunction": "token_issuer",
}
LAYERS = ("DependenciesLayer", "KeyturnLayer", "LoginLayer")
# Bytes. Lambda's limit for a function with its layers, unpacked, is 250 MiB.
LIMITS = {"LoginFunction": 4 << 20, "LoginLayer": 2 << 20}
# The ELF header's e_machine.
MACHINES = {"x86_64": 62, "arm64": 183}
THIS_MACHINE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
SAM_BUILDS = os.environ.get("KEYTURN_SAM_BUILDS")
PROCESSORS = tuple(MACHINES) if SAM_BUILDS else (THIS_MACHINE,)


@pytest.fixture(scope="session")
def builds(source: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that has the artifacts of each of PROCESSORS in a folder of its name."""
    if SAM_BUILDS:
        return ROOT / SAM_BUILDS
    folder = tmp_path_factory.mktemp("artifacts")
    for logical_id, artifact in build_artifacts(source, ROOT, ROOT / ".local" / "builds").items():
        with zipfile.ZipFile(artifact.path) as archive:
            archive.extractall(folder / THIS_MACHINE / logical_id)
    return folder


@pytest.fixture(params=PROCESSORS)
def artifacts(builds: Path, request: pytest.FixtureRequest) -> Path:
    """Return the artifacts for one processor."""
    return builds / str(request.param)


@pytest.mark.parametrize("function", PACKAGES)
def test_a_handler_imports_from_its_artifact_and_its_layers_alone(
    template: NativeTemplate, builds: Path, function: str
) -> None:
    """In an isolated interpreter with nothing else on its path, the handler is there and is a function."""
    artifacts = builds / THIS_MACHINE
    layers = [layer["Ref"].rstrip("0123456789abcdef") for layer in template.properties(function).get("Layers", [])]
    path = [str(artifacts / function), *(str(artifacts / layer / "python") for layer in layers)]
    module, _, name = template.properties(function)["Handler"].rpartition(".")
    program = f"import sys; sys.path[:0] = {path!r}; import {module} as m; assert callable(m.{name}); print(m.__file__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(artifacts / function))


@pytest.mark.parametrize("artifact", [*PACKAGES, *LAYERS])
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


def test_every_binary_is_for_the_processor_that_was_asked_for(artifacts: Path) -> None:
    """A layer built for the wrong processor would fail at the first import on AWS."""
    heads = {path: path.read_bytes()[:20] for path in artifacts.rglob("*") if path.is_file()}
    machines = {path: int.from_bytes(head[18:20], "little") for path, head in heads.items() if head[:4] == b"\x7fELF"}
    assert {path.name.partition(".")[0] for path in machines} >= {"_rust", "_cffi_backend"}
    assert dict.fromkeys(machines, MACHINES[artifacts.name]) == machines


def test_all_processors_get_the_same_files(builds: Path) -> None:
    """A package that has no wheel for one of them would be missing there; names differ in its name alone."""
    assert len({_files(builds / processor) for processor in PROCESSORS}) == 1


def _files(artifacts: Path) -> frozenset[str]:
    names = {path.relative_to(artifacts).as_posix() for path in artifacts.rglob("*") if path.is_file()}
    assert names
    return frozenset(re.sub("aarch64|x86_64", "<machine>", name) for name in names)


@pytest.mark.parametrize("function", PACKAGES)
def test_an_artifact_holds_its_own_package_alone(artifacts: Path, function: str) -> None:
    """A function's artifact has the code of no other function (each is a trust boundary)."""
    assert [path.name for path in (artifacts / function).iterdir()] == [PACKAGES[function]]


def test_the_layer_of_the_authorizer_has_no_module_that_nothing_loads(artifacts: Path) -> None:
    """P6: cryptography loads cffi's extension alone: neither cffi's own modules nor the C parser that they need."""
    packages = {
        path.name.partition(".")[0].partition("-")[0] for path in (artifacts / "KeyturnLayer" / "python").iterdir()
    }
    assert packages == {"_cffi_backend", "cffi", "cryptography", "keyturn"}
    assert not (artifacts / "KeyturnLayer" / "python" / "cffi").exists()


def test_the_login_has_what_its_pages_are_made_of(artifacts: Path) -> None:
    """Stylesheet and blocklist are in the package, as they are in the checkout."""
    source = ROOT / "functions" / "login"
    data = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert {path.suffix for path in data} == {".css", ".bin"}
    for path in data:
        assert (artifacts / "LoginFunction" / "login" / path).read_bytes() == (source / path).read_bytes(), path


@pytest.mark.parametrize("artifact", LIMITS)
def test_the_login_stays_small(artifacts: Path, artifact: str) -> None:
    """The files that a cold start unpacks and reads have a limit."""
    size = sum(path.stat().st_size for path in (artifacts / artifact).rglob("*") if path.is_file())
    assert size < LIMITS[artifact]


def test_issuer_and_authorizer_get_nothing_of_the_logins_layer(template: NativeTemplate) -> None:
    """The layer that renders pages is the login's alone: another function would pay for it at each cold start."""
    users = [
        name
        for name in template.of_type("AWS::Lambda::Function")
        if any(layer["Ref"].startswith("LoginLayer") for layer in template.properties(name).get("Layers", []))
    ]
    assert users == ["LoginFunction"]


def test_the_layer_has_botocores_models_of_the_services_that_are_called(artifacts: Path) -> None:
    """The models of all other services are left out: a new client needs its own."""
    source = (ROOT / "layers" / "keyturn" / "keyturn" / "adapters" / "aws" / "boto3_clients.py").read_text()
    called = set(re.findall(r'boto3\.client\(\s*"(\w+)"', source))
    kept = {path.name for path in (artifacts / "DependenciesLayer/python/botocore/data").iterdir() if path.is_dir()}
    assert called == kept
