"""The rotator on the embedded stack: real signatures by KMS, the template's IAM, a schedule and a custom resource."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import KeySet

from local.demo_client import AUDIENCE
from local.deployer import DeployError
from local.ports import ANY_PORTS
from local.stack import PARAMETERS, EmbeddedStack
from tests.integration.aws import aws
from tests.integration.http import CLIENT, ask, get_token, statuses

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack_file import StackFile

ALLOWED = {200}


def rotator(stack: StackFile, **event: str) -> dict[str, Any]:
    """Invoke the rotator as an operator does."""
    answer = aws(stack, "lambda").invoke(
        FunctionName=stack.outputs["KeyRotatorFunctionName"], Payload=json.dumps(event).encode()
    )
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result


def rotate(stack: StackFile) -> dict[str, Any]:
    """Rotate as soon as the standby is old enough."""
    while "retry_after_seconds" in (answer := rotator(stack, action="rotate")):
        time.sleep(answer["retry_after_seconds"])
    return answer


def kid_of(token: str) -> str:
    """Return the kid that a token names."""
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def token_of_another_key(stack: StackFile, kid: str) -> str:
    """Return a token once the issuer's cached key ring has been renewed."""
    for _ in range(40):
        token = get_token(stack)
        if kid_of(token) != kid:
            return token
        time.sleep(0.25)
    raise AssertionError("the issuer still signs with the old key")


def states(answer: dict[str, Any]) -> dict[str, str]:
    """Return the state of each key by its kid."""
    return {key["kid"]: key["state"] for ring in answer["rings"] for key in ring["keys"]}


def test_the_steady_state_has_an_active_key_and_a_published_standby(stack: StackFile) -> None:
    """From its creation on, the ring holds one active key and a standby that verifiers know already (I1, I3)."""
    found = states(rotator(stack, action="plan"))
    assert list(found.values()).count("ACTIVE") == 1
    assert "PRE_ACTIVATION" in found.values()
    published = {key["kid"] for key in CLIENT.get(stack.outputs["JwksUrl"]).json()["keys"]}
    assert {kid for kid, state in found.items() if state in {"ACTIVE", "PRE_ACTIVATION"}} <= published


def test_a_tick_with_nothing_due_changes_nothing(stack: StackFile) -> None:
    """A schedule that fires twice has one effect (I5)."""
    # Rotations of earlier tests may be due by now: the first tick may act on them, the second must not.
    rotator(stack, action="tick")
    before = rotator(stack, action="plan")["rings"]
    assert rotator(stack, action="tick")["applied"] == []
    assert rotator(stack, action="plan")["rings"] == before


def test_a_rotation_drops_no_token(stack: StackFile) -> None:
    """Tokens of the key before and of the key after are both good, and the JWKS has both (I2)."""
    old = get_token(stack)
    assert states(rotate(stack))[kid_of(old)] == "DEACTIVATED"
    new = token_of_another_key(stack, kid_of(old))
    assert set(statuses(stack, old).values()) == set(statuses(stack, new).values()) == ALLOWED
    published = {key["kid"] for key in CLIENT.get(stack.outputs["JwksUrl"]).json()["keys"]}
    assert {kid_of(old), kid_of(new)} <= published


def test_a_compromised_key_is_out_at_once_and_for_good(stack: StackFile) -> None:
    """Its tokens are refused by the next request, KMS refuses to sign with it, and the standby signs on (I8)."""
    old = get_token(stack)
    answer = rotator(stack, action="compromise", kid=kid_of(old), reason="a drill", actor="operator")
    assert states(answer)[kid_of(old)] == "COMPROMISED"
    assert set(statuses(stack, old).values()) == {401, 403}
    new = token_of_another_key(stack, kid_of(old))
    assert set(statuses(stack, new).values()) == ALLOWED
    [arn] = [key["arn"] for key in stored_keys(stack) if key["kid"] == kid_of(old)]
    assert aws(stack, "kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] in {"Disabled", "PendingDeletion"}
    again = rotator(stack, action="compromise", kid=kid_of(old), reason="a drill", actor="operator")
    assert states(again).get(kid_of(old), "COMPROMISED") == "COMPROMISED"


def test_a_key_that_somebody_disables_is_replaced_by_the_next_tick(stack: StackFile) -> None:
    """Its tokens stay good, the standby signs on, and the tick fails, so that the alarm rings."""
    time.sleep(int(PARAMETERS["PublishLeadSeconds"]))  # the standby may have been made a moment ago
    old = get_token(stack)
    [arn] = [key["arn"] for key in stored_keys(stack) if key["kid"] == kid_of(old)]
    aws(stack, "kms").disable_key(KeyId=arn)
    assert ask(stack).status_code == 503
    assert "somebody disabled or deleted it in KMS" in rotator(stack, action="tick")["errorMessage"]
    new = token_of_another_key(stack, kid_of(old))
    assert set(statuses(stack, old).values()) == set(statuses(stack, new).values()) == ALLOWED
    assert rotator(stack, action="tick")["applied"] == []


def stored_keys(stack: StackFile) -> list[dict[str, Any]]:
    """Return what the table holds about the keys."""
    [item] = aws(stack, "dynamodb").scan(TableName=stack.outputs["KeyRingTableName"])["Items"]
    return [{name: value.get("S") for name, value in key["M"].items()} for key in item["keys"]["L"]]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"action": "dance"}, "malformed_event"),
        ({}, "malformed_event"),
        ({"action": "compromise", "kid": "unknown", "reason": "x", "actor": "x"}, "unknown_key"),
        ({"action": "compromise", "kid": "", "reason": "x", "actor": "x"}, "malformed_event"),
        ({"action": "rotate", "ring": "unknown"}, "unknown_ring"),
        ({"action": "rotate", "ring": ""}, "malformed_event"),
    ],
)
def test_a_wrong_command_changes_nothing_and_says_why(stack: StackFile, event: dict[str, str], error: str) -> None:
    """An unknown action or key is an answer with an error, and the ring stays at its version."""
    before = rotator(stack, action="plan")["rings"][0]["version"]
    assert rotator(stack, **event)["error"] == error
    assert rotator(stack, action="plan")["rings"][0]["version"] == before


