"""The issuer as a WSGI application (PEP 3333): HTTP in, an event of an HTTP API to the handler, its answer back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.fakes.http_api_event import http_api_event
from token_issuer import app

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


def wsgi_issuer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with whatever issuer the handler has; a header that came twice is joined, as API Gateway joins it."""
    headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    event = http_api_event(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        headers=headers,
        body=body or None,
        query=environ["QUERY_STRING"],
    )
    cookies = [each.strip() for each in headers.get("cookie", "").split(";") if each.strip()]
    answer = app.lambda_handler(event | {"cookies": cookies}, None)
    status = HTTPStatus(answer["statusCode"])
    start_response(f"{status.value} {status.phrase}", list(answer["headers"].items()))
    return [answer["body"].encode()]
