"""Password hashes: Argon2id as others compute it, and a MAC that binds them to a user and a key."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.errors import KeyUnusable
from login.password_hash import PasswordHash
from tests.fakes.login_use_cases import ADA, CHEAP, PASSWORD
from tests.fakes.memory_credentials import PEPPER_KEY, MemoryPepper

BOB = "u_BobBobBobBobBobBobBobB1"


def hashes(parameters: Argon2Parameters = CHEAP, pepper: MemoryPepper | None = None) -> PasswordHash:
    return PasswordHash(pepper or MemoryPepper(), parameters, lambda size: bytes(range(size)))


class _OpenPepper(MemoryPepper):
    """A pepper whose key is known."""

    def mac(self, key: str, message: bytes) -> bytes:
        return hmac.digest(b"known", message, hashlib.sha256)


@pytest.mark.parametrize(
    ("memory", "iterations", "lanes", "tag"),
    [
        # test.c of the reference implementation (P-H-C/phc-winner-argon2), Argon2id version 0x13
        (1 << 16, 2, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
        (1 << 8, 2, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
        (1 << 8, 2, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
    ],
)
def test_reference_implementations_tags_are_verified(memory: int, iterations: int, lanes: int, tag: str) -> None:
    """R63: A hash is the reference implementation's Argon2id, MACed with its purpose and subject."""
    message = b"keyturn/password/1" + ADA.encode() + bytes.fromhex(tag)
    stored = PasswordCredential(
        subject=ADA,
        pepper_key=PEPPER_KEY,
        mac=hmac.new(b"known", message, hashlib.sha256).hexdigest(),
        salt=b"somesalt".hex(),
        parameters=Argon2Parameters(memory=memory, iterations=iterations, lanes=lanes),
        changed_at=1,
    )
    assert hashes(pepper=_OpenPepper()).verify(stored, "password")


def test_password_is_verified_and_others_are_not() -> None:
    """A stored password matches itself, and not its neighbours."""
    stored = hashes().create(ADA, PASSWORD, changed_at=7, revision=3)
    assert hashes().verify(stored, PASSWORD)
    for other in (PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), "", "\x00", "\ud800"):
        assert not hashes().verify(stored, other)
    assert (stored.changed_at, stored.revision, len(bytes.fromhex(stored.salt))) == (7, 3, 16)


def test_composed_and_decomposed_characters_are_one_password() -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: a password is normalised before it is hashed."""
    stored = hashes().create(ADA, "caf\u00e9 au lait, twice", changed_at=1, revision=0)
    assert hashes().verify(stored, "cafe\u0301 au lait, twice")


def test_item_of_another_user_is_worth_nothing() -> None:
    """R63: A password item that is copied to another user does not match there."""
    stored = hashes().create(ADA, PASSWORD, changed_at=1, revision=0)
    assert not hashes().verify(replace(stored, subject=BOB), PASSWORD)


def test_mac_of_another_key_is_worth_nothing() -> None:
    """R63: A password is bound to the pepper's key that its item names."""
    stored = hashes().create(ADA, PASSWORD, changed_at=1, revision=0)
    assert not hashes().verify(replace(stored, pepper_key=PEPPER_KEY + "2"), PASSWORD)


def test_key_that_is_disabled_raises() -> None:
    """R63: A pepper that refuses is a fault, never a wrong password."""
    pepper = MemoryPepper()
    pepper.unusable.add(PEPPER_KEY)
    with pytest.raises(KeyUnusable):
        hashes(pepper=pepper).verify(hashes().decoy(ADA), PASSWORD)


def test_decoy_matches_nothing_at_the_same_cost() -> None:
    """R64: A decoy has today's parameters and asks the pepper once, as a stored password does."""
    pepper = MemoryPepper()
    decoy = hashes(pepper=pepper).decoy(ADA)
    assert not hashes(pepper=pepper).verify(decoy, PASSWORD)
    assert decoy.parameters == CHEAP
    assert pepper.calls == ["mac"]


@pytest.mark.parametrize(
    ("stored", "wanted", "outdated"),
    [
        (Argon2Parameters(memory=8), Argon2Parameters(memory=16), True),
        (Argon2Parameters(memory=8), Argon2Parameters(memory=8, iterations=2), True),
        (Argon2Parameters(memory=8), Argon2Parameters(memory=8), False),
        (Argon2Parameters(memory=16), Argon2Parameters(memory=8), False),
        (Argon2Parameters(memory=8, iterations=3), Argon2Parameters(memory=16), False),
    ],
)
def test_only_a_lower_cost_is_outdated(stored: Argon2Parameters, wanted: Argon2Parameters, outdated: bool) -> None:
    """R63: A password is hashed again upwards alone (OWASP Password Storage, Upgrading the Work Factor)."""
    credential = hashes(stored).create(ADA, PASSWORD, changed_at=1, revision=0)
    assert hashes(wanted).is_outdated(credential) is outdated


def test_another_pepper_key_is_outdated() -> None:
    """A password under a replaced pepper key moves to the present one."""
    credential = hashes().create(ADA, PASSWORD, changed_at=1, revision=0)
    assert hashes(pepper=MemoryPepper(PEPPER_KEY + "2")).is_outdated(credential)
