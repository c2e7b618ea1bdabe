"""The bound, proven: revocations at random under traffic of several processes, in both modes, in any weather."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.revocations.revocation import Target, TargetKind
from keyturn_cli.deployment import Deployment, find_deployment
from keyturn_cli.revocation_aim import Aim
from keyturn_cli.revocation_plan import plan
from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import redirected
from tests.integration.faulty_dynamodb import FaultyDynamoDB, Kind, Weather
from tests.integration.http import post
from tests.integration.minted_tokens import Mint
from tests.integration.traffic import Caller, TokenHolder, Traffic, read_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.stack_file import StackFile
    from tests.integration.traffic import Answer, Token

MODES = ("strict", "snapshot")
BOUND = 2  # the least that the template allows
LIFETIME = 300
SEED = 20_260_921
# Targets of a round's revocations: by RFC 7009 (TOKEN), or by the operator's command.
KINDS = (
    *(TargetKind.TOKEN, TargetKind.GRANT, TargetKind.SUBJECT),
    *(TargetKind.SESSION, TargetKind.CLIENT, TargetKind.PAIR),
)
ROUNDS = 3
_CLAIMS = {
    TargetKind.GRANT: "gid",
    TargetKind.SESSION: "sid",
    TargetKind.SUBJECT: "sub",
    TargetKind.CLIENT: "client_id",
}


class Held(NamedTuple):
    """A token: its text, and its record."""

    raw: str
    token: Token


class Group(NamedTuple):
    """One kind of target: what it ends, and by which name."""

    target: Target
    held: tuple[Held, ...]


class Revoked(NamedTuple):
    """A revocation: what it was to end, when it was asked for, and when it was acknowledged."""

    target: Target
    jtis: frozenset[str]
    asked_at: float
    acknowledged_at: float


@dataclass(frozen=True, slots=True)
class Run:
    """A round's record: the revocations, the answer of every call, and the faults of DynamoDB's calls."""

    mode: str
    revoked: list[Revoked]
    calls: list[Answer]
    met: Counter[Kind]
    calm_since: float

    def after(self, each: Revoked) -> list[Answer]:
        """Return the calls with what was revoked that started after the acknowledgement."""
        return [call for call in self.calls if _jti(call) in each.jtis and call.sent_at > each.acknowledged_at]

    def latest_allowed(self, each: Revoked) -> float | None:
        """Return how long after the acknowledgement the last call started that was allowed, or None; seconds."""
        allowed = [call.sent_at for call in self.after(each) if call.status == 200]
        return max(allowed) - each.acknowledged_at if allowed else None


def _jti(call: Answer) -> str:
    return call.token.jti if call.token is not None else ""


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[StackFile, Deployment]]]:
    """Return a stack of each mode, and how the operator's command sees it."""
    with ExitStack() as until_the_end:
        stacks = {}
        for mode in MODES:
            parameters = {"RevocationMode": mode, "RevocationBoundSeconds": str(BOUND)}
            folder = tmp_path_factory.mktemp(mode)
            stack = EmbeddedStack(folder / ".local", ports=ANY_PORTS, parameters=parameters)
            stacks[mode] = until_the_end.enter_context(stack), find_deployment(None, folder)
        yield stacks


@pytest.fixture(scope="module", params=["calm", "storm"])
def runs(request: pytest.FixtureRequest, stacks: dict[str, tuple[StackFile, Deployment]]) -> dict[str, Run]:
    """Return the record of one run of each mode; both wait most of the time, so they go on at once."""
    with ThreadPoolExecutor(len(MODES)) as pool:
        runs = {mode: pool.submit(revoke_under_traffic, mode, *stacks[mode], request.param) for mode in MODES}
        return {mode: run.result() for mode, run in runs.items()}


@pytest.fixture(params=MODES)
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return the record of the mode's run."""
    return runs[request.param]


def revoke_under_traffic(mode: str, running: StackFile, deployment: Deployment, weather_of_run: str) -> Run:
    """Return the record of one run."""
    weather, groups = Weather(SEED), groups_of_tokens(running)
    held = [each for group in groups for each in group.held]
    workers = [TokenHolder(running, api, held) for api in running.apis]
    with ExitStack() as until_the_end:
        proxy = until_the_end.enter_context(FaultyDynamoDB(running, weather))
        until_the_end.enter_context(redirected(running, "AuthorizerFunction", "DYNAMODB", proxy.origin))
        traffic = until_the_end.enter_context(Traffic(workers))
        traffic.start()
        if weather_of_run == "storm":
            weather.storm()
        revoked = revoke_at_random(running, deployment, groups)
        weather.calm()
        calm_since = wall_seconds()
        time.sleep(BOUND + 2)
        asked = ask_for_all(running, groups[:-1])
        revoked.append(revoke(running, deployment, Group(Target.of(TargetKind.GLOBAL, "0"), tuple(held))))
        time.sleep(BOUND + 1)
        asked += ask_for_all(running, groups[-1:])
        return Run(mode, revoked, traffic.stop().answers + asked, weather.met, calm_since)


def ask_for_all(stack: StackFile, groups: Sequence[Group]) -> list[Answer]:
    """Call once with what was revoked: on a slow machine the traffic has not come round to all of it yet."""
    caller = Caller(stack)
    for group in groups:
        for raw, token in group.held:
            caller.call(next(iter(stack.apis)), raw, token)
    return caller.record.answers


