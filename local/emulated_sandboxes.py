"""Sandboxes of functions on the emulator: cheaper than MiniStack's own, and closer to those of Lambda.

MiniStack unpacks all zips for each sandbox, ends a sandbox whose handler raised, and waits for log lines by timer.
Here a zip is unpacked once, a sandbox outlives an exception, and a mark ends the log of a request.
"""

from __future__ import annotations

import hashlib
import queue
import tempfile
import time
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

_LOG_SECONDS = 1.0
# NUL is in no log line of a function.
_END_OF_LOG = "\0"
# Each edit of the script that runs a handler. The emulator is pinned: a text that is missing stops the start.
_EDITS = (
    # A handler's exception does not end its sandbox on Lambda. MiniStack ends it by `status`.
    (
        'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})',
        'json.dumps({"status": "ok", "raised": True, "error": str(e), "trace": traceback.format_exc()})',
    ),
    # The mark is written before the response: all lines of a request precede it.
    (
        "        _real_stdout.flush()\n\nrun()",
        '        print("\\0", file=sys.stderr, flush=True)\n        _real_stdout.flush()\n\nrun()',
    ),
    # MiniStack imports botocore in each sandbox, to count how deep functions invoke each other: none does here.
    ("    _ms_install_invoke_depth()\n    try:", "    try:"),
)


class Sandbox(lambda_runtime.Worker):  # type: ignore[misc]  # MiniStack has no types
    """A worker of MiniStack that outlives its handler's exceptions, and knows the end of a request's log."""

    def invoke(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Run one request; an exception of the handler is an error with the sandbox left alive."""
        response: dict[str, Any] = super().invoke(*arguments, **options)
        if response.pop("raised", False):
            response["status"] = "error"
        return response

    def _drain_stderr_bounded(self, *_: float) -> str:
        # The log of a sandbox that died ends without a mark.
        deadline = time.monotonic() + (_LOG_SECONDS if self._proc is not None else 0.05)
        lines = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line.endswith(_END_OF_LOG):
                lines.append(line.removesuffix(_END_OF_LOG))
                break
            lines.append(line)
        return "\n".join(lines).removesuffix("\n")


class UnpackedOnce(zipfile.ZipFile):
    """A zip whose content is unpacked once: each further folder is a link to the first."""

    unpacked: Path

    def extractall(self, path: Any = None, *_: Any, **__: Any) -> None:
        """Replace the empty folder `path` with a link to the unpacked content."""
        with Path(str(self.filename)).open("rb") as file:
            kept = self.unpacked / hashlib.file_digest(file, "sha256").hexdigest()
        if not kept.exists():
            unfinished = Path(tempfile.mkdtemp(dir=self.unpacked))
            super().extractall(unfinished)
            try:
                unfinished.rename(kept)
            except OSError:  # another thread was first
                if not kept.exists():
                    raise
        Path(path).rmdir()
        Path(path).symlink_to(kept)


def edited(script: str) -> str:
    """Return MiniStack's script with each edit; raises RuntimeError if a text to replace is missing."""
    for old, new in _EDITS:
        if script.count(old) != 1:
            raise RuntimeError(f"MiniStack's script has changed; it should contain once: {old!r}")
        script = script.replace(old, new)
    return script


def install() -> None:
    """Make MiniStack run functions in these sandboxes; unpacked zips are kept in the folder for temporary files."""
    UnpackedOnce.unpacked = Path(tempfile.mkdtemp(prefix="unpacked-"))
    shim = ModuleType("zipfile")
    shim.__dict__.update(zipfile.__dict__, ZipFile=UnpackedOnce)
    lambda_runtime.zipfile = shim
    lambda_runtime.Worker = Sandbox
    lambda_runtime._PYTHON_WORKER_SCRIPT = edited(lambda_runtime._PYTHON_WORKER_SCRIPT)
