"""Registered clients and their secrets."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from keyturn.domain.client import Client, hash_secret, secret_matches


def make_client(**changes: Any) -> Client:
    fields: dict[str, Any] = {
        "client_id": "c_1",
        "name": "Reports",
        "secret_hashes": (hash_secret("first"), hash_secret("second")),
        "grant_types": frozenset({"client_credentials"}),
        "scopes": frozenset({"reports:read"}),
        "audiences": ("https://api.example.com",),
    }
    return Client(**fields | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "u_1"},
        {"client_id": "a b"},
        {"client_id": "a\n"},
        {"client_id": "a" * 65},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "n" * 101},
        {"secret_hashes": ()},
        {"secret_hashes": ("a", "b", "c")},
        {"audiences": ()},
        {"audiences": ("two words",)},
        {"introspects": frozenset({""})},
    ],
)
def test_a_registration_that_could_not_work_is_refused(changes: dict[str, Any]) -> None:
    """Client ids never look like a user's subject, and every field is well-formed (R17)."""
    with pytest.raises(ValueError, match=r"^a client|^an audience"):
        make_client(**changes)


def test_each_of_two_live_secrets_matches() -> None:
    """Secrets rotate without downtime: the old and the new one both work."""
    assert secret_matches(make_client(), "first")
    assert secret_matches(make_client(), "second")


@pytest.mark.parametrize("secret", ["", "third", "first ", "FIRST", hash_secret("first"), "\ud800"])
def test_another_secret_does_not_match(secret: str) -> None:
    """Neither a wrong secret nor the stored hash itself opens the door (R23)."""
    assert not secret_matches(make_client(), secret)


def test_nothing_matches_an_unknown_client() -> None:
    """An unknown client has no secret, whatever is presented."""
    assert not secret_matches(None, "")
    assert not secret_matches(None, "-" * 64)


def test_an_unknown_client_costs_the_work_of_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known, unknown, one secret or two: the same number of constant-time comparisons (R23, R64)."""
    compared: list[tuple[int, int]] = []
    really_compare = hmac.compare_digest

    def compare(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return really_compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for client in (make_client(), make_client(secret_hashes=(hash_secret("only"),)), None):
        compared.clear()
        secret_matches(client, "wrong")
        assert compared == [(64, 64), (64, 64)]
