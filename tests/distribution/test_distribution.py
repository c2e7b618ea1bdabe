"""The distribution `keyturn`: its files, its extras, and fresh environments that have nothing else."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from email.parser import HeaderParser
from pathlib import Path

import pytest

from keyturn import __version__
from keyturn.adapters.aws.system_clock import wall_seconds
from tests.distribution.conftest import ROOT, Built, Environment, with_dependencies
from tests.fakes.jwks_site import JwksSite
from tests.fakes.token_factory import AUDIENCE, signing_key

Install = Callable[[str, Iterable[str]], Environment]
PACKAGES = {"authorizer": "functions", "keyturn": "layers/keyturn", "keyturn_cli": "cli"}
FOR_THE_VERIFIER = {"cffi", "cryptography", "pycparser"}

VERIFY = """
import json, sys
from importlib.metadata import distributions
from keyturn.verifier import JwksVerifier
issuer, audience, raw = sys.argv[1:]
token = JwksVerifier(issuer, audience).verify(raw)
names = sorted(each.metadata["Name"] for each in distributions())
print(json.dumps([token.subject, names, sorted(name.partition(".")[0] for name in sys.modules)]))
"""
TYPED = """
from keyturn.verifier import Introspection, JwksVerifier, TokenError, VerifiedAccessToken, VerifierUnavailable

verifier = JwksVerifier("https://auth.example.com", {"a", "b"}, introspection=Introspection("a", "b"))


def check(raw: str) -> str:
    try:
        token: VerifiedAccessToken = verifier.verify(raw)
    except TokenError as error:
        return error.reason.name + error.reason.explanation
    except VerifierUnavailable as error:
        return error.problem + str(error.retry_after + 1)
    return token.subject + token.jti + "".join(token.scope) + "".join(token.audience) + str(token.expires_at + 1)


async def check_async(raw: str) -> str:
    return (await verifier.verify_async(raw)).client_id
"""
SIGN = """
from keyturn.jose.remote_algorithm import RemoteAlgorithm
import boto3
print(RemoteAlgorithm("ES256").name)
"""


@pytest.fixture(scope="session")
def bare(install: Install) -> Environment:
    """Return an environment with the wheel and what the verifier needs."""
    return install("", FOR_THE_VERIFIER)


@pytest.fixture(scope="session")
def operator(install: Install) -> Environment:
    """Return an environment with the extra `cli`."""
    return install("[cli]", with_dependencies(("boto3", "cryptography", "pyjwt", "typer")))


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_build_is_reproducible(built: Built, tmp_path: Path) -> None:
    """The checkout and its source distribution give the same bytes, whatever the times of the files."""
    assert sha256(built.wheel) == sha256(built.again)
    with tarfile.open(built.source) as archive:
        assert len({each.mtime for each in archive}) == 1
        assert {(each.uid, each.gid, each.uname, each.gname) for each in archive} == {(0, 0, "", "")}


def test_the_wheel_has_three_packages_and_nothing_else(built: Built) -> None:
    """Each module of the verifier, the command and the authorizer is there, and no other file is."""
    expected = {
        path.relative_to(ROOT / folder).as_posix()
        for package, folder in PACKAGES.items()
        for path in (ROOT / folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(built.wheel) as archive:
        found = {name for name in archive.namelist() if not name.startswith(f"keyturn-{__version__}.dist-info/")}
    assert found == expected
    assert {"keyturn/py.typed", "keyturn/adapters/aws/amazon_roots.pem"} <= found


def test_a_checker_of_wheels_finds_nothing(built: Built) -> None:
    """check-wheel-contents finds neither a stray file nor a module at the wrong place."""
    command = [sys.executable, "-m", "check_wheel_contents", str(built.wheel)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_metadata_name_the_extras(built: Built) -> None:
    """The package needs `cryptography` alone, and has a version, a licence and a readme."""
    with zipfile.ZipFile(built.wheel) as archive:
        metadata = HeaderParser().parsestr(archive.read(f"keyturn-{__version__}.dist-info/METADATA").decode())
    required = [each.partition(">")[0] for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert required == ["cryptography"]
    assert metadata.get_all("Provides-Extra") == ["cli", "sign"]
    assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == (
        "keyturn",
        __version__,
        "Apache-2.0",
    )
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_verifier_runs_with_cryptography_alone(bare: Environment) -> None:
    """A fresh environment with three further packages verifies a token over HTTP, and loads no other one."""
    site = JwksSite()
    try:
        site.publish(signing_key())
        raw = site.token(signing_key(), at=wall_seconds())
        done = bare.run("python", "-I", "-c", VERIFY, site.origin, AUDIENCE, raw)
    finally:
        site.close()
    assert done.returncode == 0, done.stderr
    subject, names, modules = json.loads(done.stdout)
    assert subject.startswith("u_")
    assert set(names) == {"keyturn", *FOR_THE_VERIFIER}
    assert {"boto3", "jwt", "typer", "asyncio", "keyturn_cli"}.isdisjoint(modules)


def test_a_strict_checker_of_types_knows_the_verifier(bare: Environment, tmp_path: Path) -> None:
    """A service under `mypy --strict` gets the types of the installed package."""
    (service := tmp_path / "service.py").write_text(TYPED)
    options = ["--strict", "--warn-unreachable", "--config-file=", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", *options, f"--python-executable={bare.folder / 'bin' / 'python'}"]
    done = subprocess.run([*command, str(service)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_the_command_without_its_extra_says_how_to_get_it(bare: Environment) -> None:
    """The command of an environment without the extra fails with one line, and names what to type."""
    for command in (["keyturn", "clients", "list"], ["python", "-m", "keyturn_cli", "--help"]):
        done = bare.run(*command)
        assert (done.returncode, done.stdout) == (1, "")
        assert (
            done.stderr == "keyturn: the command needs its extra: type `pip install '.[cli]'` in a clone of Keyturn\n"
        )


def test_the_algorithm_without_its_extra_says_how_to_get_it(bare: Environment) -> None:
    """The import of the PyJWT algorithm fails with one sentence, and names what to type."""
    done = bare.run("python", "-I", "-c", SIGN)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "keyturn.jose.remote_algorithm needs the extra sign: type `pip install '.[sign]'` in a clone of Keyturn\n"
    )


def test_the_command_runs_from_the_wheel(operator: Environment) -> None:
    """The command needs no file of the repository: its help, and its errors in an empty folder, are there."""
    for command in (["keyturn", "--help"], ["python", "-m", "keyturn_cli", "--help"]):
        done = operator.run(*command)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage: keyturn [OPTIONS]" in done.stdout
        assert "Operate a Keyturn stack." in done.stdout
    done = operator.run("keyturn", "clients", "list")
    assert done.returncode == 1
    assert done.stderr.startswith("keyturn: no embedded stack runs in this folder")


def test_the_extra_sign_has_the_algorithm(install: Install) -> None:
    """The extra `sign` brings PyJWT and boto3, and not the command's packages."""
    done = install("[sign]", with_dependencies(("boto3", "cryptography", "pyjwt"))).run("python", "-I", "-c", SIGN)
    assert (done.returncode, done.stdout) == (0, "ES256\n"), done.stderr
