"""The evaluation of an authorizer's policy by API Gateway: that of IAM, for one action without conditions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

ACTION = "execute-api:Invoke"
_TOKENS = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\})|([*?])|(.)", re.DOTALL)


def allows(document: dict[str, Any], arn: str) -> bool:
    """Return whether the policy lets a caller invoke the ARN: by an Allow without a Deny."""
    effects = {
        statement["Effect"]
        for statement in document["Statement"]
        if statement["Action"] == ACTION and any(matches(each, arn) for each in _list(statement["Resource"]))
    }
    return effects == {"Allow"}


def matches(resource: str, arn: str) -> bool:
    """Return whether a resource of a policy matches the ARN: wildcards cross slashes, but not the first five colons."""
    parts, actual = resource.split(":", 5), arn.split(":", 5)
    return len(parts) == len(actual) and all(map(_matches_part, parts, actual))


def _matches_part(pattern: str, text: str) -> bool:
    expression = _expression(pattern)
    return expression is not None and expression.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str] | None:
    expression = ""
    for escaped, variable, wildcard, literal in _TOKENS.findall(pattern):
        if variable:
            return None  # a variable without a value: the statement names nothing
        expression += {"*": ".*", "?": "."}[wildcard] if wildcard else re.escape(escaped or literal)
    return re.compile(expression, re.DOTALL)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