def test_nobody_but_the_issuer_and_the_rotator_may_sign(stack: StackFile) -> None:
    """The key's policy lets the account manage the key and denies Sign: an administrator cannot mint tokens."""
    [policy] = {
        aws(stack, "kms").get_key_policy(KeyId=key["arn"], PolicyName="default")["Policy"]
        for key in stored_keys(stack)[-1:]
    }
    signers = {
        statement["Principal"]["AWS"]
        for statement in json.loads(policy)["Statement"]
        if "kms:Sign" in statement["Action"]
    }
    assert len(signers) == 2
    assert all(":role/" in signer for signer in signers)


def test_durations_that_break_a_rule_are_refused_by_the_deployment(tmp_path: Path) -> None:
    """The custom resource names the broken rule, and the stack does not come up (I1)."""
    stack = EmbeddedStack(tmp_path / "local", ports=ANY_PORTS, parameters={"PublishLeadSeconds": "3"})
    with pytest.raises(DeployError, match="PublishLeadSeconds must be at least VerifierCacheSeconds"):
        stack.start()


def check_token(stack: StackFile, algorithm: str) -> str:
    """Return a token after a stranger's verifier and all APIs have let it in by its algorithm."""
    raw: str = ask(stack).json()["access_token"]
    assert jwt.get_unverified_header(raw)["alg"] == algorithm
    keys = KeySet.import_key_set(CLIENT.get(stack.outputs["JwksUrl"]).json())
    claims = joserfc.jwt.decode(raw, keys, algorithms=[algorithm]).claims
    assert (claims["iss"], claims["aud"]) == (stack.issuer, stack.audience)
    assert set(statuses(stack, raw).values()) == ALLOWED
    return raw


@pytest.mark.parametrize(
    "parameters",
    [
        {"SigningAlgorithm": "PS256", "RsaKeySize": "3072"},
        {"SigningAlgorithm": "ES256"},
        {"SigningAlgorithm": "Ed25519"},
    ],
    ids=lambda parameters: "-".join(parameters.values()),
)
def test_another_algorithm_is_a_parameter(tmp_path: Path, parameters: dict[str, str]) -> None:
    """Tokens of each algorithm are signed by KMS, published, and let in as RS256 ones are."""
    with EmbeddedStack(tmp_path / "local", ports=ANY_PORTS, parameters=parameters) as stack:
        raw = check_token(stack, parameters["SigningAlgorithm"])
        published = {key["kid"]: key for key in CLIENT.get(stack.outputs["JwksUrl"]).json()["keys"]}
        size = len(published[kid_of(raw)].get("n", "")) * 6 // 8 * 8
        assert size == int(parameters.get("RsaKeySize", "0"))


def test_a_ring_is_added_and_dropped_while_tokens_go_on(tmp_path: Path) -> None:
    """An audience that asks for Ed25519 gets it after the lead and loses it when it is dropped; no token is refused."""
    rings = {"MaxPublishedKeys": "5", "AudienceAlgorithms": f"{AUDIENCE}=Ed25519"}

    def with_ring(**parameters: str) -> EmbeddedStack:
        return EmbeddedStack(tmp_path / "local", ports=ANY_PORTS, parameters={"MaxPublishedKeys": "5"} | parameters)

    with with_ring() as stack:
        before = check_token(stack, "RS256")
    with with_ring(**rings) as stack:
        assert set(statuses(stack, before).values()) == ALLOWED
        waiting = check_token(stack, "RS256")
        deadline = time.monotonic() + 60
        while jwt.get_unverified_header(get_token(stack))["alg"] != "Ed25519":
            assert time.monotonic() < deadline
            rotator(stack, action="tick")
            time.sleep(1)
        meanwhile = check_token(stack, "Ed25519")
        assert set(statuses(stack, waiting).values()) == ALLOWED
        assert {ring["name"] for ring in rotator(stack, action="plan")["rings"]} == {"default", "Ed25519"}
    with with_ring() as stack:
        rotator(stack, action="tick")
        check_token(stack, "RS256")
        assert set(statuses(stack, meanwhile).values()) == ALLOWED
