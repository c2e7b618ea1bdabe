"""Clients give up in time (R61)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.adapters.aws.boto3_clients import dynamodb_client, kms_client, tagging_client
from keyturn.adapters.aws.call_limits import CONNECT_TIMEOUT, READ_TIMEOUT
from keyturn.domain.keys.rotation_policy import RING_WRITE_SECONDS


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the Region and credentials, as Lambda does."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-central-1")


@pytest.mark.parametrize("client", [dynamodb_client, kms_client])
def test_hot_path_waits_a_second_at_most_and_asks_twice(client: Callable[[], Any]) -> None:
    """Connecting takes half a second at most, an answer one second, and there are two attempts in all (R61)."""
    config = client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (0.5, 1.0)
    assert config.retries["total_max_attempts"] == 2
    assert config.retries["mode"] == "standard"


def test_creation_is_asked_once_and_waited_for() -> None:
    """A client for creations takes its own time and one attempt."""
    config: Any = kms_client(read_timeout=5.0, attempts=1).meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (5.0, 1)


def test_tag_look_up_has_a_limit_too() -> None:
    """The look-up by tag gives up as well."""
    config = tagging_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (0.5, 5.0)


def test_a_write_of_the_ring_ends_within_its_time() -> None:
    """Both attempts of a call, and the longest pause between them, fit into the time that the rotation rules count."""
    config: Any = dynamodb_client().meta.config
    assert config.retries["total_max_attempts"] == 2
    longest_first_pause = 1.0  # botocore's standard mode: a random part of 2**0 seconds
    assert 2 * (CONNECT_TIMEOUT + READ_TIMEOUT) + longest_first_pause <= RING_WRITE_SECONDS
