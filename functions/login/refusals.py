"""Refusals and faults as pages: a cause, a status and the next step for a person.

`detail` is for the log alone. Neither it nor the page repeats input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from keyturn.domain.errors import ClockUnavailable, KeyturnError, KeyUnusable, StoreUnavailable, Throttled
from keyturn.web.errors import BadRequest, PayloadTooLarge, UnsupportedContentCoding
from login import paths
from login.pages.fields import PageLink
from login.pages.problem import Problem
from login.pages.texts import Text, say


class Refusal(Exception):
    """The base of every refusal; each subclass has its page, its HTTP status and its word in the log."""

    problem: ClassVar[Problem]
    status: ClassVar[int]
    outcome: ClassVar[str]

    def __init__(
        self, detail: str = "", *, link: PageLink | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.link = link
        self.headers = headers or {}


class PageNotFound(Refusal):
    """No page has this path."""

    problem, status, outcome = Problem.NOT_FOUND, 404, "not_found"


class MethodNotAllowed(Refusal):
    """The page does not accept this method (RFC 9110 §15.5.6)."""

    problem, status, outcome = Problem.METHOD, 405, "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(headers={"allow": ", ".join(allowed)})


class UnreadableRequest(Refusal):
    """A parameter is missing, repeated or malformed."""

    problem, status, outcome = Problem.BAD_REQUEST, 400, "bad_request"


class RequestTooLarge(Refusal):
    """The body is larger than any form needs (RFC 9110 §15.5.14)."""

    problem, status, outcome = Problem.TOO_LARGE, 413, "too_large"


class CodedBody(Refusal):
    """The body has a content coding (RFC 9110 §15.5.16)."""

    problem, status, outcome = Problem.BAD_REQUEST, 415, "content_coding"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"accept-encoding": "identity"})


class ForeignForm(Refusal):
    """The form was shown to another browser, in another session, or by another site."""

    problem, status, outcome = Problem.FORM, 403, "foreign_form"


class InteractionOver(Refusal):
    """The interaction is unknown or too old."""

    problem, status, outcome = Problem.OVER, 400, "interaction_over"


class InteractionUsed(Refusal):
    """The client has got the code already."""

    problem, status, outcome = Problem.USED, 400, "interaction_used"


class InteractionForeign(Refusal):
    """The interaction belongs to another browser, or the browser has lost its cookie."""

    problem, status, outcome = Problem.FOREIGN, 403, "interaction_foreign"


class LinkOver(Refusal):
    """The one-time link is unknown, too old, used or replaced."""

    problem, status, outcome = Problem.LINK, 400, "link_over"


class TooManyRequests(Refusal):
    """A limit on attempts or revocations is reached (RFC 6585 §4)."""

    problem, status, outcome = Problem.TOO_MANY, 429, "throttled"

    def __init__(self, retry_after: int) -> None:
        super().__init__(headers={"retry-after": str(retry_after)})


class Unavailable(Refusal):
    """A store or KMS did not answer; the same request may be sent again."""

    problem, status, outcome = Problem.UNAVAILABLE, 503, "unavailable"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"retry-after": str(retry_after)})


class ServerFault(Refusal):
    """An operator has to look: a retry does not help."""

    problem, status, outcome = Problem.UNAVAILABLE, 500, "server_error"


def begin_again(interaction_id: str) -> PageLink:
    """Return the link to the issuer, which offers to begin the same request again."""
    href = paths.with_query(paths.AUTHORIZE, **{paths.INTERACTION_FIELD: interaction_id})
    return PageLink(say(Text.BEGIN_AGAIN), href)


def as_refusal(error: Exception) -> Refusal:
    """Return the refusal for any error; a fault shows nothing of its cause."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, PayloadTooLarge):
        return RequestTooLarge(str(error))
    if isinstance(error, UnsupportedContentCoding):
        return CodedBody(str(error))
    if isinstance(error, BadRequest):
        return UnreadableRequest(str(error))
    if not isinstance(error, KeyturnError):
        # The message of a foreign exception may quote its input, a password for instance.
        return ServerFault(type(error).__name__)
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, Throttled):
        return Unavailable(detail, retry_after=1)
    if isinstance(error, (StoreUnavailable, KeyUnusable, ClockUnavailable)):
        return Unavailable(detail, retry_after=5)
    return ServerFault(detail)
