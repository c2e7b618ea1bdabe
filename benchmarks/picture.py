"""The picture of docs/benchmarks.md: warm ratios on the left, cold instructions on the right."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.cold_start import STEPS, Cold
from benchmarks.warm_decisions import LOGGED, NODE_RAW, NODE_VERIFIERS, OURS, POWERTOOLS, RAW, Warm

_OURS_COLOUR, _PEER_COLOUR, _NODE_COLOUR, _RAW_COLOUR = "#1f6f5c", "#9aa5b1", "#c9b458", "#4a4a4a"
_LEGEND = (
    ("Keyturn", _OURS_COLOUR),
    ("others in Python", _PEER_COLOUR),
    ("others in Node", _NODE_COLOUR),
    ("the signature alone", _RAW_COLOUR),
)
_CUT = 4.0  # a bar beyond it is drawn to it and says its number
_COLD = ("keyturn_verify", "import_jwt", "keyturn_decision", "boto3_decision", "powertools_decision")


def draw(warm: Warm, cold: Cold | None, path: Path) -> None:
    """Write the PNG; without cold counts, the left panel alone."""
    figure = Figure(figsize=(13, 5.2) if cold else (7, 5.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, 2 if cold else 1, squeeze=False)[0]
    _warm_panel(panels[0], warm)
    if cold:
        _cold_panel(panels[1], cold)
    figure.savefig(path, metadata={"Software": None})


def _warm_panel(axes: Any, warm: Warm) -> None:
    times = {
        name: median(each)
        for name, each in warm.times["ES256"].items()
        if not name.startswith("refuse: ") and name != LOGGED
    }
    unit = times[RAW]
    names = sorted(times, key=lambda name: times[name])
    for place, name in enumerate(names):
        value = times[name] / unit
        axes.barh(place, min(value, _CUT), color=_colour(name), height=0.7)
        label = f"{value:.2f}" if value <= _CUT else f"{value:.1f} →"
        axes.text(min(value, _CUT) + 0.04, place, label, va="center", fontsize=9)
    axes.set_yticks(range(len(names)), [_title(name) for name in names], fontsize=9)
    axes.axvline(1, color=_RAW_COLOUR, linewidth=0.8, linestyle=":")
    axes.set_xlim(0, _CUT + 0.6)
    axes.legend(handles=[Patch(color=colour, label=label) for label, colour in _LEGEND], fontsize=9, frameon=False)
    axes.set_title("Warm, one ES256 token: CPU time, × `cryptography` alone", fontsize=10, loc="left")
    _plain(axes)


def _cold_panel(axes: Any, cold: Cold) -> None:
    largest = max(cold.net(step) for step in _COLD) / 1e6
    for place, step in enumerate(_COLD):
        value = cold.net(step) / 1e6
        axes.barh(place, value, color=_OURS_COLOUR if step.startswith("keyturn") else _PEER_COLOUR, height=0.6)
        axes.text(value + largest * 0.01, place, f"{value:,.0f}", va="center", fontsize=9)
    axes.set_yticks(
        range(len(_COLD)), [STEPS[step].replace(": ", "\n", 1).replace(", ", ",\n", 1) for step in _COLD], fontsize=9
    )
    axes.set_xlim(0, largest * 1.15)
    axes.set_title("Cold: millions of instructions, net of Lambda's own start", fontsize=10, loc="left")
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _title(name: str) -> str:
    if name == OURS:
        return "keyturn, whole authorizer"
    if name == POWERTOOLS:
        return "PyJWT + boto3 + Powertools,\nwhole authorizer, read included"
    return name


def _colour(name: str) -> str:
    if name in (RAW, NODE_RAW):
        return _RAW_COLOUR
    if name.startswith("keyturn"):
        return _OURS_COLOUR
    return _NODE_COLOUR if name in NODE_VERIFIERS else _PEER_COLOUR
