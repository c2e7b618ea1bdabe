"""Steps of a fresh interpreter, one for each figure of a cold start: `cold_steps.run(STEP, MATERIAL)`.

Every step begins as Lambda does, with the runtime interface client, and with the material in memory: what a step counts
more than `floor` is its own. On its path are Lambda's folders and nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
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
    """Import our authorizer, and let it do what it does during init."""
    _initialized("keyturn_decision")


def trust(_material: Material) -> None:
    """Read the certificate authorities that the machine trusts."""
    import ssl

    ssl.create_default_context()


STEPS: tuple[Callable[[Material], None], ...] = (
    floor,
    import_jwt,
    pyjwt_verify,
    keyturn_verify,
    keyturn_import,
    trust,
)

# Handlers that answer one event: the module, and the event's name in the material.
HANDLERS = {
    "keyturn_decision": ("authorizer.app", "event"),
    "boto3_decision": ("boto3_authorizer", "event"),
    "powertools_decision": ("powertools_authorizer", "event"),
    "keyturn_token": ("token_issuer.app", "token_request"),
    "boto3_token": ("boto3_issuer", "token_request"),
}


def run(name: str, material: str) -> None:
    """Do the step of this name with the material in this file."""
    given = _begin(material)
    if name in HANDLERS:
        _answer(_initialized(name), name, given)
    else:
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


def spend(name: str, material: str) -> None:
    """Answer one event, and print the seconds of CPU that went into init and into the handler."""
    given = _begin(material)
    started = time.process_time()
    handler = _initialized(name)
    ready = time.process_time()
    _answer(handler, name, given)
    print(json.dumps({"init": ready - started, "handler": time.process_time() - ready}))


def _begin(material: str) -> Material:
    import awslambdaric.bootstrap  # noqa: F401

    with open(material) as file:
        given: Material = json.load(file)
    return given


def _initialized(name: str) -> Callable[..., dict[str, Any]]:
    module = HANDLERS[name][0]
    os.environ["_HANDLER"] = f"{module}.lambda_handler"  # as Lambda sets it before it imports the module
    handler: Callable[..., dict[str, Any]] = importlib.import_module(module).lambda_handler
    return handler


def _answer(handler: Callable[..., dict[str, Any]], name: str, material: Material) -> None:
    context = SimpleNamespace(
        function_name="function", memory_limit_in_mb=512, invoked_function_arn="arn:", aws_request_id="id"
    )
    answer = handler(material[HANDLERS[name][1]], context)
    if answer.get("isAuthorized") is not True and answer.get("statusCode") != 200:
        raise AssertionError("the request was refused")
