"""The stylesheet under a name that holds its hash: an answer may be kept for ever, a change is another name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

ASSET_PATH = "/assets/"
_STYLESHEET = Path(__file__).parent / "assets" / "keyturn.css"


class Asset(NamedTuple):
    """One file for the browser: its name below ASSET_PATH, its media type, its bytes."""

    name: str
    content_type: str
    content: bytes


def _read_stylesheet() -> Asset:
    content = _STYLESHEET.read_bytes()
    name = f"keyturn-{hashlib.sha256(content).hexdigest()[:16]}.css"
    return Asset(name, "text/css; charset=utf-8", content)


_ASSETS = {asset.name: asset for asset in (_read_stylesheet(),)}
STYLESHEET_PATH = ASSET_PATH + next(iter(_ASSETS))


def find_asset(name: str) -> Asset | None:
    """Return the asset of this exact name, which holds the first 16 hex digits of its SHA-256."""
    return _ASSETS.get(name)
