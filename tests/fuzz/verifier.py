"""A coverage-guided hunt for a token that the verifier misjudges: `python -m tests.fuzz.verifier MINUTES`.

The input is a token's text, or a header and a payload that a good key signs: past the signature lies most of the code.
Findings are written to `build/fuzz`; a finding's path in the place of MINUTES runs it again.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["keyturn.jose", "keyturn.domain.access.scope"]):
    from tests.fakes.oracles import judge

from tests.fakes.token_factory import good_claims, good_header, make_token, sign_raw, signing_key

FOLDER = Path(__file__).parents[2] / "build" / "fuzz"
KEYS = (signing_key("ES256"), signing_key("Ed25519"))
# Keys are new in each run: an input names what it would have to repeat, so that what was found can be tried again.
KID, GOOD = b"KID", b"GOOD"
GOOD_TOKEN = make_token(key=KEYS[0]).encode()


def try_one(data: bytes) -> None:
    """Judge one input; anything but a verdict that the oracles share is raised, and ends the hunt."""
    kind, rest = data[:1], data[1:]
    if kind in {b"0", b"1"}:
        key = KEYS[int(kind)]
        header, _, payload = rest.partition(b"\n")
        judge(sign_raw(header.replace(KID, key.kid.encode()), payload, key))
    else:
        judge(rest.replace(GOOD, GOOD_TOKEN).decode("utf-8", "replace"))


def write_seeds(corpus: Path) -> None:
    """Write tokens that are good: the hunt begins next to them."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, key in enumerate(KEYS):
        header = json.dumps(good_header(key, kid=KID.decode())).encode()
        for name, claims in (("one", good_claims()), ("many", good_claims(aud=["https://api.example", "x"], nbf=1.5))):
            (corpus / f"{name}-{number}").write_bytes(b"%d%s\n%s" % (number, header, json.dumps(claims).encode()))
    (corpus / "text").write_bytes(b"t" + GOOD)


def main() -> None:
    """Hunt for some minutes, or try what was found before."""
    argument = sys.argv[1]
    arguments = [argument]
    if argument.isdecimal():
        shutil.rmtree(FOLDER, ignore_errors=True)
        write_seeds(FOLDER / "corpus")
        arguments = [str(FOLDER / "corpus"), f"-max_total_time={60 * int(argument)}", "-max_len=9000", "-timeout=10"]
    atheris.Setup([sys.argv[0], f"-artifact_prefix={FOLDER}/", "-print_final_stats=1", *arguments], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