def groups_of_tokens(stack: StackFile) -> list[Group]:
    """Return tokens in the order in which they are to end; those of the last group end with everything alone."""
    mint, groups = Mint(stack), []
    for number, kind in enumerate(KINDS * ROUNDS):
        name = f"{kind}-{number}-{random.randrange(1 << 32)}"
        if kind is TargetKind.TOKEN:
            raws = [mint.token(lifetime=LIFETIME)]
            name = read_token(raws[0], 0, 0).jti
        elif kind is TargetKind.PAIR:
            raws = [mint.token(lifetime=LIFETIME, client_id="another", sub=name) for _ in range(2)]
            name += "#another"
        else:
            raws = [mint.token(lifetime=LIFETIME, **{"client_id": "another", _CLAIMS[kind]: name}) for _ in range(2)]
        groups.append(Group(Target.of(kind, name), held_of(raws)))
    bystanders = [mint.token(lifetime=LIFETIME, sub=f"bystander-{number}") for number in range(3)]
    return [*groups, Group(Target.of(TargetKind.GLOBAL, "0"), held_of(bystanders))]


def held_of(raws: Sequence[str]) -> tuple[Held, ...]:
    """Return the tokens with their records."""
    return tuple(Held(raw, read_token(raw, 0, 0)) for raw in raws)


def revoke_at_random(stack: StackFile, deployment: Deployment, groups: Sequence[Group]) -> list[Revoked]:
    """Revoke all groups but the last, after pauses of any length up to half the bound."""
    chance, revoked = random.Random(SEED), []
    for group in groups[:-1]:
        time.sleep(chance.uniform(0, BOUND / 2))
        revoked.append(revoke(stack, deployment, group))
    return revoked


def revoke(stack: StackFile, deployment: Deployment, group: Group) -> Revoked:
    """Revoke a group, by RFC 7009 or as an operator does."""
    asked_at = wall_seconds()
    if group.target.kind is TargetKind.TOKEN:
        assert post(stack, "revoke", token=group.held[0].raw).status_code == 200
    else:
        planned = plan(deployment, Aim(group.target))
        deployment.revocations().revoke(planned.revocation, reason="a test", actor="operator")
    jtis = frozenset(held.token.jti for held in group.held)
    return Revoked(group.target, jtis, asked_at, wall_seconds())


def test_no_request_after_the_bound_is_allowed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """R47: calls that start more than B after the acknowledgement are refused; in strict mode, all after it."""
    with capsys.disabled():
        print("", *summarize(run), sep="\n")
    bound = 0 if run.mode == "strict" else BOUND
    late = {each.target.key: at for each in run.revoked if (at := run.latest_allowed(each)) is not None and at > bound}
    assert late == {}


def test_every_revocation_was_tried(run: Run) -> None:
    """No run passes for want of calls: what was revoked was let in before, and refused by its own revocation."""
    *each_of_its_own, everything = run.revoked
    for each in each_of_its_own:
        calls = [call for call in run.calls if _jti(call) in each.jtis]
        assert {_jti(call) for call in calls if call.status == 200} == each.jtis, each.target
        assert any(call.is_refusal and call.answered_at < everything.asked_at for call in calls), each.target
    bystanders = everything.jtis.difference(*(each.jtis for each in each_of_its_own))
    # A refusal may come before the acknowledgement; its token is hardly called again.
    assert bystanders <= {_jti(call) for call in run.calls if call.is_refusal}


def test_nothing_is_refused_before_it_is_revoked(run: Run) -> None:
    """A live token is accepted, or the answer is 500: the store's faults never refuse."""
    asked_at = {jti: each.asked_at for each in reversed(run.revoked) for jti in each.jtis}
    assert [call for call in run.calls if call.is_refusal and call.answered_at < asked_at[_jti(call)]] == []


def test_answers_are_an_allow_a_refusal_or_a_500(run: Run) -> None:
    """Answers are of these kinds alone; without faults, or a bound after them, a 500 is missing."""
    assert {call.status for call in run.calls} <= {200, 401, 403, 500}
    stormy = run.met[Kind.FAILED] > 0
    calm = [call for call in run.calls if not stormy or call.sent_at > run.calm_since + BOUND]
    assert calm
    assert [call for call in calm if call.status == 500] == []


def test_a_storm_had_every_fault(run: Run) -> None:
    """No storm passes for want of faults: calls of DynamoDB met each kind, and some requests were answered 500."""
    if run.met[Kind.FAILED] == 0:
        assert set(run.met) == {Kind.NONE}
        return
    assert set(run.met) == set(Kind)
    assert any(call.status == 500 for call in run.calls)
    assert any(call.status == 200 and call.sent_at < run.calm_since for call in run.calls)


def summarize(run: Run) -> Iterator[str]:
    """Say for each revocation how long after its acknowledgement the last allowed request started."""
    weather = "storm" if run.met[Kind.FAILED] else "calm"
    statuses = Counter(call.status for call in run.calls)
    yield f"  {run.mode}, {weather}: {dict(sorted(statuses.items()))}, DynamoDB: {dict(sorted(run.met.items()))}"
    for each in run.revoked:
        latest = run.latest_allowed(each)
        told = "none" if latest is None else f"{latest:.2f} s"
        yield f"    {each.target.key[:28]:<28} last allowed after it: {told:>7}, of {len(run.after(each))} calls"
