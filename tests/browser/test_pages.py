"""Web pages in Chromium against the embedded stack: nothing is done for them, and they read what is public."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import boto3
import pytest

from local.ports import ANY_PORTS, choose_ports
from local.stack_file import connect
from tests.emulator.functions import OPENER
from tests.integration.http import call, get_token
from tests.integration.user_stack import register

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack_file import StackFile
    from tests.browser.conftest import Browser

# All that the script tries but a beacon, of which a page never sees an answer.
WAYS = 15


@pytest.fixture
def unguarded(tmp_path: Path) -> Iterator[str]:
    """Return the URL of MiniStack without the guard, with the settings of the embedded stack."""
    ports, _ = choose_ports(tmp_path / "ports.json", ANY_PORTS)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(ports.emulator),
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
    }
    log, url = (tmp_path / "log").open("wb"), f"http://127.0.0.1:{ports.emulator}"
    with (
        log,
        subprocess.Popen([sys.executable, "-m", "ministack"], cwd=tmp_path, env=environment, stdout=log) as process,
    ):
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            OPENER.open(f"{url}/_ministack/health", timeout=5).close()
        except URLError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("MiniStack did not start")


def functions_of(client: Any) -> set[str]:
    return {
        each["FunctionName"] for page in client.get_paginator("list_functions").paginate() for each in page["Functions"]
    }


def refusals(directory: Path) -> int:
    return (directory / "emulator.log").read_text().count("refused: ")


def state_of(stack: StackFile) -> dict[str, Any]:
    return {
        "functions": functions_of(connect(stack, "lambda")),
        "buckets": [each["Name"] for each in connect(stack, "s3").list_buckets()["Buckets"]],
        "tables": connect(stack, "dynamodb").list_tables()["TableNames"],
        "users": connect(stack, "iam").list_users()["Users"],
        "keys": connect(stack, "kms").list_keys()["Keys"],
    }


def assert_unharmed(stack: StackFile, before: dict[str, Any]) -> None:
    assert state_of(stack) == before
    for url in stack.apis.values():
        assert call(url, get_token(stack)).status_code == 200


def test_without_the_guard_a_page_runs_what_it_likes(browser: Browser, unguarded: str) -> None:
    """The attack is one: MiniStack alone creates the page's functions, by a fetch without a preflight among others.

    When this fails after an upgrade, MiniStack may have learned to protect itself.
    """
    browser.run("attack", browser.site("evil.example"), unguarded)
    client = boto3.client(
        "lambda",
        endpoint_url=unguarded,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    assert functions_of(client) >= {"query", "no-cors", "preflight"}


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "localhost"])
def test_a_page_of_another_origin_does_nothing_and_reads_nothing(
    browser: Browser, stack: StackFile, directory: Path, name: str
) -> None:
    """By fetch with and without preflight, form, beacon, image, script and WebSocket; loopback on another port too."""
    before, refused = state_of(stack), refusals(directory)
    seen = browser.run("attack", browser.site(name), stack.emulator["endpoint_url"])
    assert seen.pop("beacon") == "true"
    assert len(seen) == WAYS
    assert set(seen.values()) == {"unreadable"}, seen
    assert refusals(directory) - refused >= WAYS  # the browser sent them all
    assert_unharmed(stack, before)


def test_a_page_that_is_rebound_to_the_emulator_does_nothing(
    browser: Browser, stack: StackFile, directory: Path
) -> None:
    """DNS rebinding makes the page's own origin of the emulator: to the browser all is same-origin, and all is 403."""
    before, refused = state_of(stack), refusals(directory)
    port = stack.emulator["endpoint_url"].rpartition(":")[2]
    seen = browser.run("attack", f"http://rebound.example:{port}/page", "", serve=True)
    assert seen.pop("beacon") == "true"
    assert len(seen) == WAYS
    for way, answer in seen.items():
        assert answer == "unreadable" or "the Host is not one of this emulator" in answer, way
    assert refusals(directory) - refused >= WAYS
    assert_unharmed(stack, before)


def test_a_page_that_is_rebound_to_the_front_proxy_reads_nothing(browser: Browser, stack: StackFile) -> None:
    """The issuer and the APIs answer 421 to a foreign Host, also for a preflight and with cookies."""
    for url in (stack.issuer, *stack.apis.values()):
        port = url.split(":")[2].split("/")[0]
        requests = [
            {"url": "/.well-known/jwks.json"},
            {"url": "/oauth2/token", "form": {"grant_type": "x"}},
            {"url": "/http-api/reports"},
        ]
        seen = browser.run("read", f"http://rebound.example:{port}/page", requests, serve=True)
        assert [status for status, _ in seen] == [421] * 3


def test_a_page_reads_what_is_public_and_what_its_client_is_answered(browser: Browser, stack: StackFile) -> None:
    """Fetch §4.8, in a browser: the JWKS and errors for every page, a success for the client's own origin."""
    own, other = browser.site("localhost"), browser.site("evil.example")
    client = register(stack, authentication=frozenset({"none"}), secret_hashes=(), cors_origins=frozenset({own}))
    exchange = {"grant_type": "authorization_code", "client_id": client.client_id, "code": "x"}
    revocation = {"client_id": client.client_id, "token": "x"}
    requests = [
        {"url": stack.outputs["JwksUrl"]},
        {"url": stack.token_endpoint, "form": exchange},
        {"url": f"{stack.issuer}/oauth2/revoke", "form": revocation},
    ]
    keys, refused, revoked = browser.run("read", own, requests)
    assert (keys[0], refused[0], revoked) == (200, 400, [200, "{}"])
    assert '"keys"' in keys[1]
    keys, refused, unreadable = browser.run("read", other, requests)
    assert (keys[0], refused[0], unreadable) == (200, 400, None)
