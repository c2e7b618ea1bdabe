"""The stylesheet of the pages; its name holds its hash, so that a browser keeps the file and a change is a new name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

ASSET_PATH = "/assets/"
# The issuer's pages for errors name this one: they cannot know the hash.
PLAIN_NAME = "keyturn.css"
_STYLESHEET = Path(__file__).parent / "assets" / PLAIN_NAME


class Asset(NamedTuple):
    """One file for the browser; `is_immutable` says that its content never changes under this name."""

    content_type: str
    content: bytes
    is_immutable: bool


def _stylesheet(*, is_immutable: bool) -> Asset:
    return Asset("text/css; charset=utf-8", _STYLESHEET.read_bytes(), is_immutable)


_HASHED_NAME = f"keyturn-{hashlib.sha256(_STYLESHEET.read_bytes()).hexdigest()[:16]}.css"
_ASSETS = {_HASHED_NAME: _stylesheet(is_immutable=True), PLAIN_NAME: _stylesheet(is_immutable=False)}
STYLESHEET_PATH = ASSET_PATH + _HASHED_NAME


def find_asset(name: str) -> Asset | None:
    """Return the asset of exactly this name."""
    return _ASSETS.get(name)
