"""One contestant in Python: `python -m benchmarks.warm_worker NAME`, started by worker_process.

Lines that a contestant prints go to /dev/null one by one, as a log goes to its sink.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from benchmarks.material import Material
from keyturn.adapters.aws.system_clock import wall_seconds

Operation = Callable[[], object]


def _verifier(name: str) -> Callable[[Material], Operation]:
    """Return what makes one of the libraries ready; each process imports no more than it needs."""
    from benchmarks import python_verifiers as verifiers

    if name == "keyturn.jose":
        return partial(verifiers.keyturn_jose, now=wall_seconds)
    if name == "PyJWT + PyJWKClient":
        return partial(verifiers.pyjwt_jwk_client, jwks_url=os.environ["JWKS_URL"], ca_file=os.environ["SSL_CERT_FILE"])
    return {
        "cryptography": verifiers.raw,
        "PyJWT": verifiers.pyjwt,
        "joserfc": verifiers.joserfc,
        "authlib": verifiers.authlib,
        "python-jose": verifiers.python_jose,
    }[name]


def _keyturn(material: Material, log_percent: int) -> Operation:
    from benchmarks.keyturn_decision import keyturn_decision

    return keyturn_decision(material, log_percent)


def _powertools(material: Material) -> Operation:
    from benchmarks.powertools_authorizer import lambda_handler

    context: Any = SimpleNamespace(
        function_name="authorizer",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:authorizer",
        aws_request_id="7f3b2c1d-9e8f-4a5b-8c6d-0e1f2a3b4c5d",
    )
    assert lambda_handler(material.event, context)["isAuthorized"] is True
    return lambda: lambda_handler(material.event, context)


def prepare(name: str, material: Material) -> Operation:
    """Return the operation of the contestant of this name."""
    if name in ("keyturn", "keyturn, a line for each"):
        return _keyturn(material, 10 if name == "keyturn" else 100)
    if name == "PyJWT + boto3 + Powertools":
        return _powertools(material)
    if name.startswith("refuse: "):
        from benchmarks.refusals import refusal

        return refusal(material, name.removeprefix("refuse: "), wall_seconds())
    return _verifier(name)(material)


def _batch(operation: Operation, size: int) -> float:
    started = time.process_time()
    for _ in range(size):
        operation()
    return time.process_time() - started


def main(name: str) -> None:
    """Answer each line of standard input, the size of a batch, with seconds of CPU, until there is none."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers, open(os.devnull, "w") as sink:
        sys.stdout = sink
        operation = prepare(name, Material(**json.loads(sys.stdin.readline())))
        for line in sys.stdin:
            answers.write(f"{_batch(operation, int(line))}\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
