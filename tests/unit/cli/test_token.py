"""`keyturn token explain` and `token decode --verify`: the verdict of the deployed authorizer, by its own settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn_cli import token as token_commands
from tests.fakes.command_stack import ENVIRONMENT, command_stack, deploy_authorizer, deployment, put_ring, run
from tests.fakes.token_factory import AUDIENCE, ISSUER, make_token, signing_key

# Seconds from now.
GOOD: dict[str, Any] = {"iat": -20, "exp": 900}


@pytest.fixture(scope="module", autouse=True)
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Bring up a stack with one key and a deployed authorizer; the token `gone` is revoked."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch, command_stack(folder):
        patch.chdir(folder)
        put_ring(signing_key())
        deploy_authorizer()
        found = deployment()
        target = Target.of(TargetKind.TOKEN, "gone")
        found.revocations().revoke(
            Revocation(target, expires_at=int(wall_seconds()) + 3600), reason="a test", actor="me"
        )
        patch.setattr(token_commands, "find_deployment", lambda *_: found)
        yield


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of the deployed function, to change."""
    variables = dict(ENVIRONMENT)
    monkeypatch.setattr(token_commands, "read_environment", lambda _: variables)
    return variables


def token(**claims: Any) -> str:
    """Return a token with these claims; `iat` and `exp` in seconds from now."""
    now = int(wall_seconds())
    return make_token(claims={name: now + value if name in GOOD else value for name, value in (GOOD | claims).items()})


def explain(**claims: Any) -> dict[str, str]:
    """Return what `token explain` says of a token; `token decode --verify` must agree."""
    raw = token(**claims)
    explained = run("token", "explain", "-", "--json", stdin=raw)
    explanation: dict[str, str] = json.loads(explained.stdout)
    decoded = run("token", "decode", "-", "--verify", "--json", stdin=raw)
    verdict = json.loads(decoded.stdout)["verdict"]
    assert (
        verdict == "valid"
        if explanation["verdict"] == "valid"
        else verdict == f"{explanation['verdict']}: {explanation['sentence']}"
    )
    assert explained.exit_code == decoded.exit_code == int(explanation["verdict"] != "valid")
    return explanation


def test_a_good_token_is_valid_by_the_deployed_environment() -> None:
    """R12 to R15: the function's environment is read from Lambda, and its settings decide."""
    explanation = explain()
    assert explanation["verdict"] == "valid"
    assert explanation["found"].startswith("exp 20")


@pytest.mark.parametrize(
    ("claims", "reason", "expected"),
    [
        ({"aud": "https://other.example"}, "invalid_audience", AUDIENCE),
        ({"iss": "https://other.example"}, "invalid_issuer", ISSUER),
        ({"iat": -4000}, "lifetime_too_long", "at most 3600 s"),
        ({"exp": -10}, "token_expired", "after 20"),
        ({"iat": 400, "exp": 900}, "token_not_yet_valid", "not after 20"),
        ({"cnf": {"jkt": "x"}}, "sender_constrained", "no cnf"),
    ],
)
def test_a_token_that_the_gateway_refuses_is_refused(claims: dict[str, Any], reason: str, expected: str) -> None:
    """R12 to R15, RFC 9449 §7.2: audience, issuer, lifetime, times and binding are checked as at the gateway."""
    explanation = explain(**claims)
    assert (explanation["verdict"], explanation["reason"]) == ("refused", reason)
    assert explanation["expected"].startswith(expected)
    assert explanation["revocations"].startswith("not read")


@pytest.mark.parametrize(
    ("variable", "value", "claims", "verdict"),
    [
        ("AUDIENCES", "https://b.example https://other.example", {"aud": "https://other.example"}, "valid"),
        ("PREVIOUS_ISSUERS", "https://old.example", {"iss": "https://old.example"}, "valid"),
        ("ISSUER", "https://new.example", {}, "refused"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "600", {}, "refused"),
        ("LEEWAY_SECONDS", "60", {"exp": -11, "iat": -100}, "valid"),
        ("LEEWAY_SECONDS", "0", {"exp": -1}, "refused"),
    ],
)
def test_a_setting_of_the_function_changes_the_verdict(
    environment: dict[str, str], variable: str, value: str, claims: dict[str, Any], verdict: str
) -> None:
    """R12 to R15: the command verifies by the deployed settings alone."""
    environment[variable] = value
    assert explain(**claims)["verdict"] == verdict


@pytest.mark.parametrize(
    ("mode", "asked"), [("strict", "read, as the function reads them"), ("snapshot", "follows within 10 s")]
)
def test_revocations_are_asked_for(environment: dict[str, str], mode: str, asked: str) -> None:
    """R47: a revoked token says which revocation hits it, and in the mode snapshot how late the function may be."""
    environment["REVOCATION_MODE"] = mode
    explanation = explain(jti="gone")
    assert (explanation["verdict"], explanation["reason"], explanation["found"]) == ("revoked", "revoked", "jti#gone")
    assert asked in explanation["revocations"]
    assert asked in explain()["revocations"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("nonsense", "invalid_token"),
        ("a, b", "several_credentials"),
        ("a b", "malformed_credentials"),
        ("", "malformed_credentials"),
    ],
)
def test_a_text_that_is_no_token_is_explained(raw: str, reason: str) -> None:
    """R56: as the Authorization header would be read."""
    shown = run("token", "explain", "-", stdin=raw)
    assert shown.exit_code == 1
    assert f"verdict    refused\nreason     {reason}\n" in shown.stdout


def test_a_key_that_is_not_published_is_unknown() -> None:
    """R07: the keys are those of the table that the function reads."""
    raw = make_token(key=signing_key("ES256", "other"))
    explanation = json.loads(run("token", "explain", raw, "--json").stdout)
    assert (explanation["reason"], explanation["expected"]) == ("unknown_key", signing_key().kid)


@pytest.mark.parametrize("option", ["--audience", "--leeway"])
def test_the_command_has_no_settings_of_its_own(option: str) -> None:
    """R13, R14: an option for an audience or the clock skew could contradict the gateway."""
    assert run("token", "explain", "x", option, "10").exit_code == 2
