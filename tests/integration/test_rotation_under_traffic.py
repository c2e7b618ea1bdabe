"""Keys rotate, change their algorithm and are compromised under traffic of several processes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws
from tests.integration.test_rotator import rotator
from tests.integration.traffic import ATTEMPTS, JWKS, TOKEN, ApiClient, Caller, ForeignVerifier, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.integration.traffic import Answer, Record, Token, Worker

ROTATIONS = 5
BOUND = 3
LIFETIME = 12
PUBLISH_LEAD = 10
RETENTION = 20
JWKS_MAX_AGE = 1
VERIFIER_CACHE = 1
REST = 0.4  # of each process between rounds: several copies of the JWKS within each cache lifetime
LONGEST_CACHE = JWKS_MAX_AGE + VERIFIER_CACHE
PATIENCE = 60
APIS = {"http", "rest_token", "rest_request"}

# The lead and the retention are as short as the rules allow. The period cannot be: here the operator rotates the keys.
PARAMETERS = {
    "SigningAlgorithm": "RS256",
    "RevocationBoundSeconds": str(BOUND),
    "AccessTokenLifetimeSeconds": str(LIFETIME),
    "MaxTokenLifetimeSeconds": str(LIFETIME),
    "ClockSkewSeconds": "1",
    "RingViewSeconds": "2",
    "VerifierCacheSeconds": str(VERIFIER_CACHE),
    "JwksMaxAgeSeconds": str(JWKS_MAX_AGE),
    "PublishLeadSeconds": str(PUBLISH_LEAD),
    "RetentionSeconds": str(RETENTION),
    "MaxPublishedKeys": "8",
}


class Phase(NamedTuple):
    """Events of the keys from one time to another."""

    name: str
    began_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Emergency:
    """The compromise of a key: when it was asked for, and when it was acknowledged."""

    kid: str
    asked_at: float
    acknowledged_at: float


@dataclass(frozen=True, slots=True)
class Run:
    """All that happened: the phases, what the processes saw, and the keys as the table has them in the end."""

    phases: list[Phase]
    emergency: Emergency
    record: Record
    keys: list[dict[str, Any]]

    @property
    def calls(self) -> list[Answer]:
        """The answers of the protected APIs."""
        return [answer for answer in self.record.answers if answer.token is not None]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the record of five rotations, a change of algorithm and an emergency under traffic."""
    phases: list[Phase] = []

    def end_phase(name: str) -> None:
        phases.append(Phase(name, phases[-1].ended_at if phases else begun_at, wall_seconds()))

    stack = EmbeddedStack(tmp_path_factory.mktemp("traffic"), ports=ANY_PORTS, parameters=PARAMETERS)
    with stack as running, Traffic(workers(running), rest=REST) as traffic:
        begun_at, caller = wall_seconds(), Caller(running)
        traffic.start()
        for number in range(1, ROTATIONS + 1):
            rotate(caller)
            end_phase(f"rotation {number}")
        change_algorithm(caller, "ES256")
        wait_for_known_standby(running, "ES256")
        end_phase("to ES256")
        emergency = compromise(caller)
        tick_for(running, BOUND + LIFETIME / 2)
        end_phase("emergency")
        return Run(phases, emergency, caller.record + traffic.stop(), stored_keys(running))


def workers(stack: StackFile) -> list[Worker]:
    """Return a client of each API, and a verifier that knows the stack by its JWKS alone."""
    return [*(ApiClient(stack, api) for api in stack.apis), ForeignVerifier(stack, LONGEST_CACHE)]


def tick_for(stack: StackFile, seconds: float) -> None:
    """Tick twice a second, so that each key leaves the JWKS as soon as it may."""
    end = wall_seconds() + seconds
    while wall_seconds() < end:
        assert "errorMessage" not in (answer := rotator(stack, action="tick")), answer
        time.sleep(0.5)


def new_token(caller: Caller) -> Token:
    """Return the record of a new token."""
    issued = caller.get_token()
    assert issued is not None, caller.record.answers[-ATTEMPTS:]
    return issued[1]


def rotate(caller: Caller) -> None:
    """Rotate as soon as the rotator lets us, and wait until the issuer signs with the next key."""
    old = new_token(caller)
    while "retry_after_seconds" in (answer := rotator(caller.stack, action="rotate")):
        tick_for(caller.stack, answer["retry_after_seconds"])
    assert "applied" in answer, answer
    deadline = wall_seconds() + PATIENCE
    while new_token(caller).kid == old.kid:
        assert wall_seconds() < deadline, f"after {PATIENCE} s the issuer still signs with the old key"
        tick_for(caller.stack, 0.5)


