"""The pages of RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2, §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import htpy as h

from login.pages.fields import PageLink, PostForm, button, local_path, post_form, shown_email
from login.pages.layout import page
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from htpy import Node

DECISION_FIELD = "decision"
SIGN_OUT = "sign_out"
STAY = "stay"


def logout(form: PostForm, *, email: str, client: str | None = None) -> str:
    """Return the page that asks; its form posts `decision` as `sign_out` or `stay`."""
    title = say(Text.LOGOUT_TITLE)
    return page(
        title=title,
        content=[
            h.h1[title],
            client and h.p[say(Text.LOGOUT_FOR, client=h.strong[client])],
            h.p(".account")[say(Text.SIGNED_IN_AS, email=shown_email(email))],
            post_form(
                form,
                h.div(".buttons")[
                    button(say(Text.SIGN_OUT), name=DECISION_FIELD, value=SIGN_OUT),
                    button(say(Text.STAY), name=DECISION_FIELD, value=STAY, kind="secondary"),
                ],
            ),
        ],
    )


def signed_out(*, sign_in: str) -> str:
    """Return the page after the end of the session; `sign_in` is the path of the login."""
    link = PageLink(say(Text.SIGN_IN_AGAIN), local_path(sign_in))
    return _end(Text.SIGNED_OUT_TITLE, h.p[say(Text.SIGNED_OUT_LEAD)], link)


def still_signed_in(*, account: str) -> str:
    """Return the page for a user who chose to stay; `account` is the path of the account page."""
    return _end(Text.STILL_SIGNED_IN_TITLE, None, PageLink(say(Text.TO_ACCOUNT), local_path(account)))


def _end(title: Text, content: Node, link: PageLink) -> str:
    return page(
        title=say(title),
        content=[h.h1[say(title)], content, h.p(".buttons")[h.a(".secondary.button", href=link.href)[link.text]]],
    )
