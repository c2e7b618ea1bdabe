"""The server of `tls_aws` in a process of its own, and the environment that leads authorizers and issuers to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.material import Material
from benchmarks.tls_aws import HOST, JWKS_PATH
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.issuer_harness import ENVIRONMENT as ISSUER_ENVIRON
from tests.fakes.token_factory import signing_key


@contextmanager
def local_aws(material: Material) -> Iterator[dict[str, str]]:
    """Start the server; yield the variables that an authorizer or an issuer, ours or another, needs to ask it."""
    given = served(material)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.tls_aws", folder]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps(given) + "\n")
            server.stdin.flush()
            origin = f"https://{HOST}:{int(server.stdout.readline())}"
            yield environment(origin, Path(folder), material)
            server.stdin.close()


def served(material: Material) -> dict[str, Any]:
    """Return the input of `tls_aws`: the key signs as KMS does."""
    private = signing_key(material.algorithm).private
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"ring": material.ring, "jwk": material.jwk, "revoked": material.revoked, "private": pem}


def environment(origin: str, folder: Path, material: Material) -> dict[str, str]:
    """Return the variables of an authorizer and of an issuer; the folder has `bundle.pem`."""
    bundle = str(folder / "bundle.pem")
    return {
        **ISSUER_ENVIRON,
        **ENVIRON,
        "AWS_DEFAULT_REGION": ENVIRON["AWS_REGION"],
        "AWS_ENDPOINT_URL_DYNAMODB": origin,
        "AWS_ENDPOINT_URL_KMS": origin,
        "AWS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "JWKS_URL": origin + JWKS_PATH,
        "REVOCATION_MODE": "snapshot",
        # Under valgrind, a decision takes longer than a deployment would let it.
        "REVOCATION_BOUND_SECONDS": "300",
        "FUNCTION_TIMEOUT_SECONDS": "60",
        "AUDIENCE": material.audience,
        "CLIENT_ID": "web",
    }
