"""Splits a text into sentences, and counts the words of each.

The choices, in plain language:

- Inline code, a quotation in double marks, a URL, and a `{…}` of an f-string are one word each.
- The content of these is not judged.
- A link is its text; the target is not read.
- A sentence ends at `.`, `!`, `?` or `…` before white space: versions, decimal numbers and dotted names pass.
- Abbreviations (e.g., i.e., vs.) are in a list and end a sentence nowhere.
- A word is a token between white space that has a letter or a digit.
- Ids in parentheses, such as (R61, G4) or (RFC 9110 §5.6.7), do not count.
- A colon and a semicolon end one fact for the count of words.
- The first word and the negations are those of the whole sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Stands for a character that is not judged, so that offsets stay those of the text.
FILLER = "\x01"

_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^{}\n]{0,80}\}|<[a-z][\w -]*>|\$\{?\w+\}?|%\(\w+\)[sd]|%[sdr]\b")
_LINK = re.compile(r"(!?\[)([^\[\]]*)(\]\([^()\s]*(?:\([^()]*\)[^()\s]*)?\))")
_URL = re.compile(r"https?://[^\s)>\]\"”]*[^\s)>\]\"”.,;:!?]")
_QUOTE = re.compile(r'(?<![\w"])"(?=[^\s"])[^"]{0,600}?(?<=\S)"(?!\w)|“[^”]{1,600}”|„[^“”]{1,600}[“”]')
_EMPHASIS = re.compile(r"\*+|(?<![\w])_+(?=\w)|(?<=\w)_+(?![\w])")
_END = re.compile(rf"([.!?]+|…)([\"”’')\]{FILLER}]*)(?=\s|$)")
_ABBREVIATION = re.compile(r"(?:^|[\s(\[])(?:e\.g|i\.e|vs|cf|resp|approx|incl|Sec|Fig|St|pp?|ca|Dr|Mr|Ms|e\. g|i\. e)$")
_ABBREVIATION_IN_SENTENCE = re.compile(r"(?:^|[\s(\[])(?:etc|al|no|Inc|Ltd)$")
_NUMBERING = re.compile(r"(?:^|\s)\d{1,2}$")
_RULE_ID = r"[A-Z]{1,3}\d+[a-z]?(?:(?: to |-|–)[A-Z]{0,3}\d+)?"
_SOURCE = r"(?:RFC|NIST|FIPS|ADR|OWASP|OIDC|CVE|OpenID|BCP|ASVS|CWE|WCAG|SP)\b[^();]*|[^();]*§[^();]*"
_ID = f"(?:{_RULE_ID}|{_SOURCE})"
_IDS = re.compile(rf"\(\s*(?:and |see |of |as in )?{_ID}(?:\s*[,;]\s*(?:and )?{_ID})*\s*\)")
_FACT_END = re.compile(r"[:;](?=[\s*)]|$)")


class Sentence(NamedTuple):
    """One sentence: `text` as written, `judged` without its code and quotations, `line` from 0 within its text."""

    line: int
    text: str
    judged: str


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of one paragraph, list item, cell, heading or comment."""
    masked = mask(text)
    start = 0
    for end in [*_ends(masked), len(masked)]:
        piece = masked[start:end]
        if re.search(r"[^\W_]", piece):
            first = start + len(piece) - len(piece.lstrip())
            judged = " ".join(piece.replace(FILLER, "").split())
            yield Sentence(text.count("\n", 0, first), " ".join(text[start:end].split()), judged)
        start = end


def facts(judged: str) -> Iterator[int]:
    """Yield the number of words of each fact of a sentence."""
    for fact in _FACT_END.split(_IDS.sub("", judged)):
        yield sum(1 for token in fact.split() if re.search(r"[^\W_]", token))


def mask(text: str) -> str:
    """Return the text with the same length, in which code, quotations, targets and URLs are one word each."""
    text = _CODE.sub(lambda match: _word(match[0], "C"), text)
    text = _LINK.sub(_link, text)
    text = _URL.sub(lambda match: _word(match[0], "U"), text)
    text = _QUOTE.sub(lambda match: _quotation(match[0]), text)
    text = _PLACEHOLDER.sub(lambda match: _word(match[0], "X"), text)
    return _EMPHASIS.sub(lambda match: FILLER * len(match[0]), text)


def _word(original: str, letter: str) -> str:
    return letter + FILLER * (len(original) - 1)


def _quotation(original: str) -> str:
    """Keep the full stop of a quotation that ends a sentence."""
    if len(original) > 3 and original[-2] in ".!?":
        return "Q" + FILLER * (len(original) - 3) + original[-2] + FILLER
    return _word(original, "Q")


def _link(match: re.Match[str]) -> str:
    return FILLER * len(match[1]) + match[2] + FILLER * len(match[3])


def _ends(masked: str) -> Iterator[int]:
    for match in _END.finditer(masked):
        before, after = masked[: match.start()][-12:], masked[match.end() :].lstrip(FILLER + " \n\t(*[")
        continues = after[:1].islower()
        if match[1] == ".":
            if _ABBREVIATION.search(before) or (continues and _ABBREVIATION_IN_SENTENCE.search(before)):
                continue
            if _NUMBERING.search(before) and masked[: match.start()].strip().isdigit():
                continue
            if continues and match[2].strip(FILLER + ")]"):
                continue
        elif continues:
            continue
        yield match.end()
