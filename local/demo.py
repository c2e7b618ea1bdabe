"""The story, told over plain HTTP to a running stack: each step says what must happen, and what did."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt

from local.stack_file import connect

if TYPE_CHECKING:
    from local.progress import Progress
    from local.stack_file import StackFile

PATIENCE_SECONDS = 30
# Where stories follow one another, the JWKS fills up until the retention of their keys is over.
ROTATION_PATIENCE_SECONDS = 400
# A bad token is 401 on a REST API. On an HTTP API, AWS documents 401 for a missing token only: a bad one is 403.
_BAD_TOKEN = {"http": 403, "rest_token": 401, "rest_request": 401}
_EVERYWHERE = tuple(_BAD_TOKEN)


class StoryFailed(Exception):
    """The stack cannot go on with the story; the message says where it stands."""


class Story:
    """Tells the story once; `differences` counts the steps that went otherwise than they must."""

    def __init__(self, stack: StackFile, progress: Progress) -> None:
        self.differences = 0
        self._stack = stack
        self._progress = progress
        self._http = httpx.Client(timeout=40, trust_env=False)
        self._lambda = connect(stack, "lambda")

    def __enter__(self) -> Story:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()
        self._lambda.close()

    def tell(self) -> None:
        """Tell all of it; raises StoryFailed where it cannot go on."""
        self._expect_everywhere("no token", None, dict.fromkeys(_EVERYWHERE, 401))
        first = self._ask_for_token("a token for all that the client may ask")
        self._expect_everywhere("with the token", first, dict.fromkeys(_EVERYWHERE, 200))
        self._expect_independent_verifier(first)
        reader = self._ask_for_token("a token that may read only", scope="reports:read")
        self._expect_everywhere("writing with it", reader, dict.fromkeys(_EVERYWHERE, 403), method="POST")
        self._expect_everywhere("a tampered token", _tamper(first), _BAD_TOKEN)

        self._progress.line("  the signing key turns")
        self._rotate()
        second = self._ask_until_signed_by_another_key(first)
        self._expect_everywhere("a token of the old key", first, dict.fromkeys(_EVERYWHERE, 200))
        self._expect_everywhere("a token of the new key", second, dict.fromkeys(_EVERYWHERE, 200))

        self._progress.line("  a token is revoked")
        self._expect("introspection says active", True, self._introspect(first))
        self._expect("revoking it (RFC 7009)", 200, self._post("/oauth2/revoke", token=first).status_code)
        self._expect_everywhere("the revoked token", first, _BAD_TOKEN)
        self._expect("introspection says active", False, self._introspect(first))

        self._progress.line("  an emergency: the signing key is compromised")
        self._compromise(_key_of(second))
        self._expect_everywhere("a token of the compromised key", second, _BAD_TOKEN)
        third = self._ask_until_signed_by_another_key(second)
        self._expect_everywhere("a new token", third, dict.fromkeys(_EVERYWHERE, 200))

    def _expect(self, step: str, expected: object, got: object) -> None:
        same = expected == got
        self.differences += not same
        mark, detail = ("ok", str(got)) if same else ("DIFFERS", f"expected {expected}, got {got}")
        self._progress.line(f"    {step:<42} {detail:<44} {mark}")

    def _expect_everywhere(self, step: str, token: str | None, expected: dict[str, int], method: str = "GET") -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        got = {
            name: self._http.request(method, url, headers=headers).status_code for name, url in self._stack.apis.items()
        }
        self._expect(step, _spell(expected), _spell(got))

    def _expect_independent_verifier(self, token: str) -> None:
        key = jwt.PyJWKClient(self._stack.outputs["JwksUrl"]).get_signing_key_from_jwt(token)
        # Right after a revocation the iat is the first second that the cut does not hit: a leeway, as for any clock.
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256", "PS256", "ES256"],
            audience=self._stack.audience,
            issuer=self._stack.issuer,
            leeway=10,
        )
        self._expect("PyJWT verifies it by the JWKS, subject", self._stack.client_id, claims["sub"])

    def _post(self, path: str, **form: str) -> httpx.Response:
        credentials = (self._stack.client_id, self._stack.client_secret)
        return self._http.post(self._stack.issuer + path, data=form, auth=credentials)

    def _ask_for_token(self, step: str, **form: str) -> str:
        response = self._post("/oauth2/token", grant_type="client_credentials", **form)
        self._expect(step, 200, response.status_code)
        if response.status_code != httpx.codes.OK:
            raise StoryFailed(f"no token, so no story: {response.text}")
        token: str = response.json()["access_token"]
        return token

    def _ask_until_signed_by_another_key(self, token: str) -> str:
        # The issuer signs with a view of the ring that may be some seconds old.
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE_SECONDS:
            response = self._post("/oauth2/token", grant_type="client_credentials")
            other: str | None = response.json().get("access_token") if response.is_success else None
            if other is not None and _key_of(other) != _key_of(token):
                self._progress.line(
                    f"    {'the issuer signs with another key':<42} after {time.monotonic() - started:.1f} s"
                )
                return other
            time.sleep(0.2)
        raise StoryFailed(f"after {PATIENCE_SECONDS} s the issuer still signs with the old key: {response.text}")

    def _introspect(self, token: str) -> object:
        return self._post("/oauth2/introspect", token=token).json().get("active")

    def _rotate(self) -> None:
        deadline = time.monotonic() + ROTATION_PATIENCE_SECONDS
        answer = self._invoke_rotator(action="rotate")
        while "retry_after_seconds" in answer and time.monotonic() < deadline:
            self._progress.line(f"    {answer['message']}")
            time.sleep(answer["retry_after_seconds"])
            answer = self._invoke_rotator(action="rotate")
        self._expect_one_active_key("the rotator made the standby active", answer)

    def _compromise(self, kid: str) -> None:
        answer = self._invoke_rotator(action="compromise", kid=kid, reason="the demo's emergency", actor="demo")
        self._expect_one_active_key("the rotator took the key out", answer)

    def _expect_one_active_key(self, step: str, answer: dict[str, Any]) -> None:
        if "error" in answer:
            raise StoryFailed(f"the key rotator refused: {answer['message']}")
        active = [key["kid"] for key in answer["rings"][0]["keys"] if key["state"] == "ACTIVE"]
        self._expect(step, "1 active key", f"{len(active)} active key")

    def _invoke_rotator(self, **event: str) -> dict[str, Any]:
        response = self._lambda.invoke(
            FunctionName=self._stack.outputs["KeyRotatorFunctionName"], Payload=json.dumps(event).encode()
        )
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        if "FunctionError" in response:
            raise StoryFailed(f"the key rotator failed on {event['action']}: {answer}")
        return answer


def tell_story(stack: StackFile, progress: Progress) -> bool:
    """Tell the story and return whether all of it went as it must."""
    with Story(stack, progress) as story:
        try:
            story.tell()
        except (StoryFailed, httpx.HTTPError, jwt.PyJWTError) as error:
            progress.line(f"    the story ends here: {error}")
            return False
        return story.differences == 0


def _spell(statuses: dict[str, int]) -> str:
    return ", ".join(f"{name} {status}" for name, status in statuses.items())


def _key_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def _tamper(token: str) -> str:
    # More scope under the same signature.
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["scope"] += " reports:delete"
    forged = base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()
    return f"{header}.{forged}.{signature}"
