"""The memo of tokens: what it holds, for whom, and how much of it."""

from __future__ import annotations

import contextlib
import gc
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from authorizer import token_memo
from authorizer.token_memo import (
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_ENTRY_BYTES,
    MAX_LENGTH,
    MAX_SEEN,
    TokenMemo,
    _size_of,
)
from keyturn.domain.revocations.revocation import targets_of
from keyturn.jose import KeySet, TokenError, TokenErrorReason, VerificationPolicy
from keyturn.jose.access_token import _cached_scope
from keyturn.jose.verification_key import EcdsaKey
from tests.fakes.token_factory import NOW, good_claims, jwks, key_set, make_token, policy, sign_raw, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS, POLICY = key_set(), policy()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the signing inputs whose signature is checked during the test."""
    checked: list[bytes] = []
    is_valid = EcdsaKey._is_valid

    def counted(key: EcdsaKey, signing_input: bytes, signature: bytes) -> bool:
        checked.append(signing_input)
        return is_valid(key, signing_input, signature)

    monkeypatch.setattr(EcdsaKey, "_is_valid", counted)
    return checked


def token_of(number: int, **claims: Any) -> str:
    """Return the good token of a number."""
    return make_token(claims={"jti": f"{number:022d}", **claims})


def remember(memo: TokenMemo, *tokens: str) -> None:
    """Let each token come twice."""
    for token in tokens:
        memo.read(token, KEYS, POLICY)
        memo.read(token, KEYS, POLICY)


def padded(length: int) -> str:
    """Return a good token of exactly so many characters."""
    pads = range(length * 3 // 4 - 450, length * 3 // 4 - 350)
    # Base64url has no text of 4n + 1 characters: a longer header moves the rest.
    made = (make_token(header={"p": p * "p"}, claims={"pad": "x" * pad}) for p in range(4) for pad in pads)
    return next(token for token in made if len(token) == length)


def test_a_token_costs_two_signature_checks(checks: list[bytes]) -> None:
    """Each request from the third on has the second one's result, targets of its revocation included."""
    memo, token = TokenMemo(), make_token(claims={"sid": "s", "gid": "g"})
    remember(memo, token)
    assert (len(memo), len(checks)) == (1, 2)
    kept = memo.read(str(token.encode(), "ascii"), KEYS, POLICY)
    assert memo.read(token, KEYS, POLICY) is kept
    assert (len(memo), len(checks)) == (1, 2)
    signed, targets = kept
    assert targets == targets_of(signed.at(NOW))


def test_a_token_that_comes_once_takes_no_entry(checks: list[bytes]) -> None:
    """A client that asks for a token for each request evicts no token of another client."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    for number in range(MAX_ENTRIES + 10):
        memo.read(token_of(number), KEYS, POLICY)
    checks.clear()
    memo.read(token, KEYS, POLICY)
    assert (len(memo), checks) == (1, [])


def test_the_notes_of_first_requests_have_a_bound(checks: list[bytes]) -> None:
    """After 1,024 tokens all notes are forgotten: a remembered token costs one more check, and has its entry again."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    for number in range(MAX_SEEN):
        memo.read(token_of(number), KEYS, POLICY)
    assert len(memo._seen) == 1
    checks.clear()
    for _ in range(3):
        memo.read(token, KEYS, POLICY)
    assert (len(memo), len(checks)) == (1, 1)


def test_a_token_that_was_refused_is_not_noted(checks: list[bytes]) -> None:
    """Forged texts neither fill the notes nor count as a first request."""
    memo, token = TokenMemo(), make_token()
    for keys in (key_set(signing_key("ES256", "second")), KEYS, KEYS):
        with contextlib.suppress(TokenError):
            memo.read(token, keys, POLICY)
        assert len(memo._seen) == (keys is KEYS)
    assert (len(memo), len(checks)) == (1, 2)


def test_tokens_differ_in_their_last_bit(checks: list[bytes]) -> None:
    """A22: a remembered token admits no other text: neither another signature nor another payload."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    header, payload, signature = token.split(".")
    flipped = signature[:40] + ("A" if signature[40] != "A" else "B") + signature[41:]
    for forged in (f"{header}.{payload}.{flipped}", f"{header}.{payload[:-4]}AAAA.{signature}"):
        with pytest.raises(TokenError) as raised:
            memo.read(forged, KEYS, POLICY)
        assert raised.value.reason is TokenErrorReason.INVALID_SIGNATURE
    assert len(checks) == 4


def test_an_entry_belongs_to_one_key_set(checks: list[bytes]) -> None:
    """A22, I8: a key set that was read anew checks the token again, and one without its key refuses it."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    memo.read(token, key_set(), POLICY)
    assert len(checks) == 3
    with pytest.raises(TokenError) as raised:
        memo.read(token, key_set(signing_key("ES256", "second")), POLICY)
    assert raised.value.reason is TokenErrorReason.UNKNOWN_KEY
    memo.read(token, KEYS, POLICY)
    assert len(checks) == 3


