"""`make mutants`: change every expression of a part once, by mutmut, and count the changes that no test notices.

It works on a copy in `build/mutants`, in which the packages lie where mutmut expects them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutants"
MUTMUT = [sys.executable, "-m", "mutmut"]
_CONFIGURATION = """
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
pythonpath = ["."]
filterwarnings = ["ignore"]
markers = ["enable_socket"]

[tool.mutmut]
source_paths = ["keyturn", "authorizer"]
only_mutate = {changed}
also_copy = ["local", "events", "examples", "keyturn_cli"]
pytest_add_cli_args_test_selection = {tests}
"""
# The same examples for each mutant, however loaded the machine is: what a test notices is no matter of luck.
_CONFTEST = """
from hypothesis import settings

settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
"""
# Killed: a test failed, or the change never came to an end.
_KILLED = {"killed", "timeout"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the changed files, the tests that notice (but for `left_out`), and the least share of found mutants."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]
    left_out: tuple[str, ...]
    least: float


PARTS = {
    "verifier": Part(
        ("keyturn/jose/*.py", "keyturn/domain/base64url.py"),
        ("tests/unit/jose/*.py", "tests/unit/domain/test_base64url.py"),
        ("test_bounded_work.py",),  # it counts the lines that run, and mutmut adds some
        0.95,
    ),
    "authorizer": Part(
        ("authorizer/*.py", "keyturn/domain/time/bounded_cache.py", "keyturn/environment.py"),
        (
            "tests/unit/authorizer/*.py",
            "tests/unit/domain/time/test_bounded_cache.py",
            "tests/unit/test_environment.py",
        ),
        (),
        0.95,
    ),
    "rules": Part(
        (
            "keyturn/domain/access/access_rules.py",
            "keyturn/domain/access/api_rules.py",
            "keyturn/domain/access/cached_rules.py",
            "keyturn/domain/access/declared_claims.py",
            "keyturn/domain/access/path_reading.py",
            "keyturn/domain/access/result_cache.py",
            "keyturn/domain/access/route_template.py",
            "keyturn/domain/access/stack_audiences.py",
        ),
        (
            "tests/unit/domain/access/test_access_rules.py",
            "tests/unit/domain/access/test_api_rules.py",
            "tests/unit/domain/access/test_declared_claims.py",
            "tests/unit/domain/access/test_path_reading.py",
            "tests/unit/domain/access/test_result_cache.py",
            "tests/unit/domain/access/test_route_template.py",
            "tests/unit/domain/access/test_scopes_and_numbers.py",
            "tests/unit/authorizer/conftest.py",
            "tests/unit/authorizer/test_answer_size.py",
            "tests/unit/authorizer/test_api_audiences.py",
            "tests/unit/authorizer/test_api_keys.py",
            "tests/unit/authorizer/test_app.py",
            "tests/unit/authorizer/test_cached_answers.py",
            "tests/unit/authorizer/test_settings.py",
            "tests/unit/authorizer/test_wider_routes.py",
        ),
        (),
        0.95,
    ),
    "readers": Part(
        (
            "keyturn/adapters/keys/dynamodb_key_rings.py",
            "keyturn/adapters/revocations/dynamodb_revocation_feed.py",
            "keyturn/adapters/revocations/dynamodb_revocation_reader.py",
            *(
                f"keyturn/adapters/aws/{name}.py"
                for name in (
                    *("call_limits", "client_events", "dynamodb", "errors", "http", "http_date", "json_service", "kms"),
                    *("service_errors", "sigv4", "ssm_parameters"),
                )
            ),
            "keyturn/domain/revocations/revocation_snapshot.py",
            "keyturn/domain/time/ages.py",
        ),
        (
            "tests/unit/adapters/aws/*.py",
            "tests/unit/domain/revocations/test_revocation_snapshot.py",
            "tests/unit/domain/time/test_ages.py",
            "tests/contract/test_readers.py",
            "tests/contract/test_revocation_feed.py",
        ),
        (),
        0.95,
    ),
    "kernel": Part(
        (
            *(f"keyturn/adapters/aws/{name}.py" for name in ("attribute_values", "endpoints", "item_version")),
            "keyturn/adapters/aws/system_clock.py",
            "keyturn/adapters/keys/key_ring_item.py",
            "keyturn/adapters/revocations/revocation_item.py",
            "keyturn/domain/access/routed_request.py",
            "keyturn/domain/access/scope.py",
            "keyturn/domain/errors.py",
            "keyturn/domain/issuer_url.py",
            "keyturn/domain/keys/key_ring.py",
            "keyturn/domain/revocations/revocation.py",
            "keyturn/observability.py",
        ),
        (
            "tests/unit/adapters/aws/test_endpoints.py",
            "tests/unit/adapters/keys/test_dynamodb_key_ring.py",
            "tests/unit/adapters/revocations/test_dynamodb_revocations.py",
            "tests/unit/adapters/test_stored_items.py",
            "tests/unit/authorizer/conftest.py",
            "tests/unit/authorizer/test_methods.py",
            "tests/unit/domain/access/test_scope.py",
            "tests/unit/domain/access/test_scopes_and_numbers.py",
            "tests/unit/domain/keys/test_key_ring.py",
            "tests/unit/domain/revocations/test_revocation.py",
            "tests/unit/domain/revocations/test_revocation_expiry.py",
            "tests/unit/domain/test_issuer_url.py",
            "tests/unit/test_observability.py",
        ),
        (),
        0.95,
    ),
}


def copy_project(part: Part, work: Path) -> None:
    """Lay out what mutmut needs."""
    shutil.rmtree(work, ignore_errors=True)
    copied = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "layers" / "keyturn" / "keyturn", work / "keyturn", ignore=copied)
    shutil.copytree(ROOT / "functions" / "authorizer", work / "authorizer", ignore=copied)
    for folder in ("local", "events", "examples"):  # the events that tests send
        shutil.copytree(ROOT / folder, work / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copytree(ROOT / "cli" / "keyturn_cli", work / "keyturn_cli", ignore=copied)  # `local` imports its errors
    for test in (each for pattern in ("tests/fakes/*.py", *part.tests) for each in ROOT.glob(pattern)):
        if test.name not in part.left_out:
            copy = work / test.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(test, copy)
    (work / "tests" / "conftest.py").write_text(_CONFTEST)
    folders = sorted({Path(pattern).parent.as_posix() for pattern in part.tests})
    configuration = _CONFIGURATION.format(changed=json.dumps(part.changed), tests=json.dumps(folders))
    (work / "pyproject.toml").write_text(configuration)


def outcomes(work: Path) -> dict[str, str]:
    """Return what became of each mutant, by its name."""
    listed = subprocess.run(
        [*MUTMUT, "results", "--all", "true"], cwd=work, capture_output=True, text=True, check=True
    ).stdout
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", listed, re.MULTILINE))


def change_of(mutant: str, work: Path) -> str:
    """Return a mutant's change: the line that was, and the line that is."""
    shown = subprocess.run([*MUTMUT, "show", mutant], cwd=work, capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^([-+])(?![-+]) *(.+)$", shown, re.MULTILINE)
    return "\n".join(f"  {sign} {line}" for sign, line in lines)


def run(name: str) -> bool:
    """Run all mutants of a part, print those that survive; return whether enough are killed."""
    part, work = PARTS[name], BUILD / name
    copy_project(part, work)
    vectors = os.environ.get("KEYTURN_VECTORS", str(ROOT.parent / "shared" / "vectors"))
    environment = os.environ | {"KEYTURN_VECTORS": vectors}
    children = str(os.cpu_count() or 1)
    subprocess.run([*MUTMUT, "run", "--max-children", children], cwd=work, env=environment, check=False)
    found = outcomes(work)
    survivors = sorted(mutant for mutant, outcome in found.items() if outcome not in _KILLED)
    for mutant in survivors:
        print(f"{mutant}: {found[mutant]}\n{change_of(mutant, work)}")
    share = 1 - len(survivors) / len(found) if found else 0.0
    print(
        f"{name}: {len(found)} mutants, {dict(Counter(found.values()))}: {share:.1%} killed, "
        f"at least {part.least:.0%} are asked for"
    )
    return share >= part.least


def main(names: list[str]) -> int:
    """Run the named parts, or all of them, and return the exit code: 0 if enough are killed of each."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"there is no part {unknown[0]}: ONLY is one of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    enough = [run(name) for name in names or PARTS]
    return int(not all(enough))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
