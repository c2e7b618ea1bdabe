"""Sentences of the project keep the rules of its language, and the rules find what they are for."""

from __future__ import annotations

import pytest

from tests.language.exceptions import EXCEPTIONS
from tests.language.project import findings
from tests.language.rules import faults
from tests.language.sentences import split


def test_the_prose_keeps_the_rules() -> None:
    """Each sentence begins with a noun or an imperative, has one fact, one negation and the glossary's terms."""
    assert list(findings()) == []


def test_exceptions_are_few_and_have_reasons() -> None:
    """A rule with more than twenty exceptions is another rule."""
    assert len(EXCEPTIONS) <= 20
    assert all(each.reason for each in EXCEPTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "What was revoked of a client, its user and their grant, and the present in which nothing of that is left.",
        "Whoever may not use the method is nobody from here on, so that no credentials are weighed for it.",
        "Of what a thief of the code lacks, the verifier above all: whoever has not got it ends nobody's grant.",
        "A sandbox that answers one request only has read nothing in vain, and it is no loss.",
        "What is no time of the calendar's in UTC is nobody's.",
        "Take the horizon in seconds.",
        "Tell whether the key signs.",
        "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen a b c d e.",
    ],
)
def test_each_fault_is_found(text: str) -> None:
    """A sentence that breaks a rule has a finding."""
    assert list(faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "Reads the revocations for a client, user and grant, and returns an issue time later than all of them.",
        "Treat a client that is not registered for this method as unknown.",
        "Require what a code thief lacks (the PKCE verifier): a thief must not be able to revoke the grant.",
        "Skip the snapshot on the first request: many sandboxes serve only one.",
        "Reject times that UTC cannot represent.",
        "A revocation cannot be undone; tokens issued later are valid.",
        "Return the user, or None if the table has none.",
        "A no-store answer is never cached.",
    ],
)
def test_a_plain_sentence_has_no_fault(text: str) -> None:
    """The plain half of each pair passes."""
    assert list(faults(text)) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two.", 2),
        ("See RFC 9110 §5.6.7. It says so.", 2),
        ("Use e.g. the default. Then go on.", 2),
        ("`a. B` is code. It stays.", 2),
        ("Version 1.2 is out", 1),
        ("“One. Two.” is quoted.", 1),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, count: int) -> None:
    """Abbreviations, numbers, code and quotations end no sentence."""
    assert len(split(text)) == count
