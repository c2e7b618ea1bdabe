"""A request may crash or lose an answer before and after each of its calls; the client sends it again.

No request leads to two live grants, and a retry gets what was lost. The store's own retry of one conditional write has
tests in tests/contract.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.grants.grant import GRACE
from keyturn.domain.grants.grant_credentials import parse_code, parse_refresh_token
from keyturn.domain.revocations.revocation import Target, TargetKind
from tests.fakes.client_assertions import assertion_event, keyed_client, make_assertion
from tests.fakes.interruption import Crash, Interruption
from tests.fakes.issuer_harness import REVOKE, TOKEN, Answer
from tests.fakes.user_flow import (
    AUTHORIZE,
    BROWSER_COOKIE,
    BROWSER_VALUE,
    UserFlow,
    answer_of,
    authorization_request,
    error_of,
    gid_of,
    interaction_of,
)
from token_issuer.issuer_ports import Ports, UserPorts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_POINTS = 60
# Without openid: two parallel signatures would make the order of the calls random.
SCOPE = "email orders:read"
FAULTS: dict[str, Callable[[], BaseException]] = {
    "crash": Crash,
    "no answer": lambda: StoreUnavailable("no answer"),
}


class Interrupted(NamedTuple):
    """A request that was interrupted and can be sent again; the first answer is None after a crash."""

    flow: UserFlow
    send: Callable[[], Answer]
    first: Answer | None
    where: str


def interruptions(
    monkeypatch: pytest.MonkeyPatch, fault: str, prepare: Callable[[UserFlow], Callable[[], Answer]], *, least: int
) -> Iterator[Interrupted]:
    """Yield the request interrupted at each of its points, `least` or more, each followed by a new sandbox."""
    for point in range(MAX_POINTS):
        flow = UserFlow(monkeypatch)
        send = prepare(flow)
        interruption = Interruption(point, FAULTS[fault])
        flow.connect(Ports(*map(interruption.wrap, flow.ports)), UserPorts(*map(interruption.wrap, flow.user_ports)))
        first = None
        with suppress(Crash):
            first = send()
        if not interruption.where:
            assert point >= least, "fewer calls than there are"
            return
        if first is not None and first.status != 303:
            assert (first.status, first.headers["retry-after"]) == (503, "5"), interruption.where
        flow.connect(flow.ports, flow.user_ports)
        yield Interrupted(flow, send, first, interruption.where)
    pytest.fail("the request never came to its end")


def log_in(flow: UserFlow) -> dict[str, Any]:
    return flow.log_in(scope=SCOPE)


def is_ended(flow: UserFlow, gid: str) -> bool:
    return bool(flow.revocations.find([Target.of(TargetKind.GRANT, gid)]))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_code_is_replaced(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """R33: the browser repeats the request and gets a valid code; the lost code was never redeemed and expires."""

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        return lambda: flow.authorize(scope=SCOPE)

    for flow, send, first, where in interruptions(monkeypatch, fault, prepare, least=8):
        if first is not None and first.status == 303:
            assert answer_of(first)["error"] == "temporarily_unavailable", where
        code = answer_of(send())["code"]
        assert flow.redeem(code).status == 200, where
        kept = parse_code(code)
        assert kept is not None
        assert all(grant.redemption is None for gid, grant in flow.grants.stored.items() if gid != kept.gid), where


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_interaction_is_replaced(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A request whose interaction was lost starts a new one; the lost interaction leads to no grant."""

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        flow.sign_out()
        return flow.authorize

    for flow, send, first, where in interruptions(monkeypatch, fault, prepare, least=6):
        if first is not None and first.status == 303:
            assert answer_of(first)["error"] == "temporarily_unavailable", where
        interaction = interaction_of(send())
        flow.authenticate(interaction, flow.browser)
        assert "code" in answer_of(flow.browser.resume(interaction)), where
        assert len(flow.grants.stored) == 1, where


@pytest.mark.parametrize("fault", FAULTS)
def test_the_way_back_from_the_login(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A session update, then grant and use in one transaction: the same request gives one code, or restarts."""
    interactions: list[str] = []

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        interactions[:] = [interaction_of(flow.authorize(prompt="login"))]
        flow.authenticate(interactions[0], flow.browser)
        return lambda: flow.browser.resume(interactions[0])

    outcomes = set()
    for flow, send, first, where in interruptions(monkeypatch, fault, prepare, least=14):
        if first is not None and first.status == 303:
            assert answer_of(first)["error"] == "temporarily_unavailable", where
        used = flow.interaction(interactions[0]).grant_id
        assert (used is not None) == bool(flow.grants.stored), where
        [session] = flow.login.sessions.stored.values()
        assert session.gave_code or used is None, where
        again = send()
        if used is None:
            assert flow.redeem(answer_of(again)["code"]).status == 200, where
        else:  # the code of the lost answer is unknown to all
            assert (again.status, "begin_again" in again.body) == (400, True), where
        assert len(flow.grants.stored) == 1, where
        outcomes.add(used is None)
    assert outcomes == {False, True}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_form_that_waits_for_its_browser(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A GET that crashed while it bound the interaction is sent again, and binds it to the same browser."""
    interactions: list[str] = []

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        posted = flow.browser.post(**authorization_request(prompt="login"))
        interactions[:] = [interaction_of(posted, AUTHORIZE)]
        flow.browser.cookies[BROWSER_COOKIE] = BROWSER_VALUE
        return lambda: flow.browser.resume(interactions[0])

    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=10):
        assert interaction_of(send()) == interactions[0], where
        flow.authenticate(interactions[0], flow.browser)
        assert "code" in answer_of(send()), where


