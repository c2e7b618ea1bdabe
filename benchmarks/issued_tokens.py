"""CPU of a warm token for client credentials, beside the commit that the goals name and node oidc-provider.

Our issuer and the peer on boto3 get an event, and call DynamoDB and KMS by HTTP over TLS: API Gateway has received the
request. oidc-provider receives HTTP, keeps everything in memory, and signs by itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.baseline import NOT_RUN
from benchmarks.cold_start import Place
from benchmarks.contestants import at_baseline
from benchmarks.goals import Figure
from benchmarks.material import token_request
from benchmarks.progress import say
from benchmarks.warm_decisions import node
from benchmarks.worker_process import ROUNDS, Contestant, WarmWorker, ratio

OURS, BOTO3, PROVIDER = "keyturn", "PyJWT + boto3", "node oidc-provider, HTTP included"
_PROVIDER = Path(__file__).parent / "javascript" / "oidc-provider.mjs"
_MODULES = {OURS: "token_issuer.app", BOTO3: "boto3_issuer"}
_BY_BASELINE, _BY_PROVIDER = (0.35, 0.25), (1.5, 1.1)
Issued = dict[str, list[float]]  # microseconds of CPU in each round, by contestant


def measure(here: Place, there: Place | None) -> Issued:
    """Let all issuers take turns; `there` is the baseline."""
    with ExitStack() as stack:
        workers = {}
        for each in _contestants(here, there):
            say(f"warm tokens: {each.name} warms up")
            workers[each.name] = stack.enter_context(WarmWorker(each))
        times: Issued = {name: [] for name in workers}
        for number in range(ROUNDS):
            say(f"warm tokens: round {number + 1} of {ROUNDS}")
            for name, worker in workers.items():
                times[name].append(worker.round())
    return times


def _contestants(here: Place, there: Place | None) -> Iterator[Contestant]:
    yield _in_python(OURS, OURS, here.layout.issuer, here)
    yield _in_python(BOTO3, BOTO3, here.layout.peers, here)
    if there:
        yield _in_python(at_baseline(OURS), OURS, there.layout.issuer, there)
    runtime = node()
    if runtime:
        yield Contestant(PROVIDER, (runtime, str(_PROVIDER)), {}, dict(os.environ))


def _in_python(name: str, kind: str, path: Sequence[Path], where: Place) -> Contestant:
    folders = [str(folder) for folder in path]
    code = f"import sys; sys.path[:0] = {folders}; import issuer_worker; issuer_worker.main({_MODULES[kind]!r})"
    interpreter: str = sys._base_executable  # type: ignore[attr-defined]
    command = (interpreter, "-S", "-s", "-P", "-c", code)
    return Contestant(name, command, {"token_request": token_request()}, where.environ)


def issued_figures(times: Issued) -> list[Figure]:
    """Return the ratios of CPU time: to the commit if it is there, and to oidc-provider if Node is there."""
    figures = []
    for peer, what, goals in (
        (at_baseline(OURS), "that of af3b01f", _BY_BASELINE),
        (PROVIDER, "node oidc-provider, HTTP included", _BY_PROVIDER),
    ):
        if peer in times:
            figures.append(
                Figure("P13", f"CPU of a warm token by {what}", "×", *goals, *ratio(times[OURS], times[peer]))
            )
    return figures


def issued_table(times: Issued) -> str:
    """Return microseconds of CPU for one token, in Markdown, and what was not run."""
    lines = ["| warm token, client credentials, ES256 | µs of CPU |", "|---|---|"]
    lines += [
        f"| {name} | {median(each):,.0f} ({min(each):,.0f} to {max(each):,.0f}) |" for name, each in times.items()
    ]
    if at_baseline(OURS) not in times:
        lines += ["", NOT_RUN]
    return "\n".join(lines)
