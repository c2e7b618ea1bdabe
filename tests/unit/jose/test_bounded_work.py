"""A refusal takes a bounded amount of work, and the verifier loads only what it needs (R18, A21, P4)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cryptography
import pytest

import keyturn
from keyturn.domain.base64url import encode
from keyturn.jose import TokenError, TokenErrorReason, verify_access_token
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from tests.fakes.counted_lines import count_lines
from tests.fakes.token_factory import NOW, good_header, key_set, make_token, policy, sign_raw, signing_key

KERNEL = str(Path(keyturn.__file__).parent)
SITE_PACKAGES = Path(cryptography.__file__).parents[1]
GOOD_HEADER = '{"alg":"ES256","typ":"at+jwt","kid":"%s"}'


def lines_of(raw: str) -> int:
    """Return how many lines of the kernel run until the verdict."""
    keys, rules = key_set(), policy()
    return count_lines(lambda: verify_access_token(raw, keys, rules, now=NOW), (KERNEL,), TokenError)


def header_of(text: str) -> str:
    """Return a token whose header is this text."""
    return f"{encode(text.encode())}.e30.AAAA"


def payload_of(text: str) -> str:
    """Return a well-signed token whose payload is this text."""
    return sign_raw((GOOD_HEADER % signing_key().kid).encode(), text.encode())


@pytest.mark.parametrize(
    "raw",
    [
        *("." * 1_000_000, "A" * 1_000_000, "A." * 4000, "\U0001f600" * 8000, "=" * MAX_TOKEN_LENGTH),
        *(
            header_of(text)
            for text in ("[" * 6000, '{"a":' * 1200, '{"a":"' + '\\"' * 2500 + '"}', "9" * 6000, " " * 6000)
        ),
        *(
            payload_of(text)
            for text in ("[" * 5000, '{"a":[' + "[]," * 1500 + "[]]}", '{"a":"' + "\\u0041" * 800 + '"}')
        ),
        *(payload_of(f'{{"a":{number}}}') for number in ("9" * 5000, "1." + "9" * 5000, "1e" + "9" * 5000)),
        *(make_token(claims={"scope": "a " * 2500 + "a"}), make_token(claims={"aud": ["x"] * 1200})),
        *(make_token(claims={"sub": "x" * 5000}), make_token(header={"kid": "k" * 5000})),
    ],
)
def test_a_hostile_token_costs_few_steps(raw: str) -> None:
    """R18, A21: no input runs more steps than a small multiple of the longest token allowed."""
    assert lines_of(raw) <= 300 + 6 * MAX_TOKEN_LENGTH


@pytest.mark.parametrize("raw", ["." * 1_000_000, "A" * 1_000_000, "A.A.A.A", "", "A" * MAX_TOKEN_LENGTH])
def test_a_malformed_token_is_refused_in_a_few_lines(raw: str) -> None:
    """R02, P3: a text that is too long or lacks two dots is refused before any decoding."""
    assert lines_of(raw) <= 12


def test_an_unknown_kid_costs_no_more_than_its_header() -> None:
    """R07, P3: a flood of unknown kids is refused with the header read, and neither payload nor signature touched."""
    header = good_header(signing_key(), kid="unknown")
    raw = f"{encode(repr(header).replace(chr(39), chr(34)).encode())}.!not-decoded!.!not-decoded!"
    assert lines_of(raw) <= 60


def test_the_verifier_loads_no_signer_no_network_and_no_heavy_module() -> None:
    """P4, A5: the verifying side loads neither PyJWT, serialization, sockets nor dataclasses."""
    program = "import sys; sys.path[:0] = sys.argv[1:]; import keyturn.jose; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", program, str(Path(KERNEL).parent), str(SITE_PACKAGES)]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    banned = {
        "jwt",
        "boto3",
        "botocore",
        "dataclasses",
        "inspect",
        "hashlib",
        "socket",
        "ssl",
        "http",
        "urllib",
        "asyncio",
    }
    banned |= {"cryptography.hazmat.primitives.serialization", "cryptography.x509", "keyturn.jose.remote_algorithm"}
    banned |= {"keyturn.jose.jws_encoder", "keyturn.jose.pyjwt_verdict"}
    assert not loaded & (
        banned | {"keyturn.jose.public_key", "keyturn.jose.thumbprint", "pydantic", "logging", "secrets"}
    )
    assert "keyturn.jose.verify" in loaded


@pytest.mark.parametrize("parameter", ["jku", "x5u"])
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://issuer.example/redirect", "http://169.254.169.254/", "//x", ""]
)
def test_nothing_is_fetched_whatever_a_token_points_to(parameter: str, url: str) -> None:
    """A6: a header that points to a key is refused without opening a file or a socket."""
    events: list[str] = []
    watching = True

    def watch(event: str, _arguments: object) -> None:
        if watching and event.partition(".")[0] in {"open", "socket", "urllib", "subprocess", "http"}:
            events.append(event)

    raw, keys, rules = make_token(header={parameter: url}), key_set(), policy()
    sys.addaudithook(watch)
    try:
        with pytest.raises(TokenError) as error:
            verify_access_token(raw, keys, rules, now=NOW)
    finally:
        watching = False  # a hook cannot be removed
    assert error.value.reason is TokenErrorReason.UNSUPPORTED_HEADER
    assert events == []
