"""Holds the prose of the repository to the rules of language."""

from __future__ import annotations

from tests.language.check import ROOT, find_faults, known_files, prose
from tests.language.exclusions import EXCEPTIONS, FILES_OUT, MAX_EXCEPTIONS, NOT_YET, TABLES_OUT
from tests.language.sentences import sentences


def _is_rewritten(path: str) -> bool:
    return not any(path == each or path.startswith(f"{each}/") for each in NOT_YET)


def test_every_sentence_keeps_the_rules() -> None:
    """Each sentence of the rewritten files keeps the rules."""
    found = [*find_faults(path for path in known_files() if _is_rewritten(path))]
    assert not found, "\n".join(f"{each.path}:{each.line}: {each.rule}: {each.sentence}" for each in found)


def test_exceptions_are_few_and_have_a_reason() -> None:
    """The table of exceptions holds at most 20 sentences, each with a reason."""
    assert len(EXCEPTIONS) <= MAX_EXCEPTIONS
    assert all(each.reason for each in EXCEPTIONS)


def test_exceptions_are_still_written() -> None:
    """Each exception is a sentence that its file still holds."""
    for accepted in EXCEPTIONS:
        found = prose(accepted.path, (ROOT / accepted.path).read_text())
        assert accepted.sentence in {each.text for block in found for each in sentences(block.text)}


def test_excluded_paths_exist() -> None:
    """Each path that is excluded or is not rewritten yet exists."""
    for path in (*FILES_OUT, *TABLES_OUT, *NOT_YET):
        assert (ROOT / path).exists(), path
