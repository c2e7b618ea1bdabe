"""Unknown, foreign, wrong and expired credentials cause the same calls: the work shows nothing to an attacker (R23).

The tests count the calls of every port in their order, and the hashes and signature verifications between them.
"""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.domain.clients import client
from keyturn.domain.grants import grant_credentials
from keyturn.domain.grants.grant_credentials import RefreshToken, parse_code, parse_refresh_token
from keyturn.jose.verification_key import EcdsaKey
from tests.fakes.client_assertions import assertion_event, client_key, keyed_client, make_assertion
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.interruption import Interruption
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer, make_client
from tests.fakes.token_factory import ABSENT, make_token, signing_key
from tests.fakes.user_flow import UserFlow
from token_issuer.issuer_ports import Ports, UserPorts

if TYPE_CHECKING:
    from collections.abc import Callable

GRANT = {"grant_type": "client_credentials"}
FORM_ENDPOINTS = [TOKEN, REVOKE, INTROSPECT]


class Work(Interruption):
    """Records the names of all calls in their order; it interrupts nothing."""

    def __init__(self, flow: UserFlow, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.done: list[tuple[bool, str]] = []
        flow.connect(Ports(*map(self.wrap, flow.ports)), UserPorts(*map(self.wrap, flow.user_ports)))
        for module, name in ((client, "hash_secret"), (grant_credentials, "_hash"), (hashlib, "sha256")):
            self._count(monkeypatch, module, name)
        self._count(monkeypatch, EcdsaKey, "verify")

    def pass_point(self, where: str) -> None:
        """Record the call, and whether it ran in another thread."""
        self.done.append((threading.current_thread() is not threading.main_thread(), where))

    def of(self, action: Callable[[], Answer]) -> tuple[list[str], int, str]:
        """Return the calls of an action, those of other threads last, and its answer."""
        self.done.clear()
        answer = action()
        return [where for _, where in sorted(self.done, key=itemgetter(0))], answer.status, answer.body

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.pass_point(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


def check_equal(work: Work, actions: dict[str, Callable[[], Answer]], *, least: set[str]) -> None:
    """Assert that all actions make the same calls in the same order, `least` among them, and get the same answer."""
    costs = {name: work.of(action) for name, action in actions.items()}
    first = next(iter(costs.values()))
    assert least <= set(first[0])
    assert {name: cost for name, cost in costs.items() if cost != first} == {}


@pytest.mark.parametrize("path", FORM_ENDPOINTS)
def test_clients_with_a_secret(flow: UserFlow, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """R23: unknown clients, wrong secrets and unregistered methods, in the header and in the form, at each endpoint."""
    flow.clients.add(make_client("post", authentication=frozenset({"client_secret_post"})))
    flow.clients.add(keyed_client())
    form = GRANT | {"token": "x"}
    work = Work(flow, monkeypatch)
    wanted = [("web", "wrong"), ("nobody", SECRET), ("post", SECRET), ("keyed", SECRET), ("x" * 64, "")]
    by_header = {name: basic(name, secret) for name, secret in wanted}
    check_equal(
        work,
        {name: partial(flow.send, form_event(path, form, headers=each)) for name, each in by_header.items()},
        least={"before get", "hash_secret"},
    )
    wanted[2] = ("other", "wrong")
    check_equal(
        work,
        {
            name: partial(flow.send, form_event(path, form | {"client_id": name, "client_secret": secret or "x"}))
            for name, secret in wanted
        },
        least={"before get", "hash_secret"},
    )


@pytest.mark.parametrize("path", FORM_ENDPOINTS)
def test_clients_with_an_assertion(flow: UserFlow, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """R23: an unknown client, and one that is registered for a secret, have a decoy key; no use is stored."""
    flow.clients.add(keyed_client())
    stranger = signing_key("ES256", "stranger")
    form = GRANT | {"token": "x"}
    work = Work(flow, monkeypatch)
    for header, least in (({}, "before now"), ({"kid": ABSENT}, "verify")):
        assertions = {name: make_assertion(name, key=stranger, header=header) for name in ("nobody", "web", "keyed")}
        check_equal(
            work,
            {name: partial(flow.send, assertion_event(path, each, **form)) for name, each in assertions.items()},
            least={"before get", least},
        )
    assert flow.assertions.used == {}


@pytest.mark.parametrize("path", FORM_ENDPOINTS)
def test_a_signature_that_is_wrong(flow: UserFlow, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """R23: a wrong signature and an unknown client get the same answer, and no use is stored."""
    flow.clients.add(keyed_client())
    header = {"kid": client_key().kid}
    forged = {
        name: make_assertion(name, key=signing_key("ES256", "stranger"), header=header) for name in ("keyed", "no")
    }
    work = Work(flow, monkeypatch)
    (done, *answer), (_, *unknown) = (
        work.of(partial(flow.send, assertion_event(path, each, token="x", **GRANT))) for each in forged.values()
    )
    # Only an attacker who has the kid, which the client alone knows, could measure the difference.
    assert "verify" in done
    assert answer == unknown
    assert flow.assertions.used == {}


def test_codes(flow: UserFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    """R33: an unknown, foreign, guessed or expired code, and a code without its verifier, cause the same work."""
    expired = flow.get_code()
    flow.clock.seconds += 60
    own, foreign = flow.get_code(), flow.get_code(client_id="other")
    parsed = parse_code(own)
    assert parsed is not None
    work = Work(flow, monkeypatch)
    check_equal(
        work,
        {
            "unknown": lambda: flow.redeem("A" * 64),
            "guessed": lambda: flow.redeem(parsed._replace(secret=b"x" * 32).value),
            "foreign": lambda: flow.redeem(foreign),
            "expired": lambda: flow.redeem(expired),
            "wrong verifier": lambda: flow.redeem(own, code_verifier="w" * 43),
            "wrong redirect URI": lambda: flow.redeem(own, redirect_uri="https://other.example/callback"),
        },
        least={"before get", "_hash", "sha256"},
    )
    assert flow.revocations.writes == []


def refresh_tokens(flow: UserFlow) -> tuple[dict[str, str], str]:
    """Return refresh tokens that are useless to the client, and one that has expired."""
    over = flow.log_in()["refresh_token"]
    flow.clock.seconds += 5001
    own = flow.log_in()["refresh_token"]
    foreign = flow.redeem(flow.get_code(client_id="other"), client_id="other").json["refresh_token"]
    parsed = parse_refresh_token(own)
    assert parsed is not None
    return {
        "unknown": RefreshToken("A" * 22, b"x" * 32, b"y" * 32).value,
        "foreign": foreign,
        "guessed family": parsed._replace(proof=b"x" * 32).value,
    }, over


def test_refresh_tokens(flow: UserFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    """R42: an unknown token, another client's, one of a guessed family, and an expired one cause the same work."""
    tokens, over = refresh_tokens(flow)
    work = Work(flow, monkeypatch)
    check_equal(
        work,
        {name: partial(flow.refresh, token) for name, token in (tokens | {"over": over}).items()},
        least={"before get", "_hash", "sha256"},
    )
    assert flow.revocations.writes == []


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_tokens_of_others(flow: UserFlow, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """R46, R48: an unknown token and another client's token get the same answer at the same cost."""
    tokens, _ = refresh_tokens(flow)
    header = {"kid": flow.key.kid}
    access = {
        "foreign": flow.redeem(flow.get_code(client_id="other"), client_id="other").json["access_token"],
        "forged": make_token(key=signing_key("ES256", "stranger"), header=header, claims={"client_id": "app"}),
    }
    work = Work(flow, monkeypatch)
    for group, least in ((tokens, "before get"), (access, "verify")):
        check_equal(
            work,
            {name: partial(flow.post, path, client_id="app", token=token) for name, token in group.items()},
            least={least},
        )
    assert flow.revocations.writes == []
