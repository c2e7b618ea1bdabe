"""Security headers belong to the kind of answer."""

from __future__ import annotations

import pytest

from keyturn.web.responses import Response, asset, json_response, page, public_document, redirect

KINDS = {
    "json": json_response({}),
    "document": public_document("{}", max_age=60),
    "redirect": redirect("https://app.example/cb"),
    "page": page("<p>Hello"),
    "asset": asset(b"p{}", "text/css"),
    "bare": Response(204),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_guarded(kind: str) -> None:
    """No answer is framed, sniffed, or names this host's URLs elsewhere."""
    headers = KINDS[kind].to_event()["headers"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("kind", ["json", "redirect", "page"])
def test_nobody_stores_what_is_for_one_user(kind: str) -> None:
    """RFC 6749 §5.1: caches store neither tokens, codes nor forms."""
    headers = KINDS[kind].to_event()["headers"]
    assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")


def test_a_page_may_load_what_this_host_serves_and_may_be_followed_by_any_redirect() -> None:
    """form-action would stop the redirect from a form to the client."""
    policy = KINDS["page"].to_event()["headers"]["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def test_an_asset_is_kept_for_a_year() -> None:
    """The name of an asset changes with its content."""
    event = KINDS["asset"].to_event()
    assert event["headers"]["cache-control"] == "public, max-age=31536000, immutable"
    assert (event["body"], event["isBase64Encoded"]) == ("cHt9", True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_states_its_type(kind: str) -> None:
    """An empty answer is no JSON: API Gateway would add a type of its own, and clients would parse the empty body."""
    headers = KINDS[kind].to_event()["headers"]
    is_json = kind in {"json", "document"}
    assert headers["content-type"].startswith("application/json" if is_json else "text/")


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_to_head_has_no_body(kind: str) -> None:
    """RFC 9110 §9.3.2: the headers are those of GET."""
    event, of_get = KINDS[kind].to_event(with_body=False), KINDS[kind].to_event()
    assert (event["body"], event["isBase64Encoded"]) == ("", False)
    assert event["headers"].items() >= of_get["headers"].items()


def test_an_answer_to_head_has_the_length_of_the_body() -> None:
    """RFC 9110 §8.6: the length is that of GET in bytes, and absent from an answer without a body."""
    lengths = {
        kind: response.to_event(with_body=False)["headers"].get("content-length") for kind, response in KINDS.items()
    }
    assert {kind: length for kind, length in lengths.items() if length is not None} == {
        "json": "2",
        "document": "2",
        "page": "8",
        "asset": "3",
    }
    assert page("ä").to_event(with_body=False)["headers"]["content-length"] == "2"
