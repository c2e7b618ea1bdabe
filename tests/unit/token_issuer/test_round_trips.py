"""The sequential remote calls of a token request, and its calls of KMS (P10)."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.client_assertions import assertion_event, client_key, make_assertion
from tests.fakes.issuer_harness import TOKEN
from tests.fakes.user_flow import REDIRECT_URI, VERIFIER, UserFlow, user_client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.issuer_harness import Answer

REMOTE = ("clients", "grants", "revocations", "assertions", "rates", "signer", "successor_key")
ASSERTED = {"authentication": frozenset({"private_key_jwt"}), "secret_hashes": ()}
WITH_BOTH_GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials"})


class Trips:
    """Records the remote calls of the request's own thread, and those of other threads."""

    def __init__(self, flow: UserFlow) -> None:
        self.own: list[str] = []
        self.beside: list[str] = []
        wrapped: dict[str, Any] = {name: _Noted(name, getattr(flow.ports, name), self) for name in REMOTE}
        flow.connect(flow.ports._replace(**wrapped), flow.user_ports)

    def note(self, call: str) -> None:
        """Record a call when it begins."""
        is_own = threading.current_thread() is threading.main_thread()
        (self.own if is_own else self.beside).append(call)

    def of(self, action: Callable[[], Answer]) -> tuple[int, int]:
        """Return the number of sequential calls before the token, and the number of KMS calls."""
        self.own.clear()
        self.beside.clear()
        answer = action()
        assert answer.status == 200, answer.body
        # The other thread ends before anything is signed.
        before = self.own.index("signer.sign")
        read = [call for call in self.beside if call not in ("signer.sign", "successor_key.mac")]
        return max(before, len(read)) + len(self.own) - before, [*self.own, *self.beside].count("signer.sign")


class _Noted:
    def __init__(self, name: str, port: Any, trips: Trips) -> None:
        self._name, self._port, self._trips = name, port, trips

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._trips.note(f"{self._name}.{name}")
            return getattr(self._port, name)(*args, **kwargs)

        return call


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


def by_secret(flow: UserFlow, **form: str) -> Answer:
    return flow.post(TOKEN, client_id="measured", **form)


def by_assertion(flow: UserFlow, **form: str) -> Answer:
    return flow.send(assertion_event(TOKEN, make_assertion("measured"), **form))


@pytest.mark.parametrize("rate", [None, 100])
@pytest.mark.parametrize("authenticate", [by_secret, by_assertion])
def test_a_token_takes_few_round_trips(flow: UserFlow, authenticate: Callable[..., Answer], rate: int | None) -> None:
    """P10: four sequential calls for each grant type and authentication method; five to store assertion and rate."""
    changes = {} if authenticate is by_secret else ASSERTED | {"jwks": (client_key().jwk,)}
    flow.clients.add(user_client("measured", rate=rate, grant_types=WITH_BOTH_GRANTS, **changes))
    code = flow.get_code(client_id="measured")
    trips = Trips(flow)
    ask = partial(authenticate, flow)
    presented = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    answers: list[Answer] = []

    def redeem() -> Answer:
        answers.append(ask(grant_type="authorization_code", **presented))
        return answers[-1]

    # An access token and an ID token, signed in parallel.
    stored = (authenticate is by_assertion) + (rate is not None)
    expected = {0: 4, 1: 4, 2: 5}[stored]
    assert trips.of(redeem) == (expected, 2)
    refresh_token = answers[0].json["refresh_token"]
    assert trips.of(partial(ask, grant_type="refresh_token", refresh_token=refresh_token)) == (expected, 2)
    assert trips.of(partial(ask, grant_type="client_credentials")) == (3 + stored, 1)


@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_the_grant_is_read_beside_the_client(flow: UserFlow, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """P10: the reads of client and grant run in parallel: each waits here until both have begun."""
    both = threading.Barrier(2, timeout=20)
    code, token = flow.get_code(), flow.log_in()["refresh_token"]
    for store in (flow.clients, flow.grants):

        def get(key: str, original: Any = store.get) -> Any:
            both.wait()
            return original(key)

        monkeypatch.setattr(store, "get", get)
    assert (flow.redeem(code) if what == "code" else flow.refresh(token)).status == 200