def change_algorithm(caller: Caller, algorithm: str) -> None:
    """Update the stack while it serves, and tick until tokens of the new algorithm are signed."""
    stack = caller.stack
    cloudformation = aws(stack, "cloudformation")
    [before] = cloudformation.describe_stacks(StackName=stack.stack_name)["Stacks"]
    kept = [each["ParameterKey"] for each in before["Parameters"] if each["ParameterKey"] != "SigningAlgorithm"]
    cloudformation.update_stack(
        StackName=stack.stack_name,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "SigningAlgorithm", "ParameterValue": algorithm},
            *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
        ],
    )
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=stack.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE}
    )
    deadline = wall_seconds() + PATIENCE
    while new_token(caller).algorithm != algorithm:
        assert wall_seconds() < deadline, f"no token of {algorithm} after {PATIENCE} s of ticks"
        tick_for(stack, 1)


def wait_for_known_standby(stack: StackFile, algorithm: str) -> None:
    """Tick until every standby is of this algorithm, and has been published for the lead."""
    deadline = wall_seconds() + PATIENCE
    while True:
        standbys = [key for key in stored_keys(stack) if key["state"] == "PRE_ACTIVATION"]
        known = [key for key in standbys if key["published_at"] + PUBLISH_LEAD < wall_seconds()]
        if known and all(key["algorithm"] == algorithm and key in known for key in standbys):
            return
        assert wall_seconds() < deadline, f"after {PATIENCE} s of ticks the standby is not one of {algorithm} alone"
        tick_for(stack, 1)


def compromise(caller: Caller) -> Emergency:
    """Declare the key that signs compromised."""
    kid, asked_at = new_token(caller).kid, wall_seconds()
    answer = rotator(caller.stack, action="compromise", kid=kid, reason="a drill", actor="operator")
    assert "applied" in answer, answer
    return Emergency(kid, asked_at, wall_seconds())


def stored_keys(stack: StackFile) -> list[dict[str, Any]]:
    """Return all keys of the table; their times are numbers."""
    items = aws(stack, "dynamodb").scan(TableName=stack.outputs["KeyRingTableName"])["Items"]
    return [
        {name: int(value["N"]) if "N" in value else value.get("S") for name, value in key["M"].items()}
        for item in items
        for key in item["keys"]["L"]
    ]


def signing_kids(run: Run) -> list[str]:
    """Return the kids of all keys that signed, in the order in which they began to."""
    return list(dict.fromkeys(token.kid for token in sorted(run.record.tokens, key=lambda token: token.obtained_at)))


def is_compromised_at(run: Run, kid: str, now: float) -> bool:
    """Return whether the key was compromised by then: from the command's start on, since it may act at once."""
    return kid == run.emergency.kid and now >= run.emergency.asked_at


def test_no_valid_token_is_refused(run: Run) -> None:
    """An unexpired token of a sound key is accepted through every change of key (I2)."""
    assert [
        answer
        for answer in run.calls
        if answer.token is not None
        and answer.is_refusal
        and answer.answered_at < answer.token.expires_at
        and not is_compromised_at(run, answer.token.kid, answer.answered_at)
    ] == []


def test_whoever_keeps_the_jwks_for_as_long_as_they_may_takes_every_new_token(run: Run) -> None:
    """A verifier with the oldest copy that it may still use knows the key of each new token (I1)."""
    assert [
        rejection
        for rejection in run.record.rejections
        if not is_compromised_at(run, rejection.token.kid, rejection.token.obtained_at)
    ] == []


def test_every_key_is_in_the_jwks_from_before_its_first_token_until_after_its_last(run: Run) -> None:
    """No copy of the JWKS that a verifier may use for a token lacks its key (I1, I2)."""
    for kid in signing_kids(run):
        tokens = [token for token in run.record.tokens if token.kid == kid]
        begin = min(token.obtained_at for token in tokens) - LONGEST_CACHE
        expiry = max(token.expires_at for token in tokens)
        end = min(expiry, run.emergency.asked_at) if kid == run.emergency.kid else expiry
        usable = [copy for copy in run.record.copies if begin <= copy.asked_at and copy.answered_at <= end]
        assert usable
        assert [copy.asked_at - begin for copy in usable if kid not in copy.kids] == []


