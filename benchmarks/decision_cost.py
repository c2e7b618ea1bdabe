"""The price of a million decisions by AWS's price list, without API Gateway's fee; calculated, never run on AWS.

A decision costs a Lambda request, the billed duration, the log lines and the reads. Snapshot mode reads a part of the
renewals; strict mode reads each target and a part of the renewal of the keys.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from benchmarks import prices
from benchmarks.goals import Figure
from benchmarks.load_model import Load, reads_a_second
from keyturn.observability import log_event
from local.transform import read_template
from tests.fakes.token_factory import good_claims

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB are one vCPU.
_MB_OF_A_PROCESSOR = 1769
# Milliseconds of a full core: a first-seen token's decision, where no run has measured it, and the runtime around it,
# which is assumed.
_DECISION_CPU, _RUNTIME_CPU = 0.135, 0.15
ROOT = Path(__file__).parents[1]
GATES = {"snapshot": (0.45, 0.25), "strict": (1.3, 0.9)}
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html: Lambda adds a timestamp to a
# JSON line without one.
_ADDED_TIMESTAMP = '"timestamp":"2026-11-30T12:00:00.000Z",'


@cache
def memory_mb(function: str = "AuthorizerFunction", root: Path = ROOT) -> int:
    """Return the memory of a function in a checkout's template."""
    return int(read_template(root / "template.yaml")["Resources"][function]["Properties"]["MemorySize"])


@cache
def allowed_line() -> str:
    """Return the line that the authorizer writes for an allowed request."""
    written = io.StringIO()
    with redirect_stdout(written):
        log_event("INFO", "allowed", api="http_2.0", jti=good_claims()["jti"])
    return written.getvalue()


@dataclass(frozen=True)
class Authorizer:
    """The facts of a price: `decision` in milliseconds of a full core, `memory` in MB, and the log line.

    `round_trip` to DynamoDB, in milliseconds, is assumed.
    """

    decision: float = _DECISION_CPU
    memory: int = field(default_factory=memory_mb)
    line: str = field(default_factory=allowed_line)
    round_trip: float = 5.0

    @property
    def billed(self) -> float:
        """The billed milliseconds of a decision in memory: a started one is whole, half of one more on average."""
        return (self.decision + _RUNTIME_CPU) / processor_share(self.memory) + 0.5

    @property
    def logged_bytes(self) -> int:
        """The bytes that a line counts for in CloudWatch Logs."""
        added = "" if '"timestamp"' in self.line else _ADDED_TIMESTAMP
        return len((self.line + added).encode()) + prices.LOG_EVENT_BYTES


@dataclass(frozen=True)
class Cost:
    """Dollars for a million decisions."""

    requests: float
    duration: float
    logs: float
    reads: float

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return self.requests + self.duration + self.logs + self.reads


def processor_share(memory: int) -> float:
    """Return the share of a vCPU that Lambda gives a function of so many MB."""
    return min(1.0, memory / _MB_OF_A_PROCESSOR)


def decision_cost(load: Load, mode: str, *, logged: float = 1.0, authorizer: Authorizer | None = None) -> Cost:
    """Return the cost in this mode; `logged` is the share of decisions that write a line.

    A renewal of the keys is one round trip; in snapshot mode the global target and the feed are two more.
    """
    of = authorizer or Authorizer()
    renewals = load.refreshes / load.decisions
    round_trips = renewals + 1 if mode == "strict" else 3 * renewals
    milliseconds = of.billed + of.round_trip * round_trips
    gb_seconds = of.memory / 1024 * milliseconds / 1000
    return Cost(
        requests=prices.MILLION * prices.LAMBDA_REQUEST,
        duration=prices.MILLION * gb_seconds * prices.LAMBDA_GB_SECOND,
        logs=prices.MILLION * logged * of.logged_bytes * prices.LOG_BYTE,
        reads=prices.MILLION * reads_a_second(load, mode) / load.decisions * prices.READ_REQUEST_UNIT,
    )


def cost_figures(load: Load, authorizer: Authorizer | None = None) -> list[Figure]:
    """Return the price in both modes, under this load."""
    rate = f"{load.requests:g} a second in a sandbox"
    return [
        Figure(
            "P11",
            f"a million decisions, {mode}, {rate}",
            "$",
            *goals,
            decision_cost(load, mode, authorizer=authorizer).total,
        )
        for mode, goals in GATES.items()
    ]


def cost_table(load: Load, authorizer: Authorizer, rates: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)) -> str:
    """Return the parts of the cost in Markdown, by mode and by requests per second and sandbox."""
    lines = [
        "| mode | requests/s in a sandbox | requests | duration | logs | reads | $ a million | without lines |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for mode in GATES:
        for rate in rates:
            at_rate = replace(load, requests=rate)
            cost, quiet = (decision_cost(at_rate, mode, logged=logged, authorizer=authorizer) for logged in (1, 0))
            parts = (cost.requests, cost.duration, cost.logs, cost.reads, cost.total, quiet.total)
            lines.append(f"| {mode} | {rate:g} | " + " | ".join(f"{part:.3f}" for part in parts) + " |")
    return "\n".join(lines)
