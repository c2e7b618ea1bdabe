"""Rules that a sentence keeps: its first word, its length, its negations and its terms (docs/glossary.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_WORDS = 20
FIRST_WORDS = frozenset({"What", "Whoever", "Whatever", "Whose", "Of", "With", "Who"})

# `None` is Python's value.
_NEGATION = re.compile(r"(?<![\w-])(?:(?i:no|not|never|nobody|nothing|cannot)|none)(?![\w-])|n't\b")
_FACT = re.compile(r"[:;](?=\s|$)")
# A reference at the end of a sentence or a fact: (R61, G4), (RFC 9110 §5.6.7), (ADR 25).
_REFERENCE = re.compile(r"\((?=[^)]*(?:\d|§))[^)]*\)")
_WORD = re.compile(r"\w")

# A pattern of a private word, and the term that stands for it.
TERMS = (
    (r"\bhorizons?\b", "longest token lifetime"),
    (r"\bstandings?\b", "revocation check, issue time"),
    (r"\b(?:tells?|told|telling)\b", "says, returns, logs"),
    (r"\b(?:ring|rules?|server|bounded|revocation) views?\b", "cache"),
    (r"\b(?:kept|keeps) answers?\b|\banswers? (?:that (?:is|are) )?kept\b", "cached authorizer results"),
    (r"\blean\b", "the technology's name"),
    (r"\bstor(?:y|ies)\b", "demo"),
    (r"\bdoors?\b", "container gateway"),
    (r"\bgaps?\b", "emulator limitation"),
    (r"\b(?:its|the only|another|one) rooms?\b(?! for)", "package"),
    (r"\b(?:test|login|store) doubles?\b", "fake"),
    (r"\b(?:turn|turns|turned) (?:a |the )?keys?\b", "rotate"),
    (
        r"\bcuts? (?:of|all|every) (?:the )?tokens?\b|\bafter (?:a|every|each|the) cut\b|\brevocation cuts?\b",
        "revocation cutoff, not_before",
    ),
    (r"\bnobody's\b", "say whose it is, or that it is unknown"),
    (r"\bleans? on\b", "relies on, uses"),
)
_TERMS = [(re.compile(pattern, re.IGNORECASE), term) for pattern, term in TERMS]


def faults(sentence: str) -> Iterator[str]:
    """Yield a text for each rule that a sentence breaks."""
    first = re.match(r"[\"'“(*_\[]*(\w+)", sentence)
    if first and first[1] in FIRST_WORDS:
        yield f"begins with {first[1]}: begin with a noun or an imperative"
    longest = max((_words(fact) for fact in _FACT.split(_REFERENCE.sub("", sentence))), default=0)
    if longest > MOST_WORDS:
        yield f"{longest} words: {MOST_WORDS} at most"
    negations = len(_NEGATION.findall(sentence))
    if negations > 1:
        yield f"{negations} negations: one at most"
    for pattern, term in _TERMS:
        found = pattern.search(sentence)
        if found:
            yield f"{found[0]!r}: write {term}"


def _words(text: str) -> int:
    return sum(1 for word in text.split() if _WORD.search(word))
