"""The commands of the pages that build and install the package, in a fresh checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.distribution.conftest import Built
from tests.fakes.jwks_site import JwksSite
from tests.fakes.token_factory import AUDIENCE, signing_key
from tests.pages.checkout import Checkout, copy_files
from tests.pages.fences import fences_of

if TYPE_CHECKING:
    from tests.pages.run_by import PageBlocks

PAGE = "docs/verifying-service.md"


def test_make_builds_the_distributions(built: Built, tmp_path: Path, page_blocks: PageBlocks) -> None:
    """`make dist` builds the same bytes as every other build."""
    (root := tmp_path / "keyturn").mkdir()
    checkout = Checkout(root)
    page_blocks.run(root, checkout.environment)
    made = {path.name: path.read_bytes() for path in (root / "dist").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (built.wheel, built.source)}


def test_pip_installs_the_verifier_of_the_page(tmp_path: Path, page_blocks: PageBlocks) -> None:
    """The page's command installs the package in a fresh environment, where the page's first lines verify a token."""
    (root := tmp_path / "keyturn").mkdir()
    copy_files(root)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "service")], check=True)
    programs = tmp_path / "service" / "bin"
    page_blocks.run(root, os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"})
    lines = next(fence.text for fence in fences_of(PAGE) if fence.language == "python")
    site = JwksSite()
    try:
        site.publish(signing_key())
        lines = lines.replace("https://auth.example.com", site.origin).replace("https://api.example.com", AUDIENCE)
        (tmp_path / "lines.py").write_text(f"import sys\nraw = sys.argv[1]\n{lines}\nprint(token.subject)\n")
        command = [str(programs / "python"), "-I", "lines.py", site.token(signing_key(), at=wall_seconds())]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        site.close()
    assert (done.returncode, done.stdout[:2]) == (0, "u_"), done.stderr
