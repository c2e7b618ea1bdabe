"""The parts of the forms: hidden values, fields with hints and errors, alerts, buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import htpy as h

if TYPE_CHECKING:
    from htpy import Element, Node, VoidElement
    from markupsafe import Markup


class PostForm(NamedTuple):
    """A form is posted to `action`, a path of this host, with the `hidden` values (interaction, CSRF token)."""

    action: str
    hidden: Mapping[str, str]


class PageLink(NamedTuple):
    """A link to the next step: `href` is a path of this host, or an https URL that the operator registered."""

    text: Markup
    href: str


class Field(NamedTuple):
    """One input: `name` is that of the posted value; `value` is shown again, so it is never a password's."""

    name: str
    label: Markup
    autocomplete: str
    password: bool = True
    value: str = ""
    hint: Markup | None = None
    error: Markup | None = None
    focus: bool = False


def post_form(form: PostForm, content: Node) -> Element:
    """Return the form; raises ValueError for an action beyond this host."""
    return h.form(method="post", action=local_path(form.action))[
        [h.input(type="hidden", name=name, value=value) for name, value in form.hidden.items()], content
    ]


def local_path(path: str) -> str:
    """Return the path; raises ValueError for a path that a browser would read as another host."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or not path.isprintable():
        raise ValueError("a page links only to paths of its own host")
    return path


def input_field(field: Field) -> Element:
    """Return a labelled input; hint and error belong to its description (WCAG 1.3.1, 3.3.1)."""
    described = [part for part, text in (("error", field.error), ("hint", field.hint)) if text]
    return h.div(".field")[
        h.label(for_=field.name)[field.label],
        field.error and h.p(".error", id=f"{field.name}-error")[field.error],
        _input(field, " ".join(f"{field.name}-{part}" for part in described)),
        field.hint and h.p(".hint", id=f"{field.name}-hint")[field.hint],
    ]


def _input(field: Field, described_by: str) -> VoidElement:
    """Return the input; an email address is `text`, since `email` refuses an address beyond ASCII (RFC 6531)."""
    return h.input(
        id=field.name,
        name=field.name,
        type="password" if field.password else "text",
        value=None if field.password else field.value,
        autocomplete=field.autocomplete,
        inputmode=None if field.password else "email",
        autocapitalize="none",
        spellcheck="false",
        required=True,
        autofocus=field.focus,
        aria_invalid="true" if field.error else None,
        aria_describedby=described_by or None,
    )


def shown_email(email: str) -> Element:
    """Return the address in bold on one line; a line that is too short is broken before the last @."""
    local, at, domain = email.rpartition("@")
    return h.strong(".email")[local, at and h.wbr, at, domain]


def account_name(email: str) -> VoidElement:
    """Return the hidden user name with which a password manager stores a new password."""
    return h.input(type="text", name="username", value=email, autocomplete="username", readonly=True, hidden=True)


def alert(message: Markup | None) -> Node:
    """Return the reason why the form was refused."""
    return message and h.div(".alert", role="alert")[h.p[message]]


def notice(message: Markup | None) -> Node:
    """Return the result of the last form, or the reason why the page is shown."""
    return message and h.div(".notice", role="status")[h.p[message]]


def button(text: Markup, *, name: str | None = None, value: str | None = None, kind: str = "primary") -> Element:
    """Return a submit button; `kind` is primary, secondary or quiet."""
    return h.button(f".{kind}", type="submit", name=name, value=value)[text]
