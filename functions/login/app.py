"""The Lambda function of the login: pages for browsers, and actions for operators who may invoke it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from keyturn.domain.users.subject import is_subject
from keyturn.observability import log_event, log_not_prepared, place_of
from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from login import bootstrap as root
from login.bootstrap import bootstrap
from login.pages.problem import problem
from login.refusals import MethodNotAllowed, PageNotFound, Refusal, as_refusal

# The member of an operator's event that names the action.
OPERATOR_MEMBER = "keyturn"

# The handler that the template names. Lambda alone sets _HANDLER to it, before it imports this module.
HANDLER = "login.app.lambda_handler"

_Answer = TypeVar("_Answer")


def prepare() -> None:
    """Compose and connect before the first request; a fault is logged, and left to that request."""
    fault = _attempt(root.prepare)
    if isinstance(fault, Exception):
        # A fault that is over by the first request must not fail it: an import that raises ends the sandbox.
        log_not_prepared(fault)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an event of the HTTP API (payload format 2.0) or of an operator, and log one line.

    API Gateway writes `requestContext` into each of its events, so that no browser reaches the operator's actions.
    Raises KeyError for an event of another kind, and ValueError for one that is of both.
    """
    if "requestContext" not in event:
        return _answer_operator(event)
    if OPERATOR_MEMBER in event:
        raise ValueError("an event is either of API Gateway or of an operator")
    return _answer_browser(Request(event))


def _answer_browser(request: Request) -> dict[str, Any]:
    response = _attempt(lambda: _respond(request))
    if isinstance(response, Exception):
        response = _show(request, response)
    log_event("ERROR" if response.status >= 500 else "INFO", "request", status=response.status, **request.facts)
    return response.to_event(with_body=request.method != "HEAD")


def _respond(request: Request) -> Response:
    login = bootstrap()
    request.note(address=login.address_block(request))
    endpoint = login.find_endpoint(request.path)
    if endpoint is None:
        raise PageNotFound("there is no page at this path")
    if request.method not in endpoint.methods:
        raise MethodNotAllowed(endpoint.methods)
    # Path and method are known values now: the log has no text of an unknown sender.
    request.note(endpoint=type(endpoint).__name__, method=request.method)
    return endpoint.respond(request)


def _show(request: Request, error: Exception) -> Response:
    """Return the page of a refusal or a fault; its reference leads an operator to the log line."""
    refusal = as_refusal(error)
    _note(request, error, refusal)
    html = problem(refusal.problem, link=refusal.link, reference=request.facts.get("request_id"))
    return page(html, status=refusal.status, headers=refusal.headers)


def _note(request: Request, error: Exception, refusal: Refusal) -> None:
    request.note(outcome=refusal.outcome, detail=refusal.detail or None)
    if refusal is not error:
        request.note(place=place_of(error))


def _answer_operator(event: dict[str, Any]) -> dict[str, Any]:
    answer = _attempt(lambda: bootstrap().operator_actions.answer(event))
    facts: dict[str, Any] = {}
    if isinstance(answer, Exception):
        refusal = as_refusal(answer)
        facts = {"detail": refusal.detail, "place": place_of(answer)}
        answer = {"error": refusal.outcome, "message": "The login could not do this, and its log has the reason."}
    subject = event.get("subject")
    if isinstance(subject, str) and is_subject(subject):
        facts["sub"] = subject
    outcome = answer.get("error", "done")
    log_event(
        "ERROR" if "detail" in facts else "INFO", "operator_action", action=_action(event), outcome=outcome, **facts
    )
    return answer


def _action(event: dict[str, Any]) -> str | None:
    action = event.get(OPERATOR_MEMBER)
    return action if isinstance(action, str) and action.isidentifier() and len(action) <= 40 else None


def _attempt(call: Callable[[], _Answer]) -> _Answer | Exception:
    """Return the result of the call or the exception that it raised."""
    try:
        return call()
    except Exception as error:
        # The only broad except: an error signs nobody in, and the page hides its traceback.
        return error


if os.environ.get("_HANDLER") == HANDLER:
    prepare()
