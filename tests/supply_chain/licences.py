"""The licences of deployed code: SPDX expressions, and the ones that a deployment may have."""

from __future__ import annotations

import re
from email.message import Message

# Permissive licences that the OSI approves: none asks for the source of what is linked with them.
ALLOWED = frozenset(
    {
        *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC"),
        *("MIT", "MIT-0", "PSF-2.0", "Unicode-3.0"),
    }
)

# Texts of the metadata field License, from before SPDX expressions (PEP 639).
_SPDX = {"Apache License 2.0": "Apache-2.0", "Apache-2.0": "Apache-2.0", "MIT": "MIT"}

_OPERATORS = re.compile(r"\s+(OR|AND)\s+|\(|\)")


class UnknownLicence(Exception):
    """A package's metadata has no licence that this table knows."""


def declared_licence(name: str, metadata: Message, reviewed: dict[str, str]) -> str:
    """Return the SPDX expression of a package; `reviewed` has those that a person read in the licence file.

    Raises UnknownLicence. Classifiers decide nothing: "BSD License" names several licences.
    """
    expression = reviewed.get(name) or metadata.get("License-Expression") or _SPDX.get(metadata.get("License", ""))
    if not expression:
        raise UnknownLicence(
            f"{name}: read its licence file, then add it to REVIEWED in tests/supply_chain/packages.py"
        )
    return expression


def is_allowed(expression: str) -> bool:
    """Return whether a deployment may have code under this SPDX expression: one of OR, and each of AND."""
    if expression.count("(") != expression.count(")"):
        return False
    terms = _split(expression.strip(), "OR")
    if len(terms) > 1:
        return any(is_allowed(term) for term in terms)
    terms = _split(terms[0], "AND")
    if len(terms) > 1:
        return all(is_allowed(term) for term in terms)
    term = terms[0].strip()
    if term.startswith("(") and term.endswith(")"):
        return is_allowed(term[1:-1])
    return term in ALLOWED


def _split(expression: str, operator: str) -> list[str]:
    """Return the operands of an operator outside of parentheses."""
    operands, depth, start = [], 0, 0
    for match in _OPERATORS.finditer(expression):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0 and match.group(1) == operator:
            operands.append(expression[start : match.start()])
            start = match.end()
    return [*operands, expression[start:]]
