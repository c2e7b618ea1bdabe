"""The rules that a sentence of this repository keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.language.blocks import CELL, HEADING
from tests.language.sentences import Sentence, facts
from tests.language.terms import NAMES, STEMS, TERMS

MAX_WORDS = 20
MAX_NEGATIONS = 1

_LEADING_IDS = re.compile(r"^(?:[A-Z]{1,3}\d+(?:, | and )?)+: ")
_FIRST = re.compile(r"^[\W_]*(what|whoever|whatever|whose|of|with|who)\b(?!-\w)", re.IGNORECASE)
# Two words in capitals are a label, such as NOT RUN.
# `None` is Python's value, unless it begins the sentence.
_NEGATION = re.compile(
    r"(?<![\w-])(?:(?i:no|not|never|nobody|nothing)|none)(?![\w-])|^None\b|(?i:\bcannot\b)|\w+n[’']t\b"
)
_LABEL = re.compile(r"\bNOT [A-Z]{3,}\b")
# In lower case these begin a fragment: an item "with `openid`, ..." or a comment "of any port".
_CONDITIONS = ("of", "with")
# A shorter cell of a table is a condition, such as "with a secret".
_CELL_WORDS = 6


def faults(sentence: Sentence, kind: str) -> Iterator[str]:
    """Yield each rule that the sentence breaks, and how."""
    if first := _first_word(sentence, kind):
        yield f"begins with {first}; begin with a noun or an imperative"
    words = max(facts(sentence.judged), default=0)
    if words > MAX_WORDS:
        yield f"{words} words, at most {MAX_WORDS}"
    negations = _NEGATION.findall(_LABEL.sub("", sentence.judged))
    if len(negations) > MAX_NEGATIONS:
        yield f"{len(negations)} negations ({', '.join(negations)}), at most {MAX_NEGATIONS}"
    for terms, text in ((TERMS, sentence.judged), (NAMES, sentence.text)):
        lower = text.lower()
        if not STEMS.search(lower):
            continue
        for term in terms:
            if any(stem in lower for stem in term.stems) and (found := term.pattern.search(text)):
                yield f"says {found[0].strip()!r}; write: {term.instead}"


def _first_word(sentence: Sentence, kind: str) -> str | None:
    """Return the first word, after ids such as `R61:`, if it is one that does not begin a sentence."""
    text = _LEADING_IDS.sub("", sentence.judged)
    first = _FIRST.match(text)
    if first is None or (kind == CELL and len(text.split()) < _CELL_WORDS):
        return None
    is_condition = first[1] in _CONDITIONS and text == sentence.judged and kind != HEADING
    return None if is_condition else first[1]
