"""The words that house rules replace, each as a pattern with the words to write instead."""

from __future__ import annotations

import re
from typing import NamedTuple

_A = r"(?:an?|the|this|that|each|every|its|their|any|one|another|latest|last|later|earlier|newest|old|new|global)"
_CACHED = r"(?:key|ring|rule|server|registry|revocation|audience|table)"
_PREPOSITION = r"(?:into|on|off|out|to|up|down)"

CUTOFF = "revocation cutoff, not_before"
GLOBAL = "global revocation"
CACHE = "cache"
LIMITATION = "emulator limitation"
CACHED_RESULTS = "cached authorizer results"
ROTATE = "rotate"


class Term(NamedTuple):
    """A pattern of the words to avoid, and the words to write.

    A text with the pattern holds one of `stems` in lower case: the search for these first keeps the check fast.
    """

    stems: tuple[str, ...]
    pattern: re.Pattern[str]
    instead: str


def _term(stems: str, pattern: str, instead: str) -> Term:
    return Term(tuple(stems.split("/")), re.compile(pattern, re.IGNORECASE), instead)


# Searched in sentences without their code and quotations.
TERMS = (
    _term("cut", r"\bcuts? of (?:the |a |all )?(?:tokens?|clients?|users?|subjects?|keys?)\b", CUTOFF),
    _term("cut", rf"\b{_A} cuts?\b(?! (?:off|short|in|out|the)\b)|\btoken cuts?\b", CUTOFF),
    _term("everything", r"\brevok\w+ everything\b|\beverything (?:is|was|has been) revoked", GLOBAL),
    _term("everything", r"\b(?:and|or|of) everything (?:is|are) ", GLOBAL),
    _term(
        "global",
        r"(?:(?<!copy )(?<!copies )\b(?:and|or|of)|,) global\b(?=[,.;:)]|$| (?:and|or|is|are|was)\b)",
        GLOBAL,
    ),
    _term(
        "standing",
        r"(?<![-\w])standings?\b(?! (?:in|for|on|at|by|before|beside|alone|order|under)\b)",
        "revocation check, issue time",
    ),
    _term("view", rf"\b{_CACHED}s?(?:'s|s')? views?\b", CACHE),
    _term("view", rf"\bviews? of (?:the |a |its |all |these |any )?(?:\w+ )?{_CACHED}s?\b", CACHE),
    _term("view", r"\b(?:stale|fresh|renewed|kept|cached) views?\b|\b(?:renew|refresh)\w* (?:\w+ )?views?\b", CACHE),
    _term("view", r"\bviews? (?:is|are|was|were) (?:stale|fresh|renewed|older|younger|too old|refreshed)\b", CACHE),
    _term("tell/told", r"\b(?:tells?|told|telling)\b", "says, returns, logs (tell whether: return whether)"),
    _term("horizon", r"\bhorizons?\b", "longest token lifetime"),
    _term(
        "turn",
        rf"\bturn(?:s|ed|ing)? (?:(?:an?|the|its|each|every|all|one) )?(?:(?!{_PREPOSITION} )\w+ )?(?:keys?|rings?)\b",
        ROTATE,
    ),
    _term(
        "turn",
        r"\b(?:keys?|rings?) (?:(?:is|are|was|has|have|been|be|to) ){0,2}"
        rf"turn(?:s|ed)?\b(?! {_PREPOSITION}\b)",
        ROTATE,
    ),
    _term("stor", r"\bstor(?:y|ies)\b", "demo"),
    _term("door", r"\bdoors?\b", "container gateway"),
    _term("gap", r"\bemulator(?:'s)? gaps?\b|\bgaps? (?:of|in) (?:the |an )?emulators?\b", LIMITATION),
    _term(
        "gap",
        r"\b(?:known|listed|printed) gaps?\b|\bthe gaps\b|\bgaps? tables?\b|\btables? of (?:the )?gaps\b",
        LIMITATION,
    ),
    _term(
        "room", r"\b(?:the|only|which|another|each|every|its|own|one) rooms?\b(?! (?:for|to)\b)|\brooms\b", "package"
    ),
    _term("double", r"\btest doubles?\b|\bthe doubles\b", "fake"),
    _term("double", r"\bdoubles? (?:of|for) (?:a|an|the|its|our|AWS|KMS|DynamoDB|one)\b", "fake"),
    _term("answer", r"\b(?:kept|keeps?|keeping) (?:(?:an?|the|its|these|those|its own) )?answers?\b", CACHED_RESULTS),
    _term(
        "answer",
        r"\banswers? (?:that )?(?:is|are|was|were|it|they|a gateway|the gateway|API Gateway) (?:keeps?|kept)\b",
        CACHED_RESULTS,
    ),
    _term(
        "lean ",
        r"\blean (?:reader|module|adapter|client|connection|one|import)s?\b",
        "the technology: HTTP, DynamoDB reads",
    ),
    _term("lean", r"\blean(?:s|ed|ing)? on\b", "relies on, uses"),
    _term("in vain", r"\bin vain\b", "what is skipped, and why"),
    _term("taken back", r"\bnothing is taken back\b", "what cannot be undone"),
    _term("from the next", r"\bfrom the next \w+ on\b", "on the next request, within 10 s"),
    _term("who", r"\bwhoever\b|\bwhomever\b|\bwhosoever\b", "the role: a client that, an operator who"),
    _term("nobody", r"\bnobody's\b|\bis nobody(?=[,.;:]|$| from)", "unknown, ignored, rejected"),
    _term("for nothing", r"\bcounts? for nothing\b", "is ignored"),
    _term("from here on", r"\bfrom here on\b", "after this step"),
)

# Searched in the whole text, also in its code.
NAMES = (
    _term("lean_", r"\blean_(?:http|dynamodb|parameter|service|key_ring|revocation|\*)", "aws/http, aws/dynamodb"),
    _term("own_token", r"\bown_tokens?\b", "presented_access_token"),
    _term("own_grant", r"\bown_grants?\b", "presented_refresh_token"),
    _term("grant_end", r"\bgrant_end\b", "revoke_grant"),
    _term("key_care", r"\bkey_care\b", "kms_key_checks"),
    _term("container_door", r"\bcontainer_door\b", "container_gateway"),
    _term("emulator_gaps", r"\bemulator_gaps\b", "emulator_limitations"),
)

STEMS = re.compile("|".join(sorted({stem for term in (*TERMS, *NAMES) for stem in term.stems})))