def test_an_entry_belongs_to_one_policy() -> None:
    """A22, R12: a token that one policy accepts is refused by another policy's issuer."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    with pytest.raises(TokenError) as raised:
        memo.read(token, KEYS, policy(issuer="https://other.example"))
    assert raised.value.reason is TokenErrorReason.INVALID_ISSUER


@pytest.mark.parametrize("kind", [KeySet, VerificationPolicy])
def test_identity_alone_makes_keys_and_policies_equal(kind: type) -> None:
    """Two key sets of the same kids would share entries if they compared by value."""
    assert "__eq__" not in vars(kind)
    assert "__hash__" not in vars(kind)
    assert kind.__mro__ == (kind, object)
    assert KeySet.from_jwks(jwks(signing_key())) != KeySet.from_jwks(jwks(signing_key()))


def test_a_flood_of_bad_tokens_evicts_nothing(checks: list[bytes]) -> None:
    """Forged, malformed and misdirected tokens leave every remembered token in its place."""
    memo = TokenMemo()
    good = [token_of(number) for number in range(MAX_ENTRIES)]
    remember(memo, *good)
    other = [make_token(claims={"aud": "urn:other", "jti": f"{number}"}) for number in range(20)]
    forged = [f"{token[:-4]}AAAA" for token in good]
    for bad in [*forged, *other, *(f"{number}.b.c" for number in range(1000))]:
        with pytest.raises(TokenError):
            memo.read(bad, KEYS, POLICY)
    checks.clear()
    for token in good:
        memo.read(token, KEYS, POLICY)
    assert (len(memo), checks) == (MAX_ENTRIES, [])


def test_the_token_that_was_used_longest_ago_is_evicted(checks: list[bytes]) -> None:
    """A token in use stays, whenever it came first."""
    memo = TokenMemo()
    first, second, *others = (token_of(number) for number in range(MAX_ENTRIES + 1))
    remember(memo, first, second, *others[:-1], first, others[-1])
    checks.clear()
    memo.read(first, KEYS, POLICY)
    assert (len(memo), checks) == (MAX_ENTRIES, [])
    memo.read(second, KEYS, POLICY)
    assert len(checks) == 1


@pytest.mark.parametrize(("length", "remembered"), [(MAX_LENGTH, 1), (MAX_LENGTH + 1, 0)])
def test_long_tokens_are_checked_each_time(length: int, remembered: int) -> None:
    """A token of 2,048 characters is remembered, and one of 2,049 is not."""
    memo, token = TokenMemo(), padded(length)
    assert len(token) == length
    remember(memo, token)
    signed, _ = memo.read(token, KEYS, POLICY)
    assert signed.at(NOW).claims["pad"]
    assert len(memo) == remembered


class Text(str):
    """A text that is no str to `type`."""

    __slots__ = ()


def test_a_subclass_of_str_meets_no_entry() -> None:
    """A class may say what it likes of its equality and its encoding."""
    memo, token = TokenMemo(), make_token()
    for _ in range(3):
        signed, _targets = memo.read(Text(token), KEYS, POLICY)
        assert signed.at(NOW)
    assert len(memo) == 0


@pytest.mark.parametrize("odd", ["ä.b.c", "\ud800.b.c", None, b"a.b.c", 7])
def test_other_things_than_plain_text_meet_no_entry(odd: Any) -> None:
    """R01: any other input gets the verifier's own answer, and leaves no entry."""
    memo = TokenMemo()
    for _ in range(2):
        with pytest.raises(TokenError) as raised:
            memo.read(odd, KEYS, POLICY)
        assert raised.value.reason is TokenErrorReason.INVALID_TOKEN
    assert (len(memo), len(memo._seen)) == (0, 0)


def test_no_token_text_is_held() -> None:
    """A22: an entry has a digest of 32 bytes in place of the token, and the signature nowhere."""
    memo, token = TokenMemo(), make_token()
    remember(memo, token)
    [(digest, _, _)] = memo._entries
    assert (type(digest), len(digest)) == (bytes, 32)
    reached: list[Any] = [memo]
    for _ in range(8):
        reached += [each for one in reached for each in gc.get_referents(one) if not isinstance(each, type)]
        reached = list({id(each): each for each in reached}.values())
    signature = token.rpartition(".")[2]
    assert not any(isinstance(each, str) and signature in each for each in reached)


def many_scopes(number: int) -> dict[str, Any]:
    """Return claims with as many scopes as fit."""
    return {"scope": " ".join(f"{each:x}" for each in range(number * 300, number * 300 + 180))}


# Claims that take much more memory than characters, in tokens of at most 2,048.
ADVERSE: dict[str, Callable[[int], dict[str, Any]]] = {
    "scopes": many_scopes,
    "short strings": lambda number: {"groups": [f"{number % 100:02d}{each:x}" for each in range(150)]},
    "empty lists": lambda number: {"groups": [[] for _ in range(350)]},
    "empty objects": lambda number: {"groups": [{} for _ in range(350)]},
    "objects": lambda number: {"groups": [{"a": each} for each in range(100)]},
    "members": lambda number: {f"{each:x}": each for each in range(100)},
    "wide ids": lambda number: {"sub": "𐍈" * 40, "client_id": "𐍉" * 40, "sid": "𐍆" * 9, "gid": "𐍅" * 9},
    "one wide text": lambda number: {"name": "x" * 1000 + "𐍈"},
    "typical": lambda number: {"tenant": "acme", "department": "it", "roles": ["admin", "editor"]},
}


