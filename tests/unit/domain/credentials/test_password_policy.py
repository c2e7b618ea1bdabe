"""Which passwords a user may choose; each test names the sentence that it holds."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable

import pytest

from keyturn.domain.credentials.password_policy import (
    MAX_LENGTH,
    Weakness,
    context_words,
    find_weakness,
    normalise_password,
)

CONTEXT = context_words(email="Ada.Lovelace@analytical.example", name="Ada King Lovelace", host="login.shop.example")


def weakness(password: str, is_common: Callable[[str], bool] = lambda _: False) -> Weakness | None:
    return find_weakness(normalise_password(password), context=CONTEXT, is_common=is_common)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "Tr0ub4dor&3Tr7ub4",
        "\u0437\u0435\u043b\u0435\u043d\u0430\u044f \u043b\u0430\u043c\u043f\u0430 7!",
        "\U0001f680 to the moon in June",
        "               x y z q v k w j p",
        "overstuffed chairs",
        "my keyturn account is fun",
        "horse 1234 battery",
        "e2d9b1c07a3f4c58",
    ],
)
def test_all_characters_are_welcome(password: str) -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: printing ASCII, space and Unicode are accepted, and no mixture is demanded."""
    assert weakness(password) is None


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("v7#kQz!m2Xw9Lp", Weakness.TOO_SHORT),
        ("v7#kQz!m2Xw9Lpu", None),
        ("\U0001f680x7#kQz!m2Xw9L", Weakness.TOO_SHORT),
        ("", Weakness.TOO_SHORT),
    ],
)
def test_fifteen_characters_are_the_least(password: str, found: Weakness | None) -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: a single-factor password has 15 characters or more; a code point is one."""
    assert weakness(password) is found


def test_characters_are_counted_after_normalisation() -> None:
    """R62: A decomposed accent is no character of its own: 14 letters with accents are 14."""
    assert weakness("e\u0301" * 14) is Weakness.TOO_SHORT


@pytest.mark.parametrize("length", [64, MAX_LENGTH])
def test_long_passwords_are_taken_whole(length: int) -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: at least 64 characters are permitted, and none is cut off."""
    password = "".join(random.Random(length).choices(string.ascii_letters, k=length))
    assert weakness(password) is None
    assert weakness(password + "x") is (Weakness.TOO_LONG if length == MAX_LENGTH else None)


@pytest.mark.parametrize("character", ["\x00", "\n", "\x7f", "\ud800", "\u0378"])
def test_characters_without_a_stable_form_are_refused(character: str) -> None:
    """UAX 15 §12.1: a stabilised string lacks unassigned code points; control characters cannot be typed everywhere."""
    assert weakness(f"correct horse {character} battery") is Weakness.NOT_TEXT


def test_entire_password_is_looked_up() -> None:
    """R62: NIST SP 800-63B-4 §3.1.1.2: the entire password is compared with the blocklist, no part of it."""
    asked: list[str] = []

    def is_common(password: str) -> bool:
        asked.append(password)
        return password == "correct horse battery"

    assert weakness("correct horse battery", is_common) is Weakness.COMMON
    assert weakness("correct horse battery staple", is_common) is None
    assert asked == ["correct horse battery", "correct horse battery staple"]


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace@analytical.example",
        "AdaLovelace1815",
        "lovelace-lovelace1",
        "Analytical2026!",
        "keyturn-keyturn!",
        "shop.login.shop.1",
    ],
)
def test_context_words_need_company(password: str) -> None:
    """NIST SP 800-63B-4 §3.1.1.2: words of the context (service, user name, derivatives) are refused."""
    assert weakness(password) is Weakness.CONTEXT


@pytest.mark.parametrize(
    "password", ["a" * 15, "passwordpassword", "abcabcabcabcabca", "Abc1Abc1Abc1Abc1", "aB" * 8, " " * 20]
)
def test_repetitions_are_refused(password: str) -> None:
    """NIST SP 800-63B §5.1.1.2 (2017): repetitive characters such as 'aaaaaa' are refused."""
    assert weakness(password) is Weakness.REPEATED


def test_repetition_of_a_long_unit_is_taken() -> None:
    """A unit that is long enough by itself may be typed twice."""
    assert weakness(2 * "v7#kQz!m2Xw9Lpu") is None


@pytest.mark.parametrize(
    "password",
    [
        "123456789012345",
        "abcdefghijklmno",
        "zyxwvutsrqponmlkj",
        "qwertyuiopasdfg",
        "QWERTYUIOPASDFG!",
        "1qaz2wsx3edc4rfv",
        "qwertzuiop12345",
        "azertyuiop6789!?",
        "1234567890-abcdef",
        "hunter 123456789",
    ],
)
def test_sequences_need_company(password: str) -> None:
    """NIST SP 800-63B §5.1.1.2 (2017): sequential characters such as '1234abcd' are refused."""
    assert weakness(password) is Weakness.SEQUENCE


def test_random_passphrases_pass() -> None:
    """Ten thousand random passphrases and generated passwords of 15 characters or more are taken."""
    rng = random.Random(18)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 8))) for _ in range(4000)]
    for number in range(10_000):
        if number % 2:
            password = " ".join(rng.choices(words, k=5))
        else:
            password = "".join(rng.choices(string.ascii_letters + string.digits, k=rng.randint(15, 40)))
        assert len(password) < 15 or weakness(password) is None, password


def test_work_is_bounded() -> None:
    """R63: The costliest password of the greatest length is judged within 150 ms of CPU."""
    begun = time.process_time()
    for password in ("1234" * 63 + "qwer", "abcdefghijklmnopqrstuvwxyz" * 9, "x" * 100_000):
        weakness(password)
    assert time.process_time() - begun < 0.15
