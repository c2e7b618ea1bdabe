"""P4 to P7: what a cold start costs before the first answer, counted in fresh interpreters, net of Lambda's floor."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.cold_layout import ROOT, Layout, believe, lay_out
from benchmarks.fresh_interpreter import Fresh, Observed, files_opened, instructions, observed
from benchmarks.goals import Figure
from benchmarks.local_dynamodb import local_dynamodb
from benchmarks.material import material_of

FLOOR, OURS = "floor", "keyturn_decision"
TOOLS = ("valgrind", "strace")
STEPS = {
    "keyturn_verify": "keyturn.jose: import and first verification",
    "keyturn_import": "keyturn: import of the authorizer",
    OURS: "keyturn: first decision, two reads over TLS",
    "import_jwt": "PyJWT: import alone",
    "pyjwt_verify": "PyJWT: import and first verification",
    "boto3_decision": "PyJWT + boto3: first decision, two reads over TLS",
    "powertools_decision": "PyJWT + boto3 + Powertools: first decision, JWKS and one read over TLS",
    "trust": "ssl: the machine's certificate authorities alone",
}
_OF_OURS = (FLOOR, "trust")


class Cold(NamedTuple):
    """By step: instructions and files opened of the whole process, and what was observed; `zipped` in bytes."""

    instructions: dict[str, int]
    files: dict[str, int]
    observed: dict[str, Observed]
    zipped: int

    def net(self, step: str) -> int:
        """Return the step's instructions without those of Lambda's runtime client."""
        return self.instructions[step] - self.instructions[FLOOR]

    def net_files(self, step: str) -> int:
        """Return the files that the step opened without those of Lambda's runtime client."""
        return self.files[step] - self.files[FLOOR]


def missing_tools() -> list[str]:
    """Return the programs that are needed and absent."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def measure(now: int, folder: Path = ROOT / "build" / "bench") -> Cold:
    """Build, unpack, and count every step."""
    layout = lay_out(folder)
    material = material_of("ES256", now)
    given = folder / "material.json"
    given.write_text(json.dumps(material._asdict()))
    with local_dynamodb(material) as environ, ThreadPoolExecutor(2) as pool:
        believe(layout, Path(environ["SSL_CERT_FILE"]).with_name("ca.pem"))
        steps = {step: Fresh(_path(layout, step), given, environ) for step in (FLOOR, *STEPS)}
        names = list(steps)
        # Instructions are the same whatever else the machine does.
        counted = pool.map(lambda step: instructions(steps[step], step), names)
        files = {step: files_opened(fresh, step) for step, fresh in steps.items()}
        seen = {step: observed(fresh, step) for step, fresh in steps.items()}
        return Cold(dict(zip(names, counted, strict=True)), files, seen, layout.zipped)


def _path(layout: Layout, step: str) -> tuple[Path, ...]:
    return layout.ours if step in _OF_OURS or step.startswith("keyturn") else layout.theirs


def cold_figures(cold: Cold) -> list[Figure]:
    """Return P4 to P7."""
    verify, decision = cold.net("keyturn_verify"), cold.net(OURS)
    peer, boto3 = cold.net("powertools_decision"), cold.net("boto3_decision")
    resident = cold.observed[OURS].resident / 1e6
    compiled = cold.observed[OURS].compiled
    return [
        Figure("P4", "cold first verify by `import jwt`", "×", 0.30, 0.22, verify / cold.net("import_jwt")),
        Figure("P4", "cold first verify by PyJWT + boto3 + Powertools", "×", 0.05, 0.035, verify / peer),
        Figure("P5", "cold first decision by PyJWT + boto3 doing the same", "×", 0.15, 0.10, decision / boto3),
        Figure("P6", "files opened for the first decision", "files", 190, 170, cold.net_files(OURS)),
        Figure("P6", "zipped artifact with layer", "MB", 7, 6, cold.zipped / 1e6),
        Figure("P6", "resident memory after the first decision", "MB", 36, 32, resident),
        Figure("P7", "sources compiled for the first decision", "files", 0, 0, compiled),
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
