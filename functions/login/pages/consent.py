"""The pages that ask whether a client may act for the user."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import htpy as h

from login.pages.fields import PageLink, PostForm, button, local_path, post_form, shown_email
from login.pages.layout import page
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from htpy import Element
    from markupsafe import Markup

DECISION_FIELD = "decision"
ALLOW = "allow"
DENY = "deny"

# OIDC Core §5.4, §11, in the order in which the page shows them.
_SCOPES = {
    "openid": Text.SCOPE_OPENID,
    "profile": Text.SCOPE_PROFILE,
    "email": Text.SCOPE_EMAIL,
    "phone": Text.SCOPE_PHONE,
    "address": Text.SCOPE_ADDRESS,
    "offline_access": Text.SCOPE_OFFLINE_ACCESS,
}


def consent(
    form: PostForm,
    *,
    client: str,
    email: str,
    scopes: Collection[str],
    resource: str | None = None,
    return_host: str | None = None,
    other_account: str | None = None,
) -> str:
    """Return the page; its form posts `decision` as `allow` or `deny`.

    `client` is the registered name, and `resource` the resource server. `return_host` is the host of the redirect URI.
    `other_account` is the path at which another user signs in for the same request.
    """
    title = say(Text.CONSENT_TITLE, client=client)
    return page(
        title=title,
        content=[
            h.h1[title],
            _account(email, other_account),
            h.p[say(Text.CONSENT_LEAD, client=h.strong[client])],
            h.ul(".scopes")[(h.li[each] for each in describe_scopes(scopes))],
            resource and h.p[say(Text.CONSENT_RESOURCE, resource=h.code[resource])],
            post_form(form, _decision(say(Text.ALLOW), say(Text.DENY))),
            h.div(".foot")[
                return_host and h.p[say(Text.CONSENT_RETURN, host=h.strong[return_host])],
                h.p[say(Text.CONSENT_WITHDRAW)],
            ],
        ],
    )


def confirm(form: PostForm, *, client: str, email: str, other_account: str | None = None) -> str:
    """Return the page before a code for a program on the device (RFC 8252 §8.6); posts `decision` like `consent`."""
    title = say(Text.CONFIRM_TITLE, client=client)
    return page(
        title=title,
        content=[
            h.h1[title],
            _account(email, other_account),
            h.div(".warning")[h.p[say(Text.CONFIRM_WARNING, client=h.strong[client])]],
            h.p[say(Text.CONFIRM_REASON)],
            post_form(form, _decision(say(Text.CONTINUE), say(Text.CANCEL))),
        ],
    )


def describe_scopes(scopes: Collection[str]) -> list[Markup]:
    """Return a sentence for each scope: the standard ones first, the others by their names."""
    known = [say(text) for scope, text in _SCOPES.items() if scope in scopes]
    return known + [say(Text.SCOPE_OTHER, scope=h.code[scope]) for scope in sorted(set(scopes) - _SCOPES.keys())]


def _account(email: str, other_account: str | None) -> Element:
    link = other_account and PageLink(say(Text.USE_ANOTHER_ACCOUNT), local_path(other_account))
    return h.p(".account")[
        h.span[say(Text.SIGNED_IN_AS, email=shown_email(email))],
        link and [" ", h.a(href=link.href)[link.text]],
    ]


def _decision(yes: Markup, no: Markup) -> Element:
    """Return both buttons; Enter presses the first one of the form."""
    return h.div(".buttons")[
        button(yes, name=DECISION_FIELD, value=ALLOW),
        button(no, name=DECISION_FIELD, value=DENY, kind="secondary"),
    ]
