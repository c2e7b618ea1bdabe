"""The opening of docs/benchmarks.md: five numbers, and their meaning in milliseconds and dollars."""

from __future__ import annotations

from statistics import median

from benchmarks.contestants import FIRST_SEEN, OURS, RAW
from benchmarks.decision_cost import Authorizer, decision_cost, memory_mb, processor_share
from benchmarks.first_requests import FirstRequests
from benchmarks.issued_tokens import Issued
from benchmarks.load_model import Load
from benchmarks.warm_decisions import Warm
from benchmarks.worker_process import ratio


def five_numbers(warm: Warm, first: FirstRequests, issued: Issued, authorizer: Authorizer) -> str:
    """Return the numbers as a table in Markdown; times on Lambda are calculated from its share of a vCPU."""
    rows = [
        _decision(warm, OURS, "A decision about a token that the sandbox has seen"),
        _decision(warm, FIRST_SEEN, "A decision about a token that it sees for the first time"),
        _first_decision(first),
        _token(issued),
        _dollars(authorizer),
    ]
    lines = ["| | measured here | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _decision(warm: Warm, name: str, title: str) -> tuple[str, str, str]:
    times = warm.times["ES256"]
    by_raw = ratio(times[name], times[RAW]).middle
    spent = median(times[name])
    return title, f"{by_raw:.2f} × one ES256 signature check: {spent:,.0f} µs of CPU", _on_lambda(spent, memory_mb())


def _first_decision(first: FirstRequests) -> tuple[str, str, str]:
    step = "keyturn_decision"
    init, handler = (median(times[step]) for times in (first.init, first.handler))
    measured = f"{init / 1000:,.0f} ms of CPU in init, {handler / 1000:,.1f} ms in the handler"
    return (
        "The first decision of a sandbox",
        measured,
        f"the handler: {_on_lambda(handler, memory_mb())}, and the network; init: once in a sandbox's life",
    )


def _token(issued: Issued) -> tuple[str, str, str]:
    spent = median(issued["keyturn"])
    calls = "and three calls to AWS, one after the other"
    return (
        "A token for a client",
        f"{spent / 1000:,.1f} ms of CPU",
        f"{_on_lambda(spent, memory_mb('TokenIssuerFunction'))}, {calls}",
    )


def _dollars(authorizer: Authorizer) -> tuple[str, str, str]:
    load = Load(sandboxes=1)
    snapshot, strict = (decision_cost(load, mode, authorizer=authorizer).total for mode in ("snapshot", "strict"))
    return (
        "A million decisions, by AWS's price list",
        f"${snapshot:.2f} in snapshot mode, ${strict:.2f} in strict mode",
        "without API Gateway's fee; $0.20 of it is the price of a million requests to Lambda",
    )


def _on_lambda(microseconds: float, memory: int) -> str:
    share = processor_share(memory)
    return f"{microseconds / 1000 / share:,.1f} ms at {memory} MB, which are {share:.2f} vCPU"
