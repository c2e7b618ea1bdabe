"""The Lambda function behind the issuer's HTTP API: it routes requests, and converts errors to HTTP responses."""

from __future__ import annotations

import os
from typing import Any

from keyturn.observability import log_event, log_not_prepared, place_of
from keyturn.web.errors import BadRequest
from keyturn.web.responses import Response
from token_issuer import cors
from token_issuer.bootstrap import bootstrap
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.error_responses import error_response
from token_issuer.errors import MethodNotAllowed, NotFound, as_oauth_error
from token_issuer.request import IssuerRequest

# The handler that the template names. Lambda alone sets _HANDLER to it, before it imports this module.
HANDLER = "token_issuer.app.lambda_handler"

_FAULTS = frozenset({"server_error", "temporarily_unavailable"})


def prepare() -> None:
    """Compose, connect and read the key rings before the first request; a fault is logged, and left to that request."""
    try:
        bootstrap().prepare()
    except Exception as fault:
        # A fault that is over by the first request must not fail it: an import that raises ends the sandbox.
        log_not_prepared(fault)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the HTTP response to an event of an HTTP API (payload format 2.0), and log one line.

    Raises KeyError for any other event, which API Gateway does not send.
    """
    request = IssuerRequest(event)
    facts: dict[str, Any] = {}
    try:
        response = _respond(request)
    except Exception as error:
        # The only broad except: after any error the response has neither a token nor a confirmation.
        response, facts = _refuse(error)
    response = cors.share(request, response)
    facts = request.facts | facts
    # A fault of the authorization endpoint is a redirect (RFC 6749 §4.1.2.1).
    is_fault = response.status >= 500 or (response.status == 303 and facts.get("outcome") in _FAULTS)
    log_event("ERROR" if is_fault else "INFO", "request", status=response.status, **facts)
    return response.to_event(with_body=request.method != "HEAD")


def _respond(request: IssuerRequest) -> Response:
    endpoint = _find_endpoint(request)
    preflight = cors.answer_preflight(request, endpoint.methods)
    if preflight is None and request.method not in endpoint.methods:
        raise MethodNotAllowed(endpoint.methods)
    # Logged after the checks: an unknown path or method may hold any text.
    request.note(endpoint=request.path, method=request.method)
    return endpoint.respond(request) if preflight is None else preflight


def _find_endpoint(request: IssuerRequest) -> Endpoint:
    compose = bootstrap().endpoints.get(request.path)
    if compose is None:
        raise NotFound("there is no endpoint at this path")
    return compose()


def _refuse(error: Exception) -> tuple[Response, dict[str, Any]]:
    refusal = as_oauth_error(error)
    facts = {"outcome": refusal.error, "detail": refusal.detail or refusal.description}
    if refusal is not error and not isinstance(error, BadRequest):
        facts["place"] = place_of(error)
    return error_response(refusal), facts


if os.environ.get("_HANDLER") == HANDLER:
    prepare()
