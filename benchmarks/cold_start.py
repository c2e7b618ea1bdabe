"""Instructions and files of a cold start, in fresh interpreters, net of Lambda's floor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import baseline
from benchmarks.cold_layout import ROOT, Layout, believe, lay_out
from benchmarks.fresh_interpreter import Fresh, Observed, files_opened, instructions, observed
from benchmarks.goals import Figure
from benchmarks.local_aws import local_aws
from benchmarks.material import Material, token_request
from benchmarks.progress import say

FLOOR, OURS, OUR_ISSUER = "floor", "keyturn_decision", "keyturn_token"
TOOLS = ("valgrind", "strace")
STEPS = {
    "keyturn_verify": "keyturn.jose: import and first verification",
    "keyturn_import": "keyturn: init of the authorizer, its read over TLS",
    OURS: "keyturn: first decision, its reads over TLS",
    "import_jwt": "PyJWT: import alone",
    "pyjwt_verify": "PyJWT: import and first verification",
    "boto3_decision": "PyJWT + boto3: first decision, two reads over TLS",
    "powertools_decision": "PyJWT + boto3 + Powertools: first decision, JWKS and one read over TLS",
    "trust": "ssl: the machine's certificate authorities alone",
    OUR_ISSUER: "keyturn: first token, four reads and a signature of KMS over TLS",
    "boto3_token": "PyJWT + boto3: first token, the same calls",
}
# The steps that the baseline takes too.
AT_BASELINE = ("keyturn_verify", OURS, OUR_ISSUER)


class Place(NamedTuple):
    """Unpacked artifacts beside the server that they ask: the material's file, and the environment."""

    layout: Layout
    material: Path
    environ: Mapping[str, str]

    def fresh(self, step: str) -> Fresh:
        """Return the process that does a step."""
        return Fresh(_path(self.layout, step), self.material, self.environ)


class Cold(NamedTuple):
    """By step: instructions and files opened of the whole process, and what was observed; `zipped` in bytes."""

    instructions: dict[str, int]
    files: dict[str, int]
    observed: dict[str, Observed]
    zipped: dict[str, int]

    def net(self, step: str) -> int:
        """Return the step's instructions without those of Lambda's runtime client."""
        return self.instructions[step] - self.instructions[FLOOR]

    def net_files(self, step: str) -> int:
        """Return the files that the step opened without those of Lambda's runtime client."""
        return self.files[step] - self.files[FLOOR]


def missing_tools(*tools: str) -> str:
    """Return a line that names the programs that are absent, or "" if none is."""
    absent = [tool for tool in tools or TOOLS if shutil.which(tool) is None]
    return f"NOT RUN: counts need {' and '.join(absent)}: apt-get install {' '.join(absent)}" if absent else ""


@contextmanager
def place(material: Material, tree: Path | None = None, folder: Path = ROOT / "build" / "bench") -> Iterator[Place]:
    """Build, unpack, and start the server; `tree` is another checkout, whose artifacts lie in its own folder."""
    say(f"cold: build the artifacts of {baseline.COMMIT if tree else 'this checkout'}")
    layout = lay_out(tree / "build", tree) if tree else lay_out(folder)
    given = (tree or folder) / "material.json"
    given.write_text(json.dumps(material._asdict() | {"token_request": token_request()}))
    with local_aws(material) as environ:
        believe(layout, Path(environ["SSL_CERT_FILE"]).with_name("ca.pem"))
        yield Place(layout, given, environ)


def measure(here: Place, steps: tuple[str, ...] = tuple(STEPS)) -> Cold:
    """Count every step."""
    with ThreadPoolExecutor(2) as pool:
        names = (FLOOR, *steps)
        # Instructions are the same whatever else the machine does.
        counted = pool.map(lambda step: _counted(here, step), names)
        files = {step: files_opened(here.fresh(step), step) for step in names}
        seen = {step: observed(here.fresh(step), step) for step in names}
        return Cold(dict(zip(names, counted, strict=True)), files, seen, here.layout.zipped)


def _counted(here: Place, step: str) -> int:
    say(f"cold: count the instructions of {step}")
    return instructions(here.fresh(step), step)


def _path(layout: Layout, step: str) -> tuple[Path, ...]:
    if step == OUR_ISSUER:
        return layout.issuer
    return layout.authorizer if step in (FLOOR, "trust") or step.startswith("keyturn") else layout.peers


def cold_figures(cold: Cold) -> list[Figure]:
    """Return the figures of a cold start: of the authorizer, then of the issuer."""
    verify, decision = cold.net("keyturn_verify"), cold.net(OURS)
    peer, boto3 = cold.net("powertools_decision"), cold.net("boto3_decision")
    resident = cold.observed[OURS].resident / 1e6
    compiled = cold.observed[OURS].compiled
    return [
        Figure("P4", "cold first verify by `import jwt`", "×", 0.30, 0.22, verify / cold.net("import_jwt")),
        Figure("P4", "cold first verify by PyJWT + boto3 + Powertools", "×", 0.05, 0.035, verify / peer),
        Figure("P5", "cold first decision by PyJWT + boto3 doing the same", "×", 0.15, 0.10, decision / boto3),
        Figure("P6", "files opened for the first decision", "files", 190, 170, cold.net_files(OURS)),
        Figure("P6", "zipped artifact with layer", "MB", 7, 6, cold.zipped["authorizer"] / 1e6),
        Figure("P6", "resident memory after the first decision", "MB", 36, 32, resident),
        Figure("P7", "sources compiled for the first decision", "files", 0, 0, compiled),
        *_issuer_figures(cold),
    ]


def _issuer_figures(cold: Cold) -> list[Figure]:
    peer = cold.net(OUR_ISSUER) / cold.net("boto3_token")
    resident = cold.observed[OUR_ISSUER].resident / 1e6
    return [
        Figure("P12", "cold first token by PyJWT + boto3 doing the same, in instructions", "×", 0.30, 0.20, peer),
        Figure("P12", "files opened for the first token", "files", 320, 290, cold.net_files(OUR_ISSUER)),
        Figure("P12", "resident memory after the first token", "MB", 40, 34, resident),
    ]


def cold_table(cold: Cold) -> str:
    """Return what each step costs, in Markdown; the floor's own numbers are those of the whole process."""
    floor = cold.observed[FLOOR]
    lines = [
        "| cold, net of the floor | M instructions | files opened | resident in all, MB |",
        "|---|---|---|---|",
        f"| floor, in all | {cold.instructions[FLOOR] / 1e6:,.0f} | {cold.files[FLOOR]} | {floor.resident / 1e6:.1f} |",
    ]
    for step, title in STEPS.items():
        resident = cold.observed[step].resident / 1e6
        lines.append(f"| {title} | {cold.net(step) / 1e6:,.0f} | {cold.net_files(step)} | {resident:.1f} |")
    return "\n".join(lines)
