"""Keys in KMS, and who may use them."""

from __future__ import annotations

import contextlib
import json
import secrets
import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.kms_key_policy import key_policy, same_policy
from keyturn.adapters.keys.kms_signer import KMS_ALGORITHMS, MAX_RAW_BYTES, KmsSigner, kms_algorithm
from keyturn.jose import KeySet, verify_jws
from keyturn.jose.jws_encoder import encode_access_token
from keyturn.jose.public_key import public_jwk
from tests.aws.names import ALGORITHMS
from tests.aws.patience import eventually
from tests.aws.removal import schedule_deletion
from tests.aws.stack import TAG, aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

IN_FORCE, WATCHED = 60, 90  # seconds after DisableKey: KMS is eventually consistent
INSISTENCE = 15  # seconds for which the rotator goes on asking for a key whose roles KMS does not know yet


@pytest.fixture(scope="module")
def spare_keys(stack: StackFile) -> Iterator[Callable[[str], str]]:
    """Return a maker of keys outside of every ring, for calls that the ring's key policies forbid; each is deleted."""
    made: dict[str, str] = {}

    def make(spec: str) -> str:
        if spec not in made:
            made[spec] = create_key(stack, KeySpec=spec)
        return made[spec]

    yield make
    for key in made.values():
        schedule_deletion(key)


@pytest.fixture
def role(stack: StackFile) -> Iterator[str]:
    """Return the name of a role that is not there yet; it is removed."""
    name = f"{stack.stack_name}-verification-{secrets.token_hex(4)}"
    yield name
    iam = aws("iam")
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role(RoleName=name)


def create_role(name: str) -> str:
    """Create a role that may do nothing, and return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    tags = [{"Key": TAG, "Value": name.rpartition("-verification-")[0]}]
    answer = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=tags)
    arn: str = answer["Role"]["Arn"]
    return arn


def create_key(stack: StackFile, **arguments: Any) -> str:
    """Create a key for signatures that carries the tag of this verification, and return its ARN."""
    tags = [{"TagKey": TAG, "TagValue": stack.stack_name}]
    defaults = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Tags": tags}
    key: str = aws("kms").create_key(**(defaults | arguments))["KeyMetadata"]["Arn"]
    return key


def try_policy(stack: StackFile, policy: dict[str, Any]) -> tuple[str, str | None]:
    """Return "created" and the ARN of a key with that policy, or the code of KMS's refusal."""
    try:
        return "created", create_key(stack, Policy=json.dumps(policy))
    except ClientError as error:
        return str(error.response["Error"]["Code"]), None


def outcome(call: Callable[..., Any], **arguments: Any) -> str:
    """Return "done", or the code of KMS's refusal."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def sign(key: str, message: bytes, algorithm: str = "ES256") -> str:
    """Return "done", or the code of KMS's refusal to sign a RAW message."""
    signing = kms_algorithm(algorithm).signing_algorithm
    return outcome(aws("kms").sign, KeyId=key, Message=message, MessageType="RAW", SigningAlgorithm=signing)


@pytest.mark.on_aws_alone("the emulator's root may do everything")
def test_nobody_signs_but_the_issuer_and_the_rotator(
    stack: StackFile, resources: dict[str, str], observe: Observe
) -> None:
    """An administrator can neither sign with a ring's key nor grant that right: its policy has said so from birth."""
    active = DynamoDbKeyRings(aws("dynamodb"), stack.outputs["KeyRingTableName"]).load_all()[0].active()
    issuer = aws("iam").get_role(RoleName=resources["TokenIssuerRole"])["Role"]["Arn"]
    seen = {
        "sign": sign(active.arn, b"x", active.algorithm),
        "grant": outcome(aws("kms").create_grant, KeyId=active.arn, GranteePrincipal=issuer, Operations=["Sign"]),
    }
    observe(**seen)
    assert seen == {"sign": "AccessDeniedException", "grant": "AccessDeniedException"}


@pytest.mark.on_aws_alone("the emulator takes longer messages")
def test_kms_signs_messages_up_to_its_limit(spare_keys: Callable[[str], str], observe: Observe) -> None:
    """KMS signs a RAW message of 4,096 bytes and refuses one more: no token is longer."""
    key = spare_keys("ECC_NIST_P256")
    seen = {size: sign(key, b"x" * size) for size in (MAX_RAW_BYTES, MAX_RAW_BYTES + 1)}
    observe(answers=seen)
    assert seen == {MAX_RAW_BYTES: "done", MAX_RAW_BYTES + 1: "ValidationException"}


class SpareKey:
    """A spare key as the encoder of tokens wants it."""

    def __init__(self, arn: str, algorithm: str) -> None:
        """Take the key's ARN, and the algorithm to sign by."""
        self._arn, self._algorithm = arn, algorithm
        spki = aws("kms").get_public_key(KeyId=arn)["PublicKey"]
        self.jwk = public_jwk(spki, algorithm)

    def sign(self, signing_input: bytes) -> bytes:
        """Return KMS's signature."""
        return KmsSigner(aws("kms")).sign(self._arn, self._algorithm, signing_input)


