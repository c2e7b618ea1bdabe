"""Requests that an HTTP client would tidy up: a method in lower case, a header twice."""

from __future__ import annotations

import http.client
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """The status, the headers by their names in lower case, and the body as text."""

    status: int
    headers: dict[str, str]
    body: str


def raw_request(url: str, method: str, headers: list[tuple[str, str]]) -> Answer:
    """Send the request as it stands, over HTTP/1.1 and without a body."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=40)
    try:
        connection.putrequest(method, parts.path or "/", skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read().decode("utf-8", "replace"),
        )
    finally:
        connection.close()
