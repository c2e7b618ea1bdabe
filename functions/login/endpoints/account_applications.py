"""`POST /account/applications`: withdraw the access of one application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.clients.client import is_client_id
from keyturn.web.errors import BadRequest
from keyturn.web.request import Request
from keyturn.web.responses import Response
from login.endpoints.account_post import AccountPosts, done
from login.pages.account import CLIENT_FIELD
from login.refusals import TooManyRequests

if TYPE_CHECKING:
    from login.consents import WithdrawConsent


class AccountApplications:
    """Withdraws consents of the signed-in user."""

    methods = ("POST",)

    def __init__(self, posts: AccountPosts, withdrawal: WithdrawConsent) -> None:
        self._posts = posts
        self._withdrawal = withdrawal

    def respond(self, request: Request) -> Response:
        """Return the redirect to the account page; a consent that is gone already is no error."""
        post = self._posts.read(request)
        if isinstance(post, Response):
            return post
        client_id = post.form.require(CLIENT_FIELD)
        if not is_client_id(client_id):
            raise BadRequest("no client has such an id")
        wait = self._withdrawal.withdraw(post.session.subject, client_id)
        if wait:
            raise TooManyRequests(wait)
        if wait is not None:
            # The id is that of a known client now, so that it may be logged.
            request.note(outcome="access_withdrawn", client_id=client_id)
        return done("access")
