"""The picture of docs/benchmarks.md: a warm decision, a sandbox's first request, and a warm token, in CPU time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.contestants import (
    FIRST_SEEN,
    IN_NODE,
    NODE_AUTHORIZER,
    NODE_RAW,
    OURS,
    POWERTOOLS,
    POWERTOOLS_JWT,
    RAW,
    at_baseline,
)
from benchmarks.first_requests import TITLES, FirstRequests
from benchmarks.issued_tokens import PROVIDER, Issued
from benchmarks.warm_decisions import Warm

_OURS_COLOUR, _PEER_COLOUR, _NODE_COLOUR, _RAW_COLOUR = "#1f6f5c", "#9aa5b1", "#c9b458", "#4a4a4a"
_LEGEND = (
    ("Keyturn", _OURS_COLOUR),
    ("others in Python", _PEER_COLOUR),
    ("others in Node", _NODE_COLOUR),
    ("the signature alone", _RAW_COLOUR),
)
_CUT = 4.5  # in signature checks: a bar beyond it is drawn to it and says its number
_WARM = {
    OURS: "keyturn, whole authorizer:\na token seen before",
    "fast-jwt": "fast-jwt, verification alone",
    "aws-jwt-verify": "aws-jwt-verify, verification alone",
    NODE_AUTHORIZER: "whole authorizer\non aws-jwt-verify",
    FIRST_SEEN: "keyturn, whole authorizer:\na token seen for the first time",
    "PyJWT": "PyJWT, verification alone",
    POWERTOOLS_JWT: "whole authorizer\non Powertools JWTVerifier",
    POWERTOOLS: "whole authorizer on PyJWT, boto3,\nPowertools, its read included",
    RAW: "cryptography: one signature",
    NODE_RAW: "node:crypto: one signature",
}


def draw(warm: Warm, first: FirstRequests | None, issued: Issued | None, path: Path) -> None:
    """Write the PNG; a panel whose tools were missing is left out."""
    shown: list[tuple[Callable[[Any, Any], None], Any]] = [(_warm_panel, warm)]
    shown += [(_first_panel, first)] if first else []
    shown += [(_token_panel, issued)] if issued else []
    figure = Figure(figsize=(2 + 5.4 * len(shown), 5.4), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (panel, measured) in zip(panels, shown, strict=True):
        panel(axes, measured)
    figure.savefig(path, metadata={"Software": None})


def _warm_panel(axes: Any, warm: Warm) -> None:
    times = {name: median(warm.times["ES256"][name]) for name in _WARM if name in warm.times["ES256"]}
    unit = times[RAW]
    names = sorted(times, key=lambda name: times[name])
    for place, name in enumerate(names):
        length = min(times[name] / unit, _CUT)
        axes.barh(place, length, color=_colour(name), height=0.7)
        more = " →" if times[name] / unit > _CUT else ""
        axes.text(length + 0.05, place, f"{times[name]:,.0f} µs{more}", va="center", fontsize=9)
    _label(axes, [_WARM[name] for name in names], "A warm decision, ES256: CPU by that of one signature check")
    axes.axvline(1, color=_RAW_COLOUR, linewidth=0.8, linestyle=":")
    axes.set_xlim(0, _CUT + 1)
    axes.legend(
        handles=[Patch(color=colour, label=label) for label, colour in _LEGEND],
        fontsize=9, frameon=False, loc="upper right",
    )  # fmt: skip


def _first_panel(axes: Any, first: FirstRequests) -> None:
    steps = [step for step in TITLES if step in first.handler]
    largest = max(median(first.init[step]) + median(first.handler[step]) for step in steps)
    for place, step in enumerate(steps):
        init, handler = median(first.init[step]), median(first.handler[step])
        colour = _OURS_COLOUR if step.startswith("keyturn") else _PEER_COLOUR
        axes.barh(place, init, color=colour, height=0.6, alpha=0.45)
        axes.barh(place, handler, left=init, color=colour, height=0.6)
        text = f"{init / 1000:,.0f} + {handler / 1000:,.0f} ms"
        axes.text(init + handler + largest * 0.02, place, text, va="center", fontsize=9)
    titles = [TITLES[step].replace(": ", ":\n") for step in steps]
    _label(axes, titles, "A sandbox's first request: CPU in init (pale) + handler")
    axes.set_xlim(0, largest * 1.35)
    axes.set_xticks([])


def _token_panel(axes: Any, issued: Issued) -> None:
    times: Mapping[str, float] = {name: median(each) for name, each in issued.items()}
    names = sorted(times, key=lambda name: times[name])
    largest = max(times.values())
    for place, name in enumerate(names):
        ours = name == OURS or name == at_baseline(OURS)
        colour = _NODE_COLOUR if name == PROVIDER else _OURS_COLOUR if ours else _PEER_COLOUR
        axes.barh(place, times[name], color=colour, height=0.6, alpha=0.45 if name == at_baseline(OURS) else 1)
        axes.text(times[name] + largest * 0.02, place, f"{times[name] / 1000:.1f} ms", va="center", fontsize=9)
    titles = [name.replace(", ", ",\n").replace(": ", ":\n") for name in names]
    _label(axes, titles, "A warm token by client credentials: CPU")
    axes.set_xlim(0, largest * 1.25)
    axes.set_xticks([])


def _label(axes: Any, names: Sequence[str], title: str) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_title(title, fontsize=10, loc="left")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _colour(name: str) -> str:
    if name in (RAW, NODE_RAW):
        return _RAW_COLOUR
    if name in (OURS, FIRST_SEEN):
        return _OURS_COLOUR
    return _NODE_COLOUR if name in IN_NODE else _PEER_COLOUR
