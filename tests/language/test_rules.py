"""Tables of sentences, with the faults that the check has to find in each."""

from __future__ import annotations

import pytest

from tests.language.blocks import CELL, HEADING, TEXT
from tests.language.rules import faults
from tests.language.sentences import sentences

_TWENTY = "One two three four five six seven eight nine ten one two three four five six seven eight nine ten"


def found_in(text: str, kind: str = TEXT) -> list[str]:
    """Return the faults of all sentences of a text."""
    return [fault for sentence in sentences(text) for fault in faults(sentence, kind)]


# The table "now | plain" of the house rules.
NOW = (
    "What was revoked of a client, its user and their grant, and the present in which nothing of that is left to come.",
    "Whoever may not use the method is nobody from here on, so that no credentials are weighed for it.",
    "Of what a thief of the code lacks, the verifier above all: whoever has not got it ends nobody's grant.",
    "A sandbox that answers one request only has read nothing in vain.",
    "What is no time of the calendar's in UTC is nobody's.",
    "A client, a subject and everything are shown first, and asked about. Nothing is taken back; new tokens are good.",
    "counts from the next request on, on a deployed one within the bound unless you choose that mode",
)
PLAIN = (
    "Reads the revocations for a client, user and grant, and returns an issue time later than all of them.",
    "Treat a client that is not registered for this method as unknown.",
    "Require what a code thief lacks (the PKCE verifier): a thief must not be able to revoke the grant.",
    "Skip the snapshot on the first request: many sandboxes serve only one.",
    "Reject times that UTC cannot represent.",
    (
        "--client, --subject and --all-before ask for confirmation. "
        "A revocation cannot be undone; tokens issued later are valid."
    ),
    "`strict`: on the next request. `snapshot` (default): within 10 s.",
)


@pytest.mark.parametrize("text", NOW)
def test_each_old_sentence_is_found(text: str) -> None:
    """Each left text of the table "now | plain" has a fault."""
    assert found_in(text)


@pytest.mark.parametrize("text", PLAIN)
def test_each_plain_sentence_is_clean(text: str) -> None:
    """Each right text of the table "now | plain" is clean."""
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("What it costs", "begins with What"),
        ("Whatever AWS answers is logged.", "begins with Whatever"),
        ("Whose token it is decides the rule.", "begins with Whose"),
        ("Of all keys, the newest signs.", "begins with Of"),
        ("With a secret, the client authenticates.", "begins with With"),
        ("Who signs in is shown.", "begins with Who"),
        ("The key is active. What signs is KMS.", "begins with What"),
        ("**What stays.** The rest goes.", "begins with What"),
        ("(What is left is old.)", "begins with What"),
        ("R61, G4: what a thief has is refused.", "begins with what"),
        (f"{_TWENTY} more.", "21 words"),
        (f"The rule: {_TWENTY} more.", "21 words"),
        (f"{_TWENTY} `more code`.", "21 words"),
        (f"{_TWENTY}, e.g. more.", "22 words"),
        ("No key signs a token that was not asked for.", "2 negations (No, not)"),
        ("The key cannot sign; nothing happens.", "2 negations (cannot, nothing)"),
        ("It doesn't sign, and never will.", "2 negations (doesn't, never)"),
        ("A key that is no longer active does not sign.", "2 negations (no, not)"),
        ("Nobody knows: none is there.", "2 negations (Nobody, none)"),
        ("A token survives no cut of tokens.", "revocation cutoff"),
        ("Tokens before the latest cut are refused.", "revocation cutoff"),
        ("The standing of a token is read.", "revocation check"),
        ("The ring view is a minute old.", "cache"),
        ("A view of the key ring is kept.", "cache"),
        ("The answer tells whether it holds.", "return whether"),
        ("The operator is told the reason.", "says, returns, logs"),
        ("A tombstone stays until the horizon.", "longest token lifetime"),
        ("The rotator turns the key.", "rotate"),
        ("A key is turned each month.", "rotate"),
        ("The demo plays the story.", "demo"),
        ("Containers go through the door.", "container gateway"),
        ("The emulator's gaps are printed.", "emulator limitation"),
        ("A test double remembers.", "fake"),
        ("The gateway keeps the answer for a minute.", "cached authorizer results"),
        ("Kept answers decide for a minute.", "cached authorizer results"),
        ("The tests rely on what we lean on.", "relies on"),
        ("The lean client signs its requests.", "the technology"),
        ("The module `lean_http` connects.", "aws/http"),
        ("The module `own_tokens` reads them.", "presented_access_token"),
        ("The module `key_care` reads policies.", "kms_key_checks"),
    ],
)
def test_faults_are_found(text: str, fault: str) -> None:
    """Each sentence has exactly the fault that stands beside it."""
    assert [fault in each for each in found_in(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        f"{_TWENTY}.",
        f"{_TWENTY}: one more fact.",
        f"{_TWENTY}; one more fact.",
        f"{_TWENTY} (R61, G4).",
        f"{_TWENTY} (RFC 9110 §5.6.7).",
        "One two three four five six seven eight nine ten `a b c d e f g h i j k`.",
        "One two three four five six seven eight nine ten “a b c d e f g h i j k.”",
        'One two three four five six seven eight nine ten "a b c d e f g h i j k".',
        "One two three four five six seven eight nine ten [eleven twelve](a/path.md#of-many-words).",
        "Python 3.13 has `with`, e.g. of files, i.e. of resources, vs. what others have.",
        "Versions such as 3.13.1, names such as keyturn.jose.verify and §5.6.7 end nothing.",
        "Open https://example.com/a.b?c=d. Read it.",
        "The header is no-store and no-referrer, not no-cache.",
        "The default is `None`, and `not_before` is no time.",
        "Return the key that is not active; None where the ring has it.",
        "The page turns to keys next.",
        "The command works on a deployed one.",
        "NOT RUN is printed where no engine runs.",
        "Turn the option on. Turning points are outside.",
        "The stack keeps the digest of an answer.",
        "The view of a page is rendered. The long-standing rule is the same.",
        "Revocations are global. A global revocation cuts sessions.",
        "There is room for one more key.",
        "The value is a double.",
        "Whole numbers, offices and withdrawals begin freely.",
    ],
)
def test_good_sentences_are_clean(text: str) -> None:
    """Each sentence is clean."""
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        ("with a secret", CELL, 0),
        ("with a secret that the operator has rotated", CELL, 0),
        ("what it costs", CELL, 0),
        ("what the operator has to do by hand", CELL, 1),
        ("of any port", TEXT, 0),
        ("R13: with several audiences nothing opens.", TEXT, 1),
        ("What it costs", HEADING, 1),
        ("no key, no token", CELL, 1),
    ],
)
def test_fragments(text: str, kind: str, count: int) -> None:
    """Short cells of a table may begin with a condition; headings may not."""
    assert len(found_in(text, kind)) == count
