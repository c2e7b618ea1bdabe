"""The demo: it calls a running stack over plain HTTP, and prints the result of each step beside the expected one."""

from __future__ import annotations

import base64
import contextlib
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
# The longest wait for the standby key: the publish lead, and a tick that creates it.
ROTATION_PATIENCE_SECONDS = 60
# Several demos in a row fill the JWKS until the retention of their keys is over, minutes later.
_JWKS_IS_FULL = "too_many_published"
# A bad token is 401 on a REST API. On an HTTP API, AWS documents 401 for a missing token only: a bad one is 403.
_BAD_TOKEN = {"http": 403, "rest_token": 401, "rest_request": 401}
_EVERYWHERE = tuple(_BAD_TOKEN)


class DemoFailed(Exception):
    """The demo cannot continue; the message names the step."""


class Demo:
    """Runs the demo once; `differences` counts the steps with an unexpected result."""

    def __init__(self, stack: StackFile, progress: Progress) -> None:
        self.differences = 0
        self._stack = stack
        self._progress = progress
        self._http = httpx.Client(timeout=40, trust_env=False)
        self._lambda = connect(stack, "lambda")

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()
        self._lambda.close()

    def run(self) -> None:
        """Run all steps; raises DemoFailed if a step gives nothing to continue with."""
        self._progress.line("  Call the three example APIs without and with an access token")
        self._expect_everywhere("call without a token", None, dict.fromkeys(_EVERYWHERE, 401))
        first = self._ask_for_token("request a token with all scopes")
        self._expect_everywhere("call with the token", first, dict.fromkeys(_EVERYWHERE, 200))
        self._expect_independent_verifier(first)
        reader = self._ask_for_token("request a token with reports:read alone", scope="reports:read")
        self._expect_everywhere("write with that token", reader, dict.fromkeys(_EVERYWHERE, 403), method="POST")
        self._expect_everywhere("call with a tampered token", _tamper(first), _BAD_TOKEN)

        self._progress.line("  Rotate the signing key: tokens of the old key stay valid")
        if not self._rotate():
            second = self._ask_for_token("request another token")
        else:
            second = self._ask_until_signed_by_another_key(first)
            self._expect_everywhere("call with a token of the old key", first, dict.fromkeys(_EVERYWHERE, 200))
            self._expect_everywhere("call with a token of the new key", second, dict.fromkeys(_EVERYWHERE, 200))

        bound = _refusal_bound(self._stack)
        refusal = f"calls refuse it within {bound:g} s" if bound else "the next call refuses it"
        self._progress.line(f"  Revoke a token: {refusal}")
        self._expect("introspect it: active", True, self._introspect(first))
        self._expect("revoke it (RFC 7009)", 200, self._post("/oauth2/revoke", token=first).status_code)
        self._expect_everywhere("call with the revoked token", first, _BAD_TOKEN, within=bound)
        self._expect("introspect it: active", False, self._introspect(first))

        self._progress.line("  Emergency: declare the signing key compromised, which refuses all of its tokens")
        self._compromise(_key_of(second))
        self._expect_everywhere("call with a token of the compromised key", second, _BAD_TOKEN, within=bound)
        third = self._ask_until_signed_by_another_key(second)
        self._wait_until_known(third)
        self._expect_everywhere("call with a new token", third, dict.fromkeys(_EVERYWHERE, 200))

    def _expect(self, step: str, expected: object, got: object) -> None:
        same = expected == got
        self.differences += not same
        mark, detail = ("ok", str(got)) if same else ("DIFFERS", f"expected {expected}, got {got}")
        self._progress.line(f"    {step:<42} {detail:<44} {mark}")

    def _expect_everywhere(
        self, step: str, token: str | None, expected: dict[str, int], method: str = "GET", within: float = 0.0
    ) -> None:
        # The guarantee is about requests that start after the bound: the last round of calls starts then.
        deadline = time.monotonic() + within
        is_last = within == 0
        got = self._call_everywhere(token, method)
        while got != expected and not is_last:
            time.sleep(0.2)
            is_last = time.monotonic() > deadline
            got = self._call_everywhere(token, method)
        self._expect(step, _spell(expected), _spell(got))

    def _call_everywhere(self, token: str | None, method: str) -> dict[str, int]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return {
            name: self._http.request(method, url, headers=headers).status_code for name, url in self._stack.apis.items()
        }

    def _expect_independent_verifier(self, token: str) -> None:
        key = jwt.PyJWKClient(self._stack.outputs["JwksUrl"]).get_signing_key_from_jwt(token)
        # Right after a revocation the iat is the second after the cutoff, which may be in the future: hence the leeway.
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256", "PS256", "ES256"],
            audience=self._stack.audience,
            issuer=self._stack.issuer,
            leeway=10,
        )
        self._expect("verify it with PyJWT and the JWKS: subject", self._stack.client_id, claims["sub"])

    def _post(self, path: str, **form: str) -> httpx.Response:
        credentials = (self._stack.client_id, self._stack.client_secret)
        return self._http.post(self._stack.issuer + path, data=form, auth=credentials)

    def _ask_for_token(self, step: str, **form: str) -> str:
        response = self._post("/oauth2/token", grant_type="client_credentials", **form)
        self._expect(step, 200, response.status_code)
        if response.status_code != httpx.codes.OK:
            raise DemoFailed(f"the issuer gave no token: {response.text}")
        token: str = response.json()["access_token"]
        return token

    def _ask_until_signed_by_another_key(self, token: str) -> str:
        # The issuer signs with a cached key ring that may be some seconds old.
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE_SECONDS:
            response = self._post("/oauth2/token", grant_type="client_credentials")
            other: str | None = response.json().get("access_token") if response.is_success else None
            if other is not None and _key_of(other) != _key_of(token):
                self._progress.line(
                    f"    {'wait until the issuer uses another key':<42} after {time.monotonic() - started:.1f} s"
                )
                return other
            time.sleep(0.2)
        raise DemoFailed(f"after {PATIENCE_SECONDS} s the issuer still signs with the old key: {response.text}")

    def _wait_until_known(self, token: str) -> None:
        # An emergency right after a rotation signs by a key that a cached key ring may lack.
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE_SECONDS and not self._is_allowed(token):
            time.sleep(0.2)
        self._progress.line(
            f"    {'wait until the authorizer knows the key':<42} after {time.monotonic() - started:.1f} s"
        )

    def _is_allowed(self, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return all(self._http.get(url, headers=headers).is_success for url in self._stack.apis.values())

    def _introspect(self, token: str) -> object:
        return self._post("/oauth2/introspect", token=token).json().get("active")

    def _rotate(self) -> bool:
        """Rotate, and return whether it was done; a full JWKS skips the step, since its wait is minutes long."""
        deadline = time.monotonic() + ROTATION_PATIENCE_SECONDS
        answer = self._invoke_rotator(action="rotate")
        while answer.get("error") != _JWKS_IS_FULL and "retry_after_seconds" in answer and time.monotonic() < deadline:
            self._progress.line(f"    {answer['message']}")
            time.sleep(answer["retry_after_seconds"])
            answer = self._invoke_rotator(action="rotate")
        if answer.get("error") == _JWKS_IS_FULL:
            self._progress.line(f"    skipped: {answer['message']}")
            return False
        self._expect_one_active_key("activate the standby key", answer)
        return True

    def _compromise(self, kid: str) -> None:
        answer = self._invoke_rotator(action="compromise", kid=kid, reason="the demo's emergency", actor="demo")
        self._expect_one_active_key("take the key out of use", answer)

    def _expect_one_active_key(self, step: str, answer: dict[str, Any]) -> None:
        if "error" in answer:
            raise DemoFailed(f"the key rotator refused: {answer['message']}")
        active = [key["kid"] for key in answer["rings"][0]["keys"] if key["state"] == "ACTIVE"]
        self._expect(step, "1 active key", f"{len(active)} active key{'' if len(active) == 1 else 's'}")

    def _invoke_rotator(self, **event: str) -> dict[str, Any]:
        response = self._lambda.invoke(
            FunctionName=self._stack.outputs["KeyRotatorFunctionName"], Payload=json.dumps(event).encode()
        )
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        if "FunctionError" in response:
            raise DemoFailed(f"the key rotator failed on {event['action']}: {answer}")
        return answer


def run_demo(stack: StackFile, progress: Progress) -> bool:
    """Run the demo and return whether each step had its expected result."""
    with Demo(stack, progress) as demo:
        try:
            demo.run()
        except (DemoFailed, httpx.HTTPError, jwt.PyJWTError) as error:
            progress.line(f"    the demo ends here: {error}")
            return False
        return demo.differences == 0


def _refusal_bound(stack: StackFile) -> float:
    """Return the seconds after which a revocation is in force, by the mode that the stack was deployed with."""
    with contextlib.closing(connect(stack, "cloudformation")) as cloudformation:
        [described] = cloudformation.describe_stacks(StackName=stack.stack_name)["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    return 0.0 if parameters["RevocationMode"] == "strict" else float(parameters["RevocationBoundSeconds"])


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
