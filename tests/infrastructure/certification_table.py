"""OpenID's certification plans and the tests that stand for their modules, as tables of docs/conformance.md."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1] / "conformance"
HEADING = "### Plans\n"
# The suite's modules at 12f2a4d, in its order.
PLANS = {
    "oidcc-basic-certification-test-plan": (
        *("server", "response-type-missing", "idtoken-signature", "idtoken-unsigned", "userinfo-get"),
        *("userinfo-post-header", "userinfo-post-body", "ensure-request-without-nonce-succeeds-for-code-flow"),
        *("scope-profile", "scope-email", "scope-address", "scope-phone", "scope-all", "alternate-happy-flow"),
        *("display-page", "display-popup", "prompt-login", "prompt-none-not-logged-in", "prompt-none-logged-in"),
        *("max-age-1", "max-age-10000", "ensure-request-with-unknown-parameter-succeeds", "id-token-hint"),
        *("login-hint", "ui-locales", "claims-locales", "ensure-request-with-acr-values-succeeds", "codereuse"),
        *("codereuse-30seconds", "ensure-registered-redirect-uri", "ensure-post-request-succeeds"),
        "server-client-secret-post",
        "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        *("claims-essential", "ensure-request-object-with-redirect-uri", "refresh-token"),
        "ensure-request-with-valid-pkce-succeeds",
    ),
    "oidcc-config-certification-test-plan": ("discovery-endpoint-verification",),
    "oidcc-rp-initiated-logout-certification-test-plan": (
        "rp-initiated-logout",
        "rp-initiated-logout-discovery-endpoint-verification",
        "rp-initiated-logout-bad-post-logout-redirect-uri",
        "rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "rp-initiated-logout-modified-id-token-hint",
        "rp-initiated-logout-bad-id-token-hint",
        "rp-initiated-logout-no-id-token-hint",
        "rp-initiated-logout-no-params",
        "rp-initiated-logout-no-post-logout-redirect-uri",
        "rp-initiated-logout-no-state",
        "rp-initiated-logout-only-state",
    ),
}
_PREFIX = "test_oidcc_"


class ModuleTest(NamedTuple):
    """The test of one module: the specification's sentence, the result expected of the suite, and the file."""

    sentence: str
    expected: str
    file: str


def read_tests() -> dict[str, ModuleTest]:
    """Return the tests by the name of their module."""
    found: dict[str, ModuleTest] = {}
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith(_PREFIX):
                module = node.name.removeprefix(_PREFIX).replace("_", "-")
                assert module not in found, f"two tests stand for {module}"
                sentence, _, expected = (ast.get_docstring(node) or "").partition("\n\n")
                found[module] = ModuleTest(_line(sentence), _line(expected) or "passed", path.name)
    return found


def render() -> str:
    """Return the tables."""
    tests = read_tests()
    return HEADING + "".join(
        f"\n`{plan}`, {len(modules)} {'module' if len(modules) == 1 else 'modules'}\n\n"
        "| module | sentence | expected | test |\n|---|---|---|---|\n"
        + "".join(_row(module, tests[module]) for module in modules)
        for plan, modules in PLANS.items()
    )


def _row(module: str, test: ModuleTest) -> str:
    return f"| `oidcc-{module}` | {test.sentence} | {test.expected} | `{test.file}` |\n"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
