"""Holds the prose of the repository to the rules of language."""

from __future__ import annotations

import re

from tests.language.check import ROOT, find_faults, known_files, prose
from tests.language.exclusions import EXCEPTIONS, FILES_OUT, MAX_EXCEPTIONS, TABLES_OUT
from tests.language.sentences import sentences


def test_every_sentence_keeps_the_rules() -> None:
    """Each sentence of the repository keeps the rules."""
    found = [*find_faults(known_files())]
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
    """Each excluded path exists."""
    for path in (*FILES_OUT, *TABLES_OUT):
        assert (ROOT / path).exists(), path


def test_requirements_are_named_by_tests_and_pages_alone() -> None:
    """Source and template give the RFC or the reason instead of the id of a requirement."""
    source = known_files(["cli", "examples", "functions", "layers", "local", "template.yaml", "Makefile"])
    found = [
        f"{path}:{block.line}: {block.text}"
        for path in source
        for block in prose(path, (ROOT / path).read_text(encoding="utf-8", errors="replace"))
        if re.search(r"\b[RAGP][0-9]{1,2}\b", block.text)
    ]
    assert not found, "\n".join(found)
