"""A request is read from an event of an HTTP API (payload format 2.0)."""

from __future__ import annotations

import pytest

from keyturn.web.request import Request
from tests.fakes.http_api_event import http_api_event


def test_the_address_is_the_one_that_api_gateway_saw() -> None:
    """X-Forwarded-For is a claim of the sender, and is never read."""
    event = http_api_event("GET", "/login", headers={"X-Forwarded-For": "198.51.100.9"})
    assert Request(event).source_ip == "192.0.2.1"


def test_a_named_stage_is_no_part_of_the_path() -> None:
    """API Gateway puts a named stage in front of the path."""
    assert Request(http_api_event("GET", "/login", stage="prod")).path == "/login"


def test_an_event_of_another_kind_is_refused() -> None:
    """A direct invocation has no requestContext."""
    with pytest.raises(KeyError):
        Request({"keyturn": "unlock"})
