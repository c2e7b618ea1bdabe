"""R56: one Authorization value, one scheme, one token."""

from __future__ import annotations

from typing import Any

import pytest

from authorizer.credentials import bearer_token
from authorizer.refusal import Unauthorized
from authorizer.request import parse_request
from tests.fakes.authorizer_events import KINDS, authorizer_event

WITH_HEADERS = ("rest_request", "http_1.0", "http_2.0")


def event_with(kind: str, value: Any) -> dict[str, Any]:
    """Return an event whose only credentials are this value."""
    event = authorizer_event(kind, "unused")
    if kind == "rest_token":
        return {**event, "authorizationToken": value}
    name = "authorization" if kind == "http_2.0" else "Authorization"
    event["headers"][name] = value
    if "multiValueHeaders" in event:
        event["multiValueHeaders"][name] = [value]
    return event


def token_of(event: dict[str, Any]) -> str:
    return bearer_token(parse_request(event))


def reason_of(event: dict[str, Any]) -> str:
    with pytest.raises(Unauthorized) as raised:
        token_of(event)
    return raised.value.reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_token_follows_the_scheme(kind: str, scheme: str) -> None:
    """R56: the scheme is Bearer in any case, and the token follows after a space."""
    assert token_of(event_with(kind, f"{scheme} a.b.c")) == "a.b.c"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spaces", [1, 2, 3, 40])
def test_one_space_or_more_follow_the_scheme(kind: str, spaces: int) -> None:
    """R56: RFC 9110 §11.4 has `1*SP` between the scheme and the token."""
    for token in ("a.b.c", "X.b.c", ".b.c"):
        assert token_of(event_with(kind, f"Bearer{' ' * spaces}{token}")) == token


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value",
    [
        "a.b.c",
        "Bearer",
        "Bearer ",
        "Bearer   ",
        "Bearer a.b.c ",
        "Bearer a b",
        "Bearer  a  b",
        "Bearer\t a.b.c",
        "Bearer \t a.b.c",
        "Bearer\u00a0a.b.c",
        " Bearer a.b.c",
        "Bearer\ta.b.c",
        "Basic a.b.c",
        "DPoP a.b.c",
        "Bearera.b.c",
        "Bearer:a.b.c",
    ],
)
def test_other_form_is_malformed(kind: str, value: str) -> None:
    """R56: another scheme, another blank, a missing token or a second one is refused."""
    assert reason_of(event_with(kind, value)) == "malformed_credentials"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value", ["Bearer a.b.c, Bearer d.e.f", "Bearer a.b.c,", ",Bearer a.b.c", "Basic x,Bearer a.b.c"]
)
def test_comma_means_several(kind: str, value: str) -> None:
    """R56, G9: an HTTP API joins repeated headers with a comma, so a comma is refused, wherever it stands."""
    assert reason_of(event_with(kind, value)) == "several_credentials"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["", None, 5, ["Bearer a.b.c"], {"Bearer": "a.b.c"}])
def test_value_that_is_no_text_is_missing(kind: str, value: object) -> None:
    """An empty value, and a value that headers cannot have, are refused."""
    assert reason_of(event_with(kind, value)) == "missing_credentials"


@pytest.mark.parametrize("kind", WITH_HEADERS)
def test_two_spellings_are_several(kind: str) -> None:
    """R56, G9: two spellings of the header are two values, even if they agree."""
    event = event_with(kind, "Bearer a.b.c")
    event["headers"]["AUTHORIZATION"] = "Bearer a.b.c"
    assert reason_of(event) == "several_credentials"


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0"])
@pytest.mark.parametrize(
    "several",
    [
        {"Authorization": ["Bearer a.b.c", "Bearer d.e.f"]},
        {"Authorization": ["Bearer a.b.c", "Bearer a.b.c"]},
        {"Authorization": ["Bearer a.b.c"], "authorization": ["Bearer a.b.c"]},
        {"Authorization": ["Bearer d.e.f"]},
        {"aUthorization": "Bearer d.e.f"},
    ],
)
def test_multi_value_headers_count(kind: str, several: dict[str, Any]) -> None:
    """R56, G9: REST keeps the last value in headers; the others are in multiValueHeaders, and they count."""
    event = event_with(kind, "Bearer a.b.c")
    event["multiValueHeaders"] = several
    assert reason_of(event) == "several_credentials"


def test_several_values_in_multi_value_headers_alone_are_several() -> None:
    """R56: two values are two, even where the other map is missing."""
    event = event_with("rest_request", "Bearer a.b.c")
    event |= {"headers": None, "multiValueHeaders": {"Authorization": ["Bearer a.b.c", "Bearer d.e.f"]}}
    assert reason_of(event) == "several_credentials"


@pytest.mark.parametrize("only", ["headers", "multiValueHeaders"])
def test_one_of_the_two_maps_is_enough(only: str) -> None:
    """A value that one map alone holds is the one value."""
    event = event_with("rest_request", "Bearer a.b.c")
    event["multiValueHeaders" if only == "headers" else "headers"] = None
    assert token_of(event) == "a.b.c"


def test_a_text_in_multi_value_headers_is_one_value() -> None:
    """R56: a value outside of a list counts as one value, rather than as its letters."""
    event = event_with("rest_request", "Bearer a.b.c")
    event |= {"headers": None, "multiValueHeaders": {"Authorization": "Bearer a.b.c"}}
    assert token_of(event) == "a.b.c"


@pytest.mark.parametrize("kind", WITH_HEADERS)
def test_only_the_header_is_read(kind: str) -> None:
    """R56: a token in the query, a cookie, the body, an identity source or another header is no credential."""
    event = event_with(kind, None)
    del event["headers"]["authorization" if kind == "http_2.0" else "Authorization"]
    event.pop("multiValueHeaders", None)
    event |= {
        "queryStringParameters": {"access_token": "a.b.c", "Authorization": "Bearer a.b.c"},
        "cookies": ["Authorization=Bearer a.b.c"],
        "body": "access_token=a.b.c",
        "identitySource": ["Bearer a.b.c"],
        "authorizationToken": "Bearer a.b.c",
    }
    event["headers"] |= {"X-Authorization": "Bearer a.b.c", "Proxy-Authorization": "Bearer a.b.c"}
    assert reason_of(event) == "missing_credentials"


@pytest.mark.parametrize("kind", WITH_HEADERS)
def test_a_header_of_another_name_is_not_looked_at(kind: str) -> None:
    """R56: another header with a name of the same length is neither credentials nor a second value of them."""
    event = event_with(kind, "Bearer a.b.c")
    for headers, value in ((event["headers"], "Bearer x.y.z"), (event.get("multiValueHeaders", {}), ["Bearer x.y.z"])):
        headers["x-credentials"] = value
    assert token_of(event) == "a.b.c"
    for headers in (event["headers"], event.get("multiValueHeaders", {})):
        for name in [name for name in headers if name.lower() == "authorization"]:
            del headers[name]
    assert reason_of(event) == "missing_credentials"
