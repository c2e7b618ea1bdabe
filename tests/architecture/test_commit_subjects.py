"""The subjects of commits: short, and in the imperative."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "2582f14"  # the last commit before the rule
LONGEST = 72
# Older than this test, or than its first run on the commit.
EXCEPTIONS = {"4abb0c7": "73 characters", "beb70bd": "76 characters"}

_FIRST_WORD = re.compile(r"[A-Z][a-z-]+(?=,? )")
# fmt: off
_OTHER_WORDS = {
    "A", "All", "An", "And", "As", "At", "Both", "Each", "Every", "For", "From", "How", "If", "In", "It", "Its", "No",
    "Nobody", "Not", "Nothing", "Now", "Of", "On", "One", "Only", "Our", "Some", "That", "The", "Their", "There",
    "These", "This", "Those", "To", "Two", "We", "What", "When", "Where", "Which", "Who", "Whoever", "Whose", "Why",
    "With",
}
# fmt: on
_OTHER_FORMS = re.compile(r".*(?:ed|ing|tion|[^s]s)$")
_VERBS = {
    "Bring",
    "Embed",
    "Exceed",
    "Feed",
    "Focus",
    "Mention",
    "Need",
    "Position",
    "Proceed",
    "Seed",
    "Speed",
    "String",
}


def problem(subject: str) -> str | None:
    """Return what is wrong with a subject, or None."""
    if len(subject) > LONGEST:
        return f"{len(subject)} characters, {LONGEST} may be"
    word = _FIRST_WORD.match(subject)
    if word is None or word[0] in _OTHER_WORDS or (_OTHER_FORMS.match(word[0]) and word[0] not in _VERBS):
        return "begins with no verb in the imperative, such as Add"
    return None


def git(*arguments: str) -> str:
    """Return what git prints; skips the test where git or the repository is missing."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NOT RUN: no history to read: {error}")
    return done.stdout


def is_known(commit: str) -> bool:
    """Return whether the history has the commit; a shallow clone may lack it."""
    command = ["git", "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_subjects_are_short_and_imperative() -> None:
    """Each commit since the rule, as far as the clone has it, says in 72 characters what to do; merges aside."""
    top_level = git("rev-parse", "--show-toplevel").strip()
    if Path(top_level) != ROOT:
        pytest.skip("NOT RUN: these files are not of the repository around them")
    commits = git("log", "--no-merges", "--format=%h %s", "--abbrev=7", f"{BASE}..HEAD" if is_known(BASE) else "HEAD")
    subjects = dict(line.split(" ", 1) for line in commits.splitlines())
    wrong = {commit: f"{subject}: {why}" for commit, subject in subjects.items() if (why := problem(subject))}
    assert {commit: told for commit, told in wrong.items() if commit not in EXCEPTIONS} == {}


@pytest.mark.parametrize(
    "subject",
    [
        "Add a key",
        "Pass the clock",
        "Embed the stack",
        "Re-read a ring of keys",
        "Find, read",
        "Focus on one" + "!" * 60,
    ],
)
def test_an_imperative_is_accepted(subject: str) -> None:
    """A subject of at most 72 characters that begins with a verb passes."""
    assert problem(subject) is None


@pytest.mark.parametrize(
    "subject",
    [
        "The key is added",
        "Added a key",
        "Adds a key",
        "Adding a key",
        "add a key",
        "docs: add",
        "Docs: add",
        "Add" * 25,
    ],
)
def test_another_subject_is_refused(subject: str) -> None:
    """An article, another form of the verb, a lower-case letter, a prefix and 73 characters are refused."""
    assert problem(subject) is not None
