"""The HTML frame of the issuer's few pages, in the style of the login's pages."""

from __future__ import annotations

# The login serves the stylesheet on the issuer's host; the page is readable without it.
_STYLESHEET_PATH = "/assets/keyturn.css"


def html_page(title: str, content: str) -> str:
    """Return the HTML of a page; both arguments are markup, and the caller escapes any text from elsewhere."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{title} · Keyturn</title>"
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{_STYLESHEET_PATH}"></head>'
        '<body><header class="brand"><span>Keyturn</span></header>'
        f'<main class="narrow"><h1>{title}</h1>{content}</main></body></html>'
    )