def test_every_key_was_published_for_the_lead_before_it_signed(run: Run) -> None:
    """The first key alone signed without a lead: before it, verifiers had nothing to cache (I1)."""
    keys = {key["kid"]: key for key in run.keys}
    later = [keys[kid] for kid in signing_kids(run)[1:]]
    assert all(key["activated_at"] - key["published_at"] >= PUBLISH_LEAD for key in later)


def test_every_token_of_the_compromised_key_is_refused_after_the_bound(run: Run) -> None:
    """Requests that start more than B after the acknowledgement are refused, and signing has stopped (I8)."""
    after = [
        answer
        for answer in run.calls
        if answer.token is not None
        and answer.token.kid == run.emergency.kid
        and answer.sent_at > run.emergency.acknowledged_at + BOUND
    ]
    assert {answer.target for answer in after if answer.is_refusal} == APIS
    assert [answer for answer in after if not answer.is_refusal and answer.status < 500] == []
    assert [
        token
        for token in run.record.tokens
        if token.kid == run.emergency.kid and token.asked_at > run.emergency.acknowledged_at
    ] == []


def test_a_fault_is_over_at_the_second_attempt(run: Run) -> None:
    """Every request has the expected answer, at the latest on one repeat after a 5xx."""
    assert [
        answer
        for answer in run.record.answers
        if not (
            answer.status == 200
            or (answer.is_refusal and answer.token is not None)
            or (answer.status >= 500 and answer.attempt < ATTEMPTS)
        )
    ] == []


def test_every_phase_saw_traffic(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """No other test here passes for want of traffic: in each phase tokens were issued and each API let some in."""
    with capsys.disabled():
        print("", *summarize(run), sep="\n")
    for phase in run.phases:
        seen = {
            answer.target
            for answer in run.record.answers
            if answer.status == 200 and phase.began_at <= answer.sent_at < phase.ended_at
        }
        assert seen == {*APIS, TOKEN, JWKS}, phase


def test_tokens_of_each_key_outlived_its_signing(run: Run) -> None:
    """Each API accepts the previous key's tokens after each change of key, up to the last quarter of their lives."""
    kids = signing_kids(run)
    # The first key, one for each rotation, the first of ES256, and the one after the emergency.
    assert len(kids) == 1 + ROTATIONS + 1 + 1
    assert {token.algorithm for token in run.record.tokens} == {"RS256", "ES256"}
    turns = [(old, new) for old, new in pairwise(kids) if old != run.emergency.kid]
    assert len(turns) == ROTATIONS + 1
    for old, new in turns:
        begun = min(token.obtained_at for token in run.record.tokens if token.kid == new)
        allowed = [answer for answer in run.calls if answer.token and answer.token.kid == old and answer.status == 200]
        assert {answer.target for answer in allowed if answer.sent_at > begun} == APIS
        assert any(answer.token.expires_at - answer.answered_at < LIFETIME / 4 for answer in allowed if answer.token)


def test_retired_keys_left_the_jwks_meanwhile(run: Run) -> None:
    """Keys that nobody needed any more left while tokens of others were in use, and so did the compromised key."""
    first_copies, last = run.record.copies, run.record.copies[-1]
    gone = frozenset().union(*(copy.kids for copy in first_copies)) - last.kids
    assert run.emergency.kid in gone
    assert len(gone & set(signing_kids(run))) > ROTATIONS // 2


def summarize(run: Run) -> Iterator[str]:
    """Say in a few lines what happened."""
    for phase in run.phases:
        during = [answer for answer in run.record.answers if phase.began_at <= answer.sent_at < phase.ended_at]
        counts = Counter("5xx" if answer.status >= 500 else str(answer.status) for answer in during)
        tokens = sum(phase.began_at <= token.obtained_at < phase.ended_at for token in run.record.tokens)
        told = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
        yield f"  {phase.name:<16} {phase.ended_at - phase.began_at:5.1f} s  {tokens} tokens, answers {told}"
    faults = Counter(answer.target for answer in run.record.answers if answer.status >= 500)
    yield f"  {len(run.record.tokens)} tokens of {len(signing_kids(run))} keys, {len(run.calls)} calls"
    yield f"  5xx: {dict(faults) or 'none'}"
    allowed = [
        answer.sent_at
        for answer in run.calls
        if answer.token is not None and answer.token.kid == run.emergency.kid and answer.status == 200
    ]
    late = max(allowed) - run.emergency.acknowledged_at
    yield f"  the last call of the compromised key that was let in began {late:+.3f} s from the acknowledgement"
