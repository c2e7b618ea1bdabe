"""One contestant in Python: `python -m benchmarks.warm_worker NAME`, started by worker_process.

It proves first that it refuses what it has to refuse. Lines that a contestant prints go to /dev/null one by one, as a
log goes to its sink.
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

from benchmarks.contestants import AUTHORIZERS, FIRST_SEEN, OURS, POWERTOOLS, POWERTOOLS_JWT, kinds_to_refuse
from benchmarks.material import Material, with_token
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


def _authorizer(name: str) -> Callable[[Material], Operation]:
    """Return what makes one of the whole authorizers ready."""
    if name == POWERTOOLS:
        return _powertools
    if name == POWERTOOLS_JWT:
        return _powertools_verifier
    from benchmarks.keyturn_decision import keyturn_decision

    if name == FIRST_SEEN:
        return partial(keyturn_decision, first_seen=True)
    return partial(keyturn_decision, log_percent=10 if name == OURS else 100)


def _powertools(material: Material) -> Operation:
    from benchmarks.powertools_authorizer import lambda_handler

    context: Any = SimpleNamespace(
        function_name="authorizer",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:authorizer",
        aws_request_id="7f3b2c1d-9e8f-4a5b-8c6d-0e1f2a3b4c5d",
    )
    return lambda: lambda_handler(material.event, context)


def _powertools_verifier(material: Material) -> Operation:
    from benchmarks.powertools_verifier import powertools_verifier

    handler = powertools_verifier(material)
    return lambda: handler(material.event, None)


def prepare(name: str, material: Material) -> Operation:
    """Return the operation of the contestant of this name."""
    if name.startswith("refuse: "):
        from benchmarks.refusals import refusal

        return refusal(material, name.removeprefix("refuse: "), wall_seconds())
    return (_authorizer(name) if name in AUTHORIZERS else _verifier(name))(material)


def prove(name: str, material: Material) -> None:
    """Raise AssertionError unless the contestant accepts the good token and refuses what it has to refuse."""
    if not _accepts(name, material):
        raise AssertionError(f"{name} refuses the good token")
    for kind in kinds_to_refuse(name):
        token = material.refused[kind]
        bad = material._replace(token=token, event=with_token(material.event, token), others=[token])
        try:
            accepted = _accepts(name, bad)
        except Exception:  # each library has its own error; the good token has raised none
            accepted = False
        if accepted:
            raise AssertionError(f"{name} accepts a token that is wrong: {kind}")


def _accepts(name: str, material: Material) -> bool:
    answer = prepare(name, material)()
    return not isinstance(answer, dict) or answer.get("isAuthorized", True) is True


def _batch(operation: Operation, size: int) -> float:
    started = time.process_time()
    for _ in range(size):
        operation()
    return time.process_time() - started


def main(name: str, *, proved: bool) -> None:
    """Answer each line of standard input, the size of a batch, with seconds of CPU, until there is none.

    `proved`: another worker of this contestant has refused what it has to refuse.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers, open(os.devnull, "w") as sink:
        sys.stdout = sink
        material = Material(**json.loads(sys.stdin.readline()))
        if not proved:
            prove(name, material)
        operation = prepare(name, material)
        for line in sys.stdin:
            answers.write(f"{_batch(operation, int(line))}\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], proved=sys.argv[2:] == ["proved"])
