"""The account page: profile, password, sessions, applications with access."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import htpy as h

from login.pages.consent import describe_scopes
from login.pages.fields import PostForm, button, notice, post_form
from login.pages.layout import page
from login.pages.passwords import change_password_form
from login.pages.texts import Text, say
from login.pages.times import show_time

if TYPE_CHECKING:
    from htpy import Element, Node
    from markupsafe import Markup

SESSION_FIELD = "session"
ALL_SESSIONS = "all"
CLIENT_FIELD = "client_id"


class SessionRow(NamedTuple):
    """One session; `id` is what its button posts as `session`; times are service time in whole seconds."""

    id: str
    device: str
    signed_in_at: int
    last_used_at: int
    current: bool = False


class ApplicationRow(NamedTuple):
    """One consent; `client_id` is what its button posts; `allowed_at` is service time in whole seconds."""

    client_id: str
    name: str
    scopes: Collection[str]
    allowed_at: int


class AccountForms(NamedTuple):
    """The targets of the page's forms."""

    password: PostForm
    sessions: PostForm
    applications: PostForm
    logout: PostForm


def account(
    forms: AccountForms,
    *,
    name: str | None,
    email: str,
    sessions: Sequence[SessionRow],
    applications: Sequence[ApplicationRow],
    done: Markup | None = None,
) -> str:
    """Return the page; `done` is the result of the last form.

    Forms post: `password` the fields of `change_password`; `sessions` the field `session`, a row's id or `all`;
    `applications` the field `client_id`; `logout` its hidden values alone.
    """
    return page(
        title=say(Text.ACCOUNT_TITLE),
        wide=True,
        content=[
            h.div(".head")[
                h.h1[say(Text.ACCOUNT_TITLE)], post_form(forms.logout, button(say(Text.SIGN_OUT), kind="secondary"))
            ],
            notice(done),
            _section(Text.PROFILE, _profile(name, email)),
            _section(
                Text.PASSWORD,
                h.details[
                    h.summary[say(Text.CHANGE_PASSWORD)],
                    change_password_form(forms.password, email=email, errors={}),
                ],
            ),
            _section(Text.SESSIONS, _sessions(forms.sessions, sessions)),
            _section(Text.APPLICATIONS, _applications(forms.applications, applications)),
        ],
    )


def _section(heading: Text, content: Node) -> Element:
    return h.section[h.h2[say(heading)], content]


def _profile(name: str | None, email: str) -> Element:
    return h.dl[
        name and h.div[h.dt[say(Text.NAME)], h.dd[name]],
        h.div[h.dt[say(Text.EMAIL)], h.dd[email]],
    ]


def _sessions(form: PostForm, rows: Sequence[SessionRow]) -> Node:
    return [
        h.p(".lead")[say(Text.SESSIONS_LEAD)],
        post_form(
            form,
            [
                h.ul(".rows")[(_session(row) for row in rows)],
                len(rows) > 1
                and button(say(Text.END_ALL_SESSIONS), name=SESSION_FIELD, value=ALL_SESSIONS, kind="secondary"),
            ],
        ),
    ]


def _session(row: SessionRow) -> Element:
    device = row.device or str(say(Text.UNKNOWN_DEVICE))
    signed_in = show_time(row.signed_in_at)
    return h.li[
        h.div[
            h.strong[device],
            row.current and [" ", h.span(".badge")[say(Text.THIS_BROWSER)]],
            h.p(".hint")[
                say(Text.SIGNED_IN_AT, time=signed_in), ", ", say(Text.LAST_USED_AT, time=show_time(row.last_used_at))
            ],
        ],
        not row.current
        and _row_button(
            say(Text.END_SESSION),
            say(Text.END_SESSION_NAMED, device=device, time=signed_in).striptags(),
            SESSION_FIELD,
            row.id,
        ),
    ]


def _applications(form: PostForm, rows: Sequence[ApplicationRow]) -> Node:
    if not rows:
        return h.p(".hint")[say(Text.NO_APPLICATIONS)]
    return post_form(form, h.ul(".rows")[(_application(row) for row in rows)])


def _application(row: ApplicationRow) -> Element:
    label = say(Text.WITHDRAW_NAMED, client=row.name).unescape()
    return h.li[
        h.div[
            h.strong[row.name],
            h.ul(".scopes")[(h.li[each] for each in describe_scopes(row.scopes))],
            h.p(".hint")[say(Text.ALLOWED_AT, time=show_time(row.allowed_at))],
        ],
        _row_button(say(Text.WITHDRAW), label, CLIENT_FIELD, row.client_id),
    ]


def _row_button(text: Markup, label: str, name: str, value: str) -> Element:
    """Return a row's button; its label begins with the visible text and names the row (WCAG 2.5.3)."""
    return h.button(".secondary", type="submit", name=name, value=value, aria_label=label)[text]
