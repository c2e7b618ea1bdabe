"""The steps that the pages leave to an application and to its user: a key, an assertion, and a way through the login.

`python -m tests.pages.application STEP …` prints the result, for the shell of a page.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import jwt
from joserfc.jwk import ECKey

from local.stack_file import StackFile, read_stack_file
from tests.integration.browser import Browser
from tests.integration.people import Person, choose_password
from tests.integration.user_stack import REDIRECT_URI, answer_of


def make_key(private: str, public: str) -> str:
    """Write a new key, and its public half as a JWK Set."""
    key = ECKey.generate_key("P-256", {"alg": "ES256", "kid": "key-1", "use": "sig"})
    Path(private).write_bytes(key.as_pem(private=True))
    Path(public).write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return ""


def sign_assertion(private: str, client_id: str) -> str:
    """Return an assertion of the client (RFC 7523 §3)."""
    now = int(time.time())  # noqa: TID251  # the issuer reads the same clock
    claims = {"iss": client_id, "sub": client_id, "aud": _stack().issuer, "iat": now, "exp": now + 60}
    key = Path(private).read_text()
    return jwt.encode(claims | {"jti": secrets.token_hex(8)}, key, "ES256", headers={"kid": "key-1"})


def get_code(client_id: str, challenge: str) -> str:
    """Return the code that the user of `make run` gets, who signs in and consents."""
    stack = _stack()
    assert stack.user is not None
    user = Person(stack.user["subject"], stack.user["email"], stack.user["password"], Browser(stack))
    request = {"response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT_URI, "state": "s"}
    request |= {"scope": "openid email orders:read", "code_challenge": challenge, "code_challenge_method": "S256"}
    return answer_of(user.agree(user.browser.open(f"{stack.issuer}/oauth2/authorize?{urlencode(request)}")))["code"]


def use_link(email: str, link: str) -> str:
    """Choose a password by a link, and sign in."""
    browser, password = Browser(_stack()), secrets.token_urlsafe(24)
    assert choose_password(browser, link, password).status_code == 200
    browser.open("/login")
    answer = Person("", email, password, browser).press(browser)
    assert answer.status_code == 200, answer.text
    return ""


def _stack() -> StackFile:
    return read_stack_file(Path(".local") / "stack.json")


_STEPS = {"key": make_key, "assertion": sign_assertion, "code": get_code, "link": use_link}

if __name__ == "__main__":
    print(_STEPS[sys.argv[1]](*sys.argv[2:]))