@pytest.mark.parametrize("kind", ADVERSE)
def test_an_entry_takes_at_most_its_estimated_size(kind: str) -> None:
    """The bound in bytes holds for the memory that the allocator hands out, whatever the tokens have in them."""
    made = ADVERSE[kind]
    tokens = [make_token(claims={"jti": f"{number:022d}", **made(number)}) for number in range(30)]
    assert max(map(len, tokens)) <= MAX_LENGTH
    memo = TokenMemo()
    _cached_scope.cache_clear()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        remember(memo, *tokens)
        kept = [memo.read(token, KEYS, POLICY) for token in tokens]
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held <= sum(_size_of(signed.before_times) for signed, _ in kept), held / len(kept)


def test_the_memo_has_a_bound_in_bytes() -> None:
    """Tokens with much in them evict earlier ones: 2.5 MB in all are the bound."""
    memo = TokenMemo()
    for number in range(400):
        remember(memo, make_token(claims={"jti": str(number), "groups": [[] for _ in range(60)]}))
    sizes = [size for _, size in memo._entries.values()]
    assert memo.size == sum(sizes)
    assert MAX_BYTES - max(sizes) < memo.size <= MAX_BYTES


@pytest.mark.parametrize(("missing", "held"), [(0, 2), (1, 1)])
def test_entries_may_fill_the_bound_to_its_last_byte(monkeypatch: pytest.MonkeyPatch, missing: int, held: int) -> None:
    """A token is evicted as soon as its entry would exceed the bound by a byte."""
    memo = TokenMemo()
    remember(memo, token_of(1))
    size = memo.size
    monkeypatch.setattr(token_memo, "MAX_BYTES", 2 * size - missing)
    remember(memo, token_of(2))
    assert (len(memo), memo.size) == (held, held * size)


@pytest.mark.parametrize(("missing", "held"), [(0, 1), (1, 0)])
def test_an_entry_may_fill_its_own_bound(monkeypatch: pytest.MonkeyPatch, missing: int, held: int) -> None:
    """A token of exactly the greatest size of an entry is remembered."""
    signed, _ = TokenMemo().read(token_of(1), KEYS, POLICY)
    monkeypatch.setattr(token_memo, "MAX_ENTRY_BYTES", _size_of(signed.before_times) - missing)
    memo = TokenMemo()
    remember(memo, token_of(1))
    assert len(memo) == held


def test_typical_tokens_fill_all_entries() -> None:
    """The bound in bytes is for adverse tokens: 512 usual ones stay below it."""
    memo = TokenMemo()
    for number in range(MAX_ENTRIES):
        remember(memo, token_of(number, sid="s" * 22, gid="g" * 22, **ADVERSE["typical"](number)))
    assert len(memo) == MAX_ENTRIES


def test_a_token_that_takes_too_much_memory_is_checked_each_time(checks: list[bytes]) -> None:
    """A token of the permitted length, whose claims take over 16 kB, evicts no other one."""
    memo = TokenMemo()
    remember(memo, make_token())
    heavy = make_token(claims={"groups": [[] for _ in range(380)]})
    assert len(heavy) <= MAX_LENGTH
    for _ in range(3):
        signed, _ = memo.read(heavy, KEYS, POLICY)
        assert _size_of(signed.before_times) > MAX_ENTRY_BYTES
    assert (len(memo), len(checks)) == (1, 5)


def test_claims_are_read_only() -> None:
    """No caller can change the claims that later requests are decided by."""
    signed, _ = TokenMemo().read(make_token(), KEYS, POLICY)
    token = signed.at(NOW)
    with pytest.raises(TypeError, match="does not support item assignment"):
        token.claims["scope"] = "admin"  # type: ignore[index]  # what a caller may try
    assert token.claims == good_claims()


def test_members_given_twice_are_refused_by_a_memo_too() -> None:
    """R03: the memo's result is the verifier's, whatever the payload."""
    with pytest.raises(TokenError):
        TokenMemo().read(sign_raw(b'{"alg":"ES256","alg":"ES256"}', b"{}"), KEYS, POLICY)


@pytest.mark.parametrize("nested", [{"k": "x" * 400}, {"x" * 400: 1}, {"k": ["x" * 400]}, [{"k": "x" * 400}]])
def test_what_a_claim_holds_counts_at_any_depth(nested: Any) -> None:
    """The names and values of nested objects and lists are part of an entry's size."""
    memo = TokenMemo()
    remember(memo, make_token())
    plain = memo.size
    remember(memo, make_token(claims={"nested": nested}))
    assert memo.size > 2 * plain + 3 * 400
