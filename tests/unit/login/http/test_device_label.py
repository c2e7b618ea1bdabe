"""The names of browsers in the list of sessions."""

from __future__ import annotations

import pytest

from login.device_label import device_label

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0", "Firefox on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36 Edg/150.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} Safari/537.36 OPR/120.0.0.0", "Opera on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {BLINK} Safari/537.36", "Chrome on ChromeOS"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/19.0 Safari/605.1.15", "Safari on macOS"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {APPLE} Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        (f"Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) {APPLE} CriOS/150.0 Safari/604.1", "Chrome on iPad"),
        (f"Mozilla/5.0 (Linux; Android 16; K) {BLINK} Mobile Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (Linux; Android 16; SM-S931B) {BLINK} SamsungBrowser/30.0 Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Firefox/152.0", "Firefox"),
        ("curl/8.15.0", ""),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_a_browser_has_a_short_name(agent: str, label: str) -> None:
    """A User-Agent becomes browser and system in known words, and an unknown browser has no name."""
    assert device_label(agent) == label
