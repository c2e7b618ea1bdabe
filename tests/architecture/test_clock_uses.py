"""The list of those that read a monotonic clock: `keyturn.domain.time.ages` alone compares instants."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/keyturn/keyturn").rglob("*.py")])
AGES = "layers/keyturn/keyturn/domain/time/ages.py"

# A monotonic clock stands still while a sandbox is frozen: each use outside of ages.py has its reason here.
USES = {
    "functions/authorizer/bootstrap.py": "hands the clock to the sandbox's time",
    "functions/authorizer/revocation_cache.py": "how long one request has waited for the store, within its invocation",
    "functions/authorizer/sandbox_time.py": "makes instants",
    "layers/keyturn/keyturn/adapters/aws/service_clock.py": "makes instants",
    "layers/keyturn/keyturn/adapters/aws/system_clock.py": "is the clock",
    "layers/keyturn/keyturn/verifier/bounded_http.py": "the end of one request over the network",
    "layers/keyturn/keyturn/verifier/jwks_verifier.py": "makes instants",
    AGES: "compares instants",
}
# Outside of ages.py, where an instant's own field is read.
COMPARED = {"functions/authorizer/revocation_cache.py": 2, "layers/keyturn/keyturn/verifier/bounded_http.py": 2}
_CLOCKS = ("monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")


def clock_names(source: str) -> list[str]:
    """Return the names of clocks that may stand still, once for each use in a source."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [node.attr] if isinstance(node, ast.Attribute) else []
        names += [node.id] if isinstance(node, ast.Name) else []
        names += [node.arg] if isinstance(node, ast.arg) else []
        names += [each.name for each in node.names] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if any(clock in name for clock in _CLOCKS)]
    return found


def test_each_use_of_a_monotonic_clock_has_its_reason() -> None:
    """R47: each age comes from ages.py; a monotonic clock alone stands still in a frozen sandbox."""
    using = {path.relative_to(ROOT).as_posix() for path in SOURCES if clock_names(path.read_text())}
    assert using == set(USES)


@pytest.mark.parametrize("file", sorted(set(USES) - {AGES}))
def test_instants_are_compared_in_one_module(file: str) -> None:
    """R47: no other module subtracts or compares a monotonic time, but for waiting within one invocation."""
    operands: list[ast.expr] = []
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        operands += [node.left, node.right] if isinstance(node, ast.BinOp) else []
        operands += [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    # An annotation such as `float | None` is an operation too, and names no clock.
    compared = sum(bool(clock_names(ast.unparse(each))) for each in operands if not isinstance(each, ast.BinOp))
    assert compared == COMPARED.get(file, 0)


@pytest.mark.parametrize(
    "source",
    [
        "import time\nstarted = time.monotonic()",
        "from time import monotonic_ns as clock",
        "import time\nstarted = time.perf_counter()",
        "def view(monotonic): ...",
        "import time\ntime.clock_gettime(time.CLOCK_BOOTTIME)",
    ],
)
def test_the_list_sees_each_spelling(source: str) -> None:
    """A clock that is imported under another name, or handed in, is found too."""
    assert clock_names(source)
