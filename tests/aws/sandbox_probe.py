"""What a Lambda function sees of its sandbox: the source of a function of its own, with the issuer's layers."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
from pathlib import Path
from typing import Any

LAYERS = Path("/opt/python")
OURS = ("keyturn", "jwt", "boto3", "botocore", "cryptography")
UNCHECKED_HASH = b"\x01\x00\x00\x00"


def lambda_handler(_event: object, _context: object) -> dict[str, Any]:
    """Return the path, where the modules come from, and which byte code the runtime would not take."""
    modules = {name: importlib.import_module(name) for name in OURS}
    sources = [source for name in OURS for source in (LAYERS / name).rglob("*.py")]
    return {
        "path": sys.path,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "boto3": modules["boto3"].__version__,
        "modules": {name: str(module.__file__) for name, module in modules.items()},
        "compiled": len(sources),
        "not_taken": [str(source) for source in sources if not is_taken(source)][:10],
    }


def is_taken(source: Path) -> bool:
    """Tell whether the runtime takes the module's byte code, without a look at its source (PEP 552)."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    head = compiled.read_bytes()[:8] if compiled.exists() else b""
    return head == importlib.util.MAGIC_NUMBER + UNCHECKED_HASH
