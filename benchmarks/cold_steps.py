"""Steps of a fresh interpreter, one for each figure of a cold start: `cold_steps.run(STEP, MATERIAL)`.

Every step begins as Lambda does, with the runtime interface client, and with the material in memory: what a step counts
more than `floor` is its own. On its path are Lambda's folders and nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

Material = dict[str, Any]


def floor(_material: Material) -> None:
    """Do nothing more."""


def import_jwt(_material: Material) -> None:
    """Import PyJWT."""
    import jwt  # noqa: F401


def pyjwt_verify(material: Material) -> None:
    """Import PyJWT and verify a token by a key at hand."""
    import jwt

    key = jwt.PyJWK(material["jwk"]).key
    jwt.decode(
        material["token"],
        key,
        algorithms=[material["algorithm"]],
        audience=material["audience"],
        issuer=material["issuer"],
    )


def keyturn_verify(material: Material) -> None:
    """Import our verifier and verify a token by a key at hand."""
    from keyturn.jose import KeySet, VerificationPolicy, verify_access_token

    keys = KeySet.from_jwks({"keys": [material["jwk"]]})
    policy = VerificationPolicy(
        issuer=material["issuer"], audiences={material["audience"]}, algorithms={material["algorithm"]}
    )
    verify_access_token(material["token"], keys, policy, now=time.time())  # noqa: TID251 - it stands for a clock


def keyturn_import(_material: Material) -> None:
    """Import our authorizer."""
    import authorizer.app  # noqa: F401


def keyturn_decision(material: Material) -> None:
    """Import our authorizer and let it decide once, with its two reads."""
    from authorizer.app import lambda_handler

    _expect(lambda_handler(material["event"], None))


def boto3_decision(material: Material) -> None:
    """Let PyJWT and boto3 do the same, with nothing around them."""
    from boto3_authorizer import lambda_handler

    _expect(lambda_handler(material["event"], None))


def powertools_decision(material: Material) -> None:
    """Let an authorizer of PyJWT, boto3 and Powertools decide once, with the read of the JWKS and one of DynamoDB."""
    from powertools_authorizer import lambda_handler

    context = SimpleNamespace(
        function_name="authorizer", memory_limit_in_mb=512, invoked_function_arn="arn:", aws_request_id="id"
    )
    _expect(lambda_handler(material["event"], context))


def trust(_material: Material) -> None:
    """Read the certificate authorities that the machine trusts."""
    import ssl

    ssl.create_default_context()


def _expect(answer: dict[str, Any]) -> None:
    if answer["isAuthorized"] is not True:
        raise AssertionError("the request was refused")


STEPS: tuple[Callable[[Material], None], ...] = (
    floor,
    import_jwt,
    pyjwt_verify,
    keyturn_verify,
    keyturn_import,
    keyturn_decision,
    boto3_decision,
    powertools_decision,
    trust,
)


def run(name: str, material: str) -> None:
    """Do the step of this name with the material in this file."""
    import awslambdaric.bootstrap  # noqa: F401

    with open(material) as file:
        given = json.load(file)
    next(step for step in STEPS if step.__name__ == name)(given)


def observe(name: str, material: str) -> None:
    """Do the step, and print its resident memory in bytes and how many sources were compiled for it."""
    compiled = []

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        # A text that is compiled, as namedtuple does, has no file.
        if event == "compile" and arguments[1] is not None and not str(arguments[1]).startswith("<"):
            compiled.append(arguments[1])

    sys.addaudithook(heard)
    run(name, material)
    with open("/proc/self/status") as status:
        resident = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
    print(json.dumps({"resident": resident, "compiled": len(compiled)}))
