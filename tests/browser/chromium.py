"""Chromium as its user has it: contexts with cookies of their own, tabs, clicks, keys, and the page that is seen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER = Path(__file__).parent / "javascript"


class View(NamedTuple):
    """The page in a tab; `alerts` are the errors, `notices` what the page confirms, `focus` the control's name."""

    url: str
    status: int
    title: str
    heading: str
    alerts: list[str]
    notices: list[str]
    text: str
    focus: str

    @property
    def path(self) -> str:
        """The path of the page."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the page."""
        return {name: value for name, (value,) in parse_qs(urlsplit(self.url).query).items()}


class Chromium:
    """One browser process; `rules` are Chromium's host resolver rules."""

    def __init__(self, node: str, executable: str, rules: str) -> None:
        self._process = subprocess.Popen(
            [node, "drive.mjs"], cwd=_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._write({"executable": executable, "rules": rules})

    def stop(self) -> None:
        """End the browser."""
        self._process.communicate(timeout=30)

    def ask(self, command: dict[str, Any]) -> Any:
        """Return the answer to a command of `drive.mjs`; raises AssertionError with the error of Playwright."""
        self._write(command)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the browser's process ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def context(self, *, scripts: bool = True) -> Tab:
        """Return a tab of a browser without cookies; axe looks at its pages where `scripts` may run."""
        return Tab(self, self.ask({"do": "context", "scripts": scripts, "audits": scripts}))

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()


class Tab(NamedTuple):
    """A tab; what loads a page returns its view."""

    chromium: Chromium
    id: int

    def another(self) -> Tab:
        """Return a new tab of the same browser."""
        return Tab(self.chromium, self._ask("tab"))

    def look(self) -> View:
        """Return the page as it is."""
        return View(**self._ask("look"))

    def open(self, url: str) -> View:
        """Go to a URL."""
        return View(**self._ask("open", url=url))

    def reload(self) -> View:
        """Load the page again."""
        return View(**self._ask("reload"))

    def back(self) -> View:
        """Press the back button."""
        return View(**self._ask("back"))

    def fill(self, fields: dict[str, str]) -> None:
        """Fill fields, by their labels."""
        self._ask("fill", fields=fields)

    def click(self, name: str, *, exact: bool = True) -> View:
        """Click the button or link of this accessible name, or the first one that has it as a part."""
        return View(**self._ask("click", name=name, exact=exact))

    def double_click(self, name: str) -> View:
        """Click a button twice, as fast as a double click."""
        return View(**self._ask("doubleClick", name=name))

    def press(self, key: str, *, loads: bool = False) -> View:
        """Press a key; `loads` waits for the next page."""
        return View(**self._ask("press", key=key, loads=loads))

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self._ask("type", text=text)

    def cookies(self) -> dict[str, dict[str, Any]]:
        """Return the cookies by their names."""
        return {each["name"]: each for each in self._ask("cookies")}

    def forget(self, name: str) -> None:
        """Remove the cookie of this name."""
        self._ask("forget", name=name)

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        self._ask("screenshot", path=str(path))

    def close(self) -> dict[str, list[str]]:
        """Close the tab's browser context; return its `requests` and `complaints`."""
        log: dict[str, list[str]] = self._ask("close")
        return log

    def _ask(self, do: str, **values: Any) -> Any:
        return self.chromium.ask({"do": do, "tab": self.id, **values})


def click_together(tabs: Iterable[Tab], name: str) -> list[View]:
    """Click a button of this name in all the tabs at once."""
    tabs = list(tabs)
    answers = tabs[0].chromium.ask({"do": "clickTogether", "among": [each.id for each in tabs], "name": name})
    return [View(**each) for each in answers]
