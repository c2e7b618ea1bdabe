"""The words that house rules replace, each as a pattern with the words to write instead."""

from __future__ import annotations

import re
from typing import NamedTuple

_A = r"(?:an?|the|this|that|each|every|its|their|any|one|another|latest|last|later|earlier|newest|old|new|global)"
_CACHED = r"(?:key|ring|rule|server|registry|revocation|audience|table)"


class Term(NamedTuple):
    """A pattern of the words to avoid, and what to write for them."""

    pattern: re.Pattern[str]
    instead: str


def _term(pattern: str, instead: str) -> Term:
    return Term(re.compile(pattern, re.IGNORECASE), instead)


# Searched in sentences without their code and quotations.
TERMS = (
    _term(
        r"\bcuts? of (?:the |a |all )?(?:tokens?|clients?|users?|subjects?|keys?)\b", "revocation cutoff, not_before"
    ),
    _term(rf"\b{_A} cuts?\b(?! (?:off|short|in|out|the)\b)|\btoken cuts?\b", "revocation cutoff, not_before"),
    _term(
        r"\brevok\w+ everything\b|\beverything (?:is|was|has been) revoked|(?:and|or|of) everything (?:is|are) ",
        "global revocation",
    ),
    _term(r"(?:\b(?:and|or|of)|,) global\b(?=[,.;:)]|$| (?:and|or|is|are|was)\b)", "global revocation"),
    _term(
        r"(?<![-\w])standings?\b(?! (?:in|for|on|at|by|before|beside|alone|order|under)\b)",
        "revocation check, issue time",
    ),
    _term(rf"\b{_CACHED}s?(?:'s|s')? views?\b", "cache"),
    _term(rf"\bviews? of (?:the |a |its |all |these |any )?(?:\w+ )?{_CACHED}s?\b", "cache"),
    _term(r"\b(?:stale|fresh|renewed|kept|cached) views?\b|\b(?:renew|refresh)\w* (?:\w+ )?views?\b", "cache"),
    _term(r"\bviews? (?:is|are|was|were) (?:stale|fresh|renewed|older|younger|too old|refreshed)\b", "cache"),
    _term(r"\b(?:tells?|told|telling)\b", "says, returns, logs (tell whether: return whether)"),
    _term(r"\bhorizons?\b", "longest token lifetime"),
    _term(r"\bturn(?:s|ed|ing)? (?:a |an |the |its |each |every |all |one )?(?:\w+ )?(?:keys?|rings?)\b", "rotate"),
    _term(
        r"\b(?:keys?|rings?) (?:(?:is|are|was|has|have|been|be|to) ){0,2}turn(?:s|ed)?\b(?! (?:into|on|off|out|to)\b)",
        "rotate",
    ),
    _term(r"\bstor(?:y|ies)\b", "demo"),
    _term(r"\bdoors?\b", "container gateway"),
    _term(
        r"\bemulator(?:'s)? gaps?\b|\bgaps? (?:of|in) (?:the |an )?emulators?\b|\b(?:known|listed|printed) gaps?\b",
        "emulator limitation",
    ),
    _term(r"\bgaps? tables?\b|\btables? of (?:the )?gaps\b", "emulator limitation"),
    _term(r"\b(?:the|which|another|each|every|its|own|one) rooms?\b(?! (?:for|to)\b)|\brooms\b", "package"),
    _term(
        r"\btest doubles?\b|\bdoubles? (?:of|for) (?:a|an|the|its|our|AWS|KMS|DynamoDB|one)\b|\bthe doubles\b", "fake"
    ),
    _term(
        r"\b(?:kept|keeps?|keeping) (?:(?:a|an|the|its|these|those|its own) )?answers?\b", "cached authorizer results"
    ),
    _term(
        r"\banswers? (?:that )?(?:is|are|was|were|it|they|a gateway|the gateway|API Gateway) (?:keeps?|kept)\b",
        "cached authorizer results",
    ),
    _term(r"\blean (?:reader|module|adapter|client|connection|one|import)s?\b", "the technology: HTTP, DynamoDB reads"),
    _term(r"\bin vain\b", "what is skipped, and why"),
    _term(r"\bnothing is taken back\b|\basked about\b", "what cannot be undone, what asks for confirmation"),
    _term(r"\bon a deployed one\b|\bfrom the next \w+ on\b", "on the next request, within 10 s"),
    _term(r"\bwhoever\b|\bwhomever\b|\bwhosoever\b", "the role: a client that, an operator who"),
    _term(r"\bnobody's\b|\bis nobody\b|\bcounts? for nothing\b", "unknown, ignored, rejected"),
    _term(r"\bfrom here on\b", "after this step"),
)

# Searched in the whole text, also in its code.
NAMES = (
    _term(
        r"\blean_(?:http|dynamodb|parameter|service|key_ring|revocations?|revocation_feed|\*)",
        "aws/http, aws/dynamodb_reads",
    ),
    _term(r"\bown_tokens?\b", "presented_access_token"),
    _term(r"\bown_grants?\b", "presented_refresh_token"),
    _term(r"\bgrant_end\b", "revoke_grant"),
    _term(r"\bkey_care\b", "kms_key_checks"),
    _term(r"\bcontainer_door\b", "container_gateway"),
    _term(r"\bemulator_gaps\b", "emulator_limitations"),
)
