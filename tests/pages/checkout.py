"""A fresh checkout in an empty folder, as a reader of the pages has it after `git clone` and `make setup`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

from local.ports import ANY_PORTS
from tests.pages.fences import ROOT

# The browser build of the example page's client, which npm installs.
_APP = "examples/browser-app"
_CLIENT_LIBRARY = f"{_APP}/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"


class NotSetUp(Exception):
    """The environment of this checkout is older than its lock: `make` in the fresh one would build it again."""


def copy_files(folder: Path) -> None:
    """Copy the tracked files of this checkout, also changed ones, into the folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


class Checkout:
    """The files of this checkout in the folder `root`, set up; `environment` is that of a shell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        places = (".", "cli", "functions", "layers/keyturn")
        self.environment = {
            "HOME": str(root),
            "LANG": "C.UTF-8",
            "PATH": f"{root.parent / 'bin'}:{os.environ['PATH']}",
            # The environment's own path leads to the files of this checkout.
            "PYTHONPATH": os.pathsep.join(str(root / place) for place in places),
        }
        copy_files(root)
        self._link_environments()
        self._lay_client_library()
        self._link_builds()
        made = subprocess.run(["make", "--question", "setup"], cwd=root, env=self.environment, check=False)
        if made.returncode != 0:
            raise NotSetUp("make setup")

    def put_program(self, name: str, text: str) -> None:
        """Put a program before that of the environment or of the machine."""
        folder = self.root.parent / "bin" if "/" not in name else self.root
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def _link_environments(self) -> None:
        """Link the environments, and all parts of .venv in a folder of its own: tests replace a program of it."""
        for environment in ROOT.glob(".venv-*"):
            (self.root / environment.name).symlink_to(environment)
        programs = self.root / ".venv" / "bin"
        programs.mkdir(parents=True)
        for folder in (".venv", ".venv/bin"):
            for path in (ROOT / folder).iterdir():
                if path.name != "bin":
                    (self.root / folder / path.name).symlink_to(path)

    def _lay_client_library(self) -> None:
        """Lay an empty library down, and the stamp by which make knows that npm has run."""
        library = self.root / _CLIENT_LIBRARY
        library.parent.mkdir(parents=True)
        library.touch()
        asked = ["make", "--silent", "--eval=stamp: ; @echo $(APP_STAMP)", "stamp"]
        made = subprocess.run(asked, cwd=self.root, env=self.environment, capture_output=True, text=True, check=True)
        (self.root / made.stdout.strip()).touch()

    def _link_builds(self) -> None:
        """Share the built artifacts, and let the stack choose free ports: another one may run on this machine."""
        state, builds = self.root / ".local", ROOT / ".local" / "builds"
        state.mkdir(mode=0o700)
        builds.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / "builds").symlink_to(builds)
        (state / "ports.json").write_text(json.dumps(asdict(ANY_PORTS)))
