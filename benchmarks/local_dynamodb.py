"""The server of `tls_dynamodb` in a process of its own, and the environment that leads authorizers to it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.material import Material
from benchmarks.tls_dynamodb import HOST, JWKS_PATH
from tests.fakes.composed_authorizer import ENVIRON


@contextmanager
def local_dynamodb(material: Material) -> Iterator[dict[str, str]]:
    """Start the server; yield the variables that an authorizer, ours or another, needs to ask it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.tls_dynamodb", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps(material) + "\n")
            server.stdin.flush()
            origin = f"https://{HOST}:{int(server.stdout.readline())}"
            yield _environ(origin, Path(folder), material)
            server.stdin.close()


def _environ(origin: str, folder: Path, material: Material) -> dict[str, str]:
    bundle = str(folder / "bundle.pem")
    return ENVIRON | {
        "AWS_DEFAULT_REGION": ENVIRON["AWS_REGION"],
        "AWS_ENDPOINT_URL_DYNAMODB": origin,
        "AWS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "JWKS_URL": origin + JWKS_PATH,
        "REVOCATION_MODE": "snapshot",
        "AUDIENCE": material.audience,
    }