def test_what_kms_signs_verifies(spare_keys: Callable[[str], str], observe: Observe) -> None:
    """Tokens that KMS signs, short and long, by each algorithm hold for the strict verifier (R04, R08)."""
    lengths: dict[str, list[int]] = {}
    for algorithm in ALGORITHMS:
        key = SpareKey(spare_keys(KMS_ALGORITHMS[algorithm].key_spec), algorithm)
        for subject in ("x", "x" * 2900):
            token = encode_access_token({"sub": subject}, algorithm=algorithm, kid=key.jwk["kid"], key=key)
            payload = verify_jws(token, KeySet.from_jwks({"keys": [key.jwk]}), frozenset({algorithm}))
            assert json.loads(payload)["sub"] == subject
            lengths.setdefault(algorithm, []).append(len(token.rpartition(".")[0]))
    observe(signing_inputs=lengths)
    assert all(short < MAX_RAW_BYTES - 512 < long <= MAX_RAW_BYTES for short, long in lengths.values())


def test_a_signature_comes_within_the_timeout(spare_keys: Callable[[str], str], observe: Observe) -> None:
    """A signature takes less than the second that the issuer waits for it, measured from where this runs (R61)."""
    key = spare_keys("RSA_2048")
    sign(key, b"opens the connection", "RS256")
    seconds = []
    for _ in range(20):
        started = time.monotonic()
        assert sign(key, b"x" * 500, "RS256") == "done"
        seconds.append(time.monotonic() - started)
    observe(median_ms=1000 * statistics.median(seconds), longest_ms=1000 * max(seconds))
    assert statistics.median(seconds) < 1


@pytest.mark.on_aws_alone("the emulator tells the public key of a disabled key")
def test_a_key_out_of_use_does_nothing(stack: StackFile, observe: Observe) -> None:
    """A disabled key neither signs nor returns its public half; a cancelled deletion disables (I6)."""
    kms = aws("kms")
    key = create_key(stack)
    try:
        assert sign(key, b"x") == "done"
        kms.disable_key(KeyId=key)
        _, delay = eventually(lambda: sign(key, b"x"), lambda code: code != "done", seconds=120, pause=0.5)
        disabled = sign(key, b"x"), outcome(kms.get_public_key, KeyId=key)
        schedule_deletion(key)
        eventually(lambda: sign(key, b"x"), lambda code: code != disabled[0], seconds=60, pause=0.5)
        pending = sign(key, b"x"), outcome(kms.get_public_key, KeyId=key)
        kms.cancel_key_deletion(KeyId=key)
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    finally:
        schedule_deletion(key)
    observe(disabled=disabled, refused_after_seconds=delay, pending=pending, taken_back=state)
    assert disabled == ("DisabledException",) * 2
    assert pending == ("KMSInvalidStateException",) * 2
    assert state == "Disabled"


@pytest.mark.on_aws_alone("the emulator disables a key at once")
def test_a_disabled_key_signs_no_longer_than_a_minute(stack: StackFile, observe: Observe) -> None:
    """DisableKey is in force within a minute, and no later signature is made: docs/runbook.md counts on it (I6)."""
    kms, key = aws("kms"), create_key(stack)
    try:
        assert sign(key, b"x") == "done"
        kms.disable_key(KeyId=key)
        disabled = time.monotonic()
        refused, last = [], 0.0
        while time.monotonic() - disabled < WATCHED:
            asked = time.monotonic() - disabled
            if sign(key, b"x") == "done":
                last = asked
            else:
                refused.append(asked)
            time.sleep(0.5)
    finally:
        schedule_deletion(key)
    observe(last_signed_after_seconds=last, first_refused_after_seconds=min(refused, default="never"))
    assert refused
    assert last < IN_FORCE


@pytest.mark.on_aws_alone("the emulator takes any principal in a policy")
def test_a_policy_waits_for_its_roles(stack: StackFile, resources: dict[str, str], role: str, observe: Observe) -> None:
    """CreateKey refuses a policy of a role that is not visible yet as malformed, for less than 15 s (I4)."""
    rotator = aws("iam").get_role(RoleName=resources["KeyRotatorRole"])["Role"]["Arn"]
    policy = key_policy(f"{rotator.rpartition('/')[0]}/{role}", rotator)
    before, too_early = try_policy(stack, policy)
    policy = key_policy(create_role(role), rotator)
    (after, key), delay = eventually(lambda: try_policy(stack, policy), lambda seen: seen[1] is not None, seconds=60)
    for made in filter(None, (too_early, key)):
        schedule_deletion(made)
    observe(before=before, after=after, visible_after_seconds=delay)
    assert before == "MalformedPolicyDocumentException"
    assert after == "created"
    assert delay < INSISTENCE


@pytest.mark.on_aws_alone("the emulator gives a role that was made anew its old rights")
def test_a_role_that_was_made_anew_is_another_principal(
    stack: StackFile, resources: dict[str, str], role: str, observe: Observe
) -> None:
    """The policy of a re-created role names a dead principal, which a tick sees and repairs (docs/runbook.md)."""
    iam, kms = aws("iam"), aws("kms")
    rotator = iam.get_role(RoleName=resources["KeyRotatorRole"])["Role"]["Arn"]
    policy = key_policy(create_role(role), rotator)
    (_, key), _ = eventually(lambda: try_policy(stack, policy), lambda seen: seen[1] is not None, seconds=60)
    assert key is not None
    try:
        iam.delete_role(RoleName=role)
        create_role(role)
        stored, delay = eventually(
            lambda: str(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
            lambda stored: not same_policy(stored, policy),
            seconds=120,
            pause=2,
        )
    finally:
        schedule_deletion(key)
    observe(differs=not same_policy(stored, policy), unique_id="AROA" in stored, after_seconds=delay)
    assert not same_policy(stored, policy)
