"""The tables of docs/scale.md: the model from 10 to 10,000 sandboxes, what binds first, and what the simulation saw."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import prices
from benchmarks.limits import CAPACITY, sandboxes_at_limit, seconds_to_load
from benchmarks.load_model import Load, read_rates, reads_a_second
from benchmarks.load_simulation import simulate
from benchmarks.reads import transaction_write_units

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
SIMULATED = (10, 100, 1000, 10_000)
REVOCATIONS = (0.0, 0.1, 1.0, 5.5)  # per second; 5.5 are 20,000 live ones
MODES = ("snapshot", "strict")
_MONTH = prices.HOURS_A_MONTH * 3600
_TARGET_ITEM = 150  # bytes
_NOTE_UNITS = 1  # the target item is written once more, outside of the transaction


def capacity_table(load: Load) -> str:
    """Return reads, dollars and the fullest limit by mode and number of sandboxes, in Markdown."""
    lines = [
        "| sandboxes | decisions/s | mode | read units/s | $ a month | fullest limit | used |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in SIZES:
        at_size = replace(load, sandboxes=size)
        for mode in MODES:
            units = reads_a_second(at_size, mode)
            rates = read_rates(at_size, mode)
            name = max(rates, key=lambda name: rates[name] / CAPACITY[name])
            dollars = units * _MONTH * prices.READ_REQUEST_UNIT
            used = f"{rates[name] / CAPACITY[name]:.1%}"
            cells = (f"{size:,}", f"{at_size.decisions:,.0f}", mode, f"{units:,.0f}", f"{dollars:,.2f}", name, used)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def limit_table(load: Load) -> str:
    """Return how many sandboxes reach each limit, by mode and revocations per second, in Markdown."""
    names = list(CAPACITY)
    lines = [
        f"| mode | revocations/s | {' | '.join(names)} | 1,000 start at once |",
        "|---|---|" + "---|" * len(names) + "---|",
    ]
    for mode in MODES:
        for rate in REVOCATIONS:
            at_rate = replace(load, revocations=rate)
            reached = sandboxes_at_limit(at_rate, mode)
            first = next(iter(reached))
            cells = [f"{reached[name]:,}" if name in reached else "–" for name in names]
            cells[names.index(first)] = f"**{reached[first]:,}**"
            loading = f"{seconds_to_load(replace(at_rate, sandboxes=1000)):,.0f} s" if mode == "snapshot" else "–"
            lines.append(f"| {mode} | {rate:g} | {' | '.join(cells)} | {loading} |")
    return "\n".join(lines)


def agreement_table(load: Load) -> str:
    """Return the model beside the simulation, in Markdown, as `model · simulation`; ages in seconds.

    Each renewal is a read of the ring's item and of the feed's day. `together`: the busiest second at the start, and
    after it, of sandboxes that all started within one second.
    """
    lines = [
        "| sandboxes | renewals/s | one copy of global (busiest) | mean age | age, 99 % | busiest second | together |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in SIMULATED:
        model = replace(load, sandboxes=size)
        seen, together = simulate(model, seconds=20), simulate(model, seconds=20, together=True)
        copy = read_rates(model, "snapshot")["global copy"]
        cells = (
            f"{size:,}",
            f"{model.refreshes:,.1f} · {seen.refreshes:,.1f}",
            f"{copy:,.2f} · {seen.busiest_copy:,.2f}",
            f"{model.mean_age:.2f} · {seen.mean_age:.2f}",
            f"{model.age_quantile(0.99):.2f} · {seen.age_quantile(0.99):.2f}",
            f"{seen.busiest_second():,}",
            f"{together.busiest_second():,}, then {together.busiest_second(since=load.bound):,}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def scale_parts(load: Load) -> dict[str, str]:
    """Return the generated parts of the page."""
    return {
        "capacity": capacity_table(load),
        "limits": limit_table(load),
        "simulation": f"{agreement_table(load)}\n\n{notes(load)}",
    }


def notes(load: Load) -> str:
    """Return what else the model and the simulation say: an outage, and the writes."""
    away = simulate(replace(load, sandboxes=100), seconds=60, outage=(20, 40))
    units = transaction_write_units(_TARGET_ITEM, load.feed_item) + _NOTE_UNITS
    dollars = units * load.revocations * _MONTH * prices.WRITE_REQUEST_UNIT
    return (
        "100 sandboxes meet an outage of DynamoDB of 20 s. The oldest cache at a decision was then "
        f"{max(away.ages):.3f} s old, of {load.bound:g} s. "
        f"{away.unanswered:,} decisions used strict reads, without a cache.\n"
        f"At {units} write units each, {load.revocations:g} revocations a second cost ${dollars:.2f} a month."
    )
