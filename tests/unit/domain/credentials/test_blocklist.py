"""The blocklist of breached passwords, and the one that ships."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from keyturn.domain.credentials.blocklist import HASH_BYTES, Blocklist, blocklist_hash
from local.password_blocklist import build

SHIPPED = Path(__file__).parents[4] / "functions" / "login" / "blocklist.bin"


@pytest.fixture(scope="module")
def shipped() -> Blocklist:
    """The list of the login."""
    return Blocklist(SHIPPED.read_bytes())


@pytest.mark.parametrize(
    "password",
    [
        "1q2w3e4r5t6y7u8i",
        "manchesterunited",
        "kartoffelpuffer",
        "123456789987654321",
        "Password12345678",
        "iloveyoupassword",
        "IloveYou1234567890",
        "QWERTY123456789",
    ],
)
def test_breached_passwords_are_refused(shipped: Blocklist, password: str) -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: passwords of breaches are refused, in any case of their letters."""
    assert password in shipped


def test_random_passphrases_are_not_refused(shipped: Blocklist) -> None:
    """Ten thousand random passwords of 15 characters or more are on no list."""
    rng = random.Random(1)
    for _ in range(10_000):
        password = "".join(rng.choices(string.ascii_letters + string.digits + " ", k=rng.randint(15, 40)))
        assert password not in shipped


def test_shipped_list_is_sorted_and_small() -> None:
    """The list that ships is sorted, without repetition, and under 1 MB."""
    content = SHIPPED.read_bytes()
    entries = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
    assert entries == sorted(set(entries))
    assert 500_000 < len(content) < 1_000_000


def test_list_finds_each_of_its_entries_and_no_neighbour() -> None:
    """Every entry is found, the first and the last among them."""
    passwords = [f"a common password {number}" for number in range(100)]
    found = Blocklist(b"".join(sorted(map(blocklist_hash, passwords))))
    assert len(found) == 100
    assert all(password in found for password in passwords)
    assert not any(password + "!" in found for password in passwords)


@pytest.mark.parametrize("content", [b"", b"12345"])
def test_broken_list_is_refused(content: bytes) -> None:
    """R62: A list that is empty or cut is refused at start: it would let breached passwords pass."""
    with pytest.raises(ValueError, match="blocklist"):
        Blocklist(content)


def test_build_combines_what_guessers_combine() -> None:
    """The build adds a common password with digits and pairs of them, of 15 characters or more alone."""
    built = Blocklist(build(["Sunshine", "princess", "a-long-breached-password"]))
    assert "sunshineprincess" in built
    assert "sunshine12345678" in built
    assert "a-long-breached-password" in built
    assert "sunshine" not in built
    assert build(["b" * 15, "a" * 15]) == build(["a" * 15, "b" * 15])
