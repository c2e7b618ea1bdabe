"""The licences that deployed code may have."""

from __future__ import annotations

from email.message import Message

import pytest

from tests.supply_chain.licences import UnknownLicence, declared_licence, is_allowed


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "Apache-2.0 OR BSD-3-Clause",
        "Apache-2.0 AND BSD-3-Clause",
        "GPL-2.0-only OR MIT",
        "(MIT OR GPL-3.0-only) AND Unicode-3.0",
        "(MIT OR Apache-2.0) AND (ISC OR LGPL-2.1-only)",
        "((MIT))",
        "Apache-2.0 WITH LLVM-exception",
    ],
)
def test_a_permissive_licence_is_allowed(expression: str) -> None:
    """One operand of OR is enough, and AND needs each."""
    assert is_allowed(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR Apache-2.0) AND AGPL-3.0-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "Apache-2.0 WITH Classpath-exception-2.0",
        "MPL-2.0",
        "BSD",
        "mit",
        "NOASSERTION",
        "LicenseRef-Proprietary",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "MIT OR (",
        "GPL-3.0-only) OR (MIT",
    ],
)
def test_copyleft_and_unknown_licences_are_refused(expression: str) -> None:
    """A licence outside of the allow list is refused, as is an expression that nobody can read."""
    assert not is_allowed(expression)


def metadata(**fields: str) -> Message:
    """Return the metadata of a package."""
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def test_a_reviewed_licence_comes_before_the_stated_one() -> None:
    """A person's reading of the licence file decides, then the expression, then the older field."""
    stated = metadata(License_Expression="MIT", License="Apache License 2.0")
    assert declared_licence("x", stated, {"x": "ISC"}) == "ISC"
    assert declared_licence("x", stated, {}) == "MIT"
    assert declared_licence("x", metadata(License="Apache License 2.0"), {}) == "Apache-2.0"


@pytest.mark.parametrize(
    "fields", [{}, {"License": "Dual License"}, {"Classifier": "License :: OSI Approved :: MIT License"}]
)
def test_a_package_without_a_clear_licence_is_an_error(fields: dict[str, str]) -> None:
    """A classifier and a free text decide nothing, and the error names the place to add the licence."""
    with pytest.raises(UnknownLicence, match="x: read its licence file, then add it to REVIEWED"):
        declared_licence("x", metadata(**fields), {})
