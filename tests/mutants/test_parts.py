"""Files that `make mutants` changes exist, and are those that the coverage check holds."""

from __future__ import annotations

import tomllib

import pytest

from tests.mutants.run import PARTS, ROOT, main

SOURCES = {"keyturn": "layers/keyturn/keyturn", "authorizer": "functions/authorizer"}


# Tests of these files wait for time-outs and sockets: a run of all their mutants would take hours.
TOO_SLOW = ROOT / "layers" / "keyturn" / "keyturn" / "verifier"


def source_of(pattern: str) -> str:
    """Return where a pattern of mutmut's copy lies in the repository."""
    package, _, rest = pattern.partition("/")
    return f"{SOURCES[package]}/{rest}"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_names_files_and_tests_that_are_there(name: str) -> None:
    """A file that was moved would leave a part without a word."""
    for pattern in (*map(source_of, PARTS[name].changed), *PARTS[name].tests):
        assert list(ROOT.glob(pattern)), pattern


def test_what_is_broken_is_what_is_covered() -> None:
    """Each file under the coverage check belongs to exactly one part, but for those with slow tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    covered = [file for pattern in project["tool"]["coverage"]["report"]["include"] for file in ROOT.glob(pattern)]
    changed = [file for part in PARTS.values() for pattern in part.changed for file in ROOT.glob(source_of(pattern))]
    assert sorted(changed) == sorted(file for file in covered if file.suffix == ".py" and file.parent != TOO_SLOW)


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """ONLY=typo runs nothing, and says what there is."""
    assert main(["verifier", "typo"]) == 2
    assert capsys.readouterr().err == "there is no part typo: ONLY is one of verifier, authorizer, rules, readers\n"
