"""The generated parts of docs/benchmarks.md and docs/scale.md; what a person wrote around them stays."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sysconfig
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.goals import Figure, goal_table

END = "<!-- up to here -->"
PEERS = (
    "cryptography",
    "pyjwt",
    "joserfc",
    "authlib",
    "python-jose",
    "boto3",
    "aws-lambda-powertools",
    "awslambdaric",
)
_NODE_PACKAGES = Path(__file__).parent / "javascript" / "package.json"


class Report(NamedTuple):
    """The report of one part of a run: its figures, and the Markdown below them."""

    figures: list[Figure]
    text: str = ""

    def __str__(self) -> str:
        """Return both."""
        return "\n\n".join(part for part in (goal_table(self.figures) if self.figures else "", self.text) if part)


def begin(part: str) -> str:
    """Return the mark before a generated part."""
    return f"<!-- {part}, written by `make bench` -->"


def replace_generated(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with these parts between their marks; raises ValueError, and names the part, without them."""
    for part, generated in parts.items():
        before, mark, rest = page.partition(begin(part))
        _, end, after = rest.partition(END)
        if not mark or not end or "<!--" in rest[: rest.index(END)]:
            raise ValueError(f"the page lacks the marks of its part {part}")
        page = f"{before}{mark}\n\n{generated}\n\n{END}{after}"
    return page


def describe_run(command: str, now: float, node: str | None) -> str:
    """Return when, with what and on what kind of machine it ran; nothing that names the machine or its folders."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = "with" if optimized else "without"
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PEERS)
    lines = [
        f"`{command}` on {day}: {_machine()}; CPython {platform.python_version()}, built {build} profile-guided",
        f"optimization; {packages}.",
    ]
    if node:
        version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        wanted = json.loads(_NODE_PACKAGES.read_text())["dependencies"]
        lines.append(f"Node {version}: " + ", ".join(f"{name} {pin}" for name, pin in wanted.items()) + ".")
    return "\n".join(lines)


def _machine() -> str:
    """Return the kind of processor and how many of them."""
    try:
        told = Path("/proc/cpuinfo").read_text()
        model = next(line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} × {model}"