@pytest.mark.parametrize("fault", FAULTS)
def test_a_redemption(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """R33, R34: an unused code stays valid; a code whose answer was lost is invalid_grant, and its grant is revoked."""

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        code = flow.get_code(scope=SCOPE)
        return lambda: flow.redeem(code)

    outcomes = set()
    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=12):
        [(gid, grant)] = flow.grants.stored.items()
        used = grant.redemption is not None
        again = send()
        if used:
            assert error_of(again) == (400, "invalid_grant"), where
            assert is_ended(flow, gid), where
        else:
            assert again.status == 200, where
            assert flow.refresh(again.json["refresh_token"]).status == 200, where
            assert flow.revocations.writes == [], where
        outcomes.add((used, again.status))
        assert len(flow.grants.stored) == 1, where
    assert outcomes == {(False, 200), (True, 400)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refresh(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """R38, R40: after any loss, the same request within the grace period gets the one successor."""
    first_token = ""

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        nonlocal first_token
        first_token = token = log_in(flow)["refresh_token"]
        return lambda: flow.refresh(token)

    rotated = set()
    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=12):
        [grant] = flow.grants.stored.values()
        assert grant.refresh is not None
        nonce, token = grant.refresh.successor_nonce, parse_refresh_token(first_token)
        # A completed rotation can be repeated within the grace period, an incomplete one at any time.
        flow.clock.seconds += GRACE if nonce is not None else 100 * GRACE
        answers = [send() for _ in range(3 if nonce is not None else 1)]
        assert {answer.status for answer in answers} == {200}, where
        [successor] = {answer.json["refresh_token"] for answer in answers}
        if nonce is not None:
            assert token is not None
            mac = flow.successor_key.mac(token.successor_message(bytes.fromhex(nonce)))
            assert successor == token.successor(mac).value, where
        assert flow.refresh(successor).status == 200, where
        assert flow.revocations.writes == [], where
        rotated.add(nonce is not None)
    assert rotated == {False, True}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_reuse(monkeypatch: pytest.MonkeyPatch, fault: str, what: str) -> None:
    """R34, R39: the repeated request completes an interrupted revocation, which ends only the tokens of this grant."""
    given: list[dict[str, Any]] = []

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        code = flow.get_code(scope=SCOPE)
        given[:] = [flow.redeem(code).json]
        given.append(flow.refresh(given[0]["refresh_token"]).json)
        flow.clock.seconds += GRACE + 1
        return (lambda: flow.redeem(code)) if what == "code" else (lambda: flow.refresh(given[0]["refresh_token"]))

    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=8):
        [gid] = flow.grants.stored
        assert error_of(send()) == (400, "invalid_grant"), where
        assert {each.target.identifier for each, _, _ in flow.revocations.writes} == {gid}, where
        for tokens in given:
            assert not flow.is_active(tokens["access_token"], "app"), where
            assert not flow.is_active(tokens["refresh_token"], "app"), where
        assert error_of(flow.refresh(given[-1]["refresh_token"])) == (400, "invalid_grant"), where


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", ["access_token", "refresh_token"])
def test_a_revocation(monkeypatch: pytest.MonkeyPatch, fault: str, what: str) -> None:
    """R46, R50: the repeated request is 200 and ends the token, or the grant of a refresh token."""
    given: dict[str, Any] = {}

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        given.update(log_in(flow))
        return lambda: flow.post(REVOKE, client_id="app", token=given[what])

    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=8):
        assert send().status == 200, where
        assert not flow.is_active(given["access_token"], "app"), where
        assert flow.is_active(given["refresh_token"], "app") == (what == "access_token"), where
        assert is_ended(flow, gid_of(given["refresh_token"])) == (what == "refresh_token"), where
        assert len({revocation.target for revocation, _, _ in flow.revocations.writes}) == 1, where


@pytest.mark.parametrize("fault", FAULTS)
def test_a_client_with_an_assertion(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """R22, RFC 7523 §3: an assertion whose use was stored stays used; a new assertion gets the token."""
    client = keyed_client(rate=100)

    def prepare(flow: UserFlow) -> Callable[[], Answer]:
        flow.clients.add(client)
        event = assertion_event(TOKEN, make_assertion(), grant_type="client_credentials")
        return lambda: flow.send(event)

    outcomes = set()
    for flow, send, _, where in interruptions(monkeypatch, fault, prepare, least=16):
        noted = bool(flow.assertions.used)
        again = send()
        assert again.status == (401 if noted else 200), where
        assert send().status == 401, where
        event = assertion_event(TOKEN, make_assertion(), grant_type="client_credentials")
        assert flow.send(event).status == 200, where
        outcomes.add(noted)
    assert outcomes == {False, True}
