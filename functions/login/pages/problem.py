"""The page of every error: a title, a sentence, and the next step with a link or a button."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import htpy as h

from login.pages.fields import PageLink, PostForm, button, local_path, post_form
from login.pages.layout import page
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from htpy import Node


class Problem(enum.Enum):
    """The problems, each with its title, its cause and the next step."""

    OVER = (Text.OVER_TITLE, Text.OVER, Text.BACK_TO_APPLICATION)
    USED = (Text.USED_TITLE, Text.USED, Text.BACK_TO_APPLICATION)
    FOREIGN = (Text.FOREIGN_TITLE, Text.FOREIGN, Text.BACK_TO_APPLICATION)
    LINK = (Text.LINK_TITLE, Text.LINK, Text.LINK_NEXT)
    BAD_REQUEST = (Text.BAD_REQUEST_TITLE, Text.BAD_REQUEST, Text.BACK_TO_APPLICATION)
    FORM = (Text.FORM_TITLE, Text.FORM, Text.FORM_NEXT)
    TOO_LARGE = (Text.TOO_LARGE_TITLE, Text.TOO_LARGE, Text.TOO_LARGE_NEXT)
    TOO_MANY = (Text.TOO_MANY_TITLE, Text.TOO_MANY, Text.TOO_MANY_NEXT)
    UNAVAILABLE = (Text.UNAVAILABLE_TITLE, Text.UNAVAILABLE, Text.UNAVAILABLE_NEXT)
    NOT_FOUND = (Text.NOT_FOUND_TITLE, Text.NOT_FOUND, Text.GO_BACK)
    METHOD = (Text.METHOD_TITLE, Text.METHOD, Text.GO_BACK)


def problem(
    cause: Problem,
    *,
    link: PageLink | None = None,
    form: tuple[PostForm, Text] | None = None,
    reference: str | None = None,
) -> str:
    """Return the page; `link`, or `form` with its button's text, leads to the next step.

    `reference` is the id of the request, with which an operator finds the log line. The page omits all sent values.
    """
    title, sentence, next_step = cause.value
    return page(
        title=say(title),
        content=[
            h.h1[say(title)],
            h.p[say(sentence)],
            h.p[say(next_step)],
            _way_on(link, form),
            reference and h.div(".foot")[h.p[say(Text.REQUEST_ID, reference=h.code[reference])]],
        ],
    )


def _way_on(link: PageLink | None, form: tuple[PostForm, Text] | None) -> Node:
    if form is not None:
        return post_form(form[0], button(say(form[1])))
    return link and h.p(".buttons")[h.a(".button.primary", href=local_path(link.href))[link.text]]
