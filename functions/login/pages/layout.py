"""The frame of every page: head, mark, one `main`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import htpy as h

from login.assets import STYLESHEET_PATH
from login.pages.texts import LANGUAGE, Text, say

if TYPE_CHECKING:
    from htpy import Element, Node
    from markupsafe import Markup


def page(*, title: Markup, content: Node, failed: bool = False, wide: bool = False) -> str:
    """Return the HTML of one page.

    `failed` says that the form has errors: the title then says so first, since a screen reader begins there. `wide` is
    for pages with lists.
    """
    if failed:
        title = say(Text.ERROR_TITLE, title=title)
    # Plain text: `str` of an element is markup, which would escape whatever is joined to it.
    return "".join(
        h.html(lang=LANGUAGE)[
            h.head[
                h.meta(charset="utf-8"),
                h.meta(name="viewport", content="width=device-width, initial-scale=1"),
                h.meta(name="color-scheme", content="light dark"),
                h.meta(name="robots", content="noindex"),
                h.title[say(Text.PAGE_TITLE, title=title)],
                h.link(rel="icon", href="data:,"),
                h.link(rel="stylesheet", href=STYLESHEET_PATH),
            ],
            h.body[
                h.header(".brand")[_mark(), h.span[say(Text.PRODUCT)]],
                h.main(".wide" if wide else ".narrow")[content],
            ],
        ].iter_chunks()
    )


def _mark() -> Element:
    """Return a keyhole with a key's bow: decoration, so assistive technology skips it."""
    return h.svg(".mark", viewBox="0 0 32 32", width="32", height="32", aria_hidden="true", focusable="false")[
        h.rect(".mark-ground", x="0", y="0", width="32", height="32", rx="9"),
        h.path(".mark-key", d="M16 7a5.5 5.5 0 0 1 2.7 10.3L20.5 25h-9l1.8-7.7A5.5 5.5 0 0 1 16 7Z"),
    ]
