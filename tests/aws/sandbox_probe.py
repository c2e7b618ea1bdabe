"""The source of a Lambda function that reports on its own sandbox, with the issuer's layers."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

LAYERS = Path("/opt/python")
OURS = ("keyturn", "jwt", "boto3", "botocore", "cryptography")
UNCHECKED_HASH = b"\x01\x00\x00\x00"
SANDBOX = str(uuid.uuid4())


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Return what is asked for: the clocks, or the path and the modules."""
    return clocks(context) if event == {"probe": "clocks"} else sandbox_modules()


def clocks(context: object) -> dict[str, Any]:
    """Return both clocks, the deadline in milliseconds, and DynamoDB's Date, which needs no credentials."""
    dynamodb = importlib.import_module("boto3").client("dynamodb")  # it knows the endpoint in every partition
    started = {
        "sandbox": SANDBOX,
        "wall": time.time(),  # noqa: TID251 - it is what is looked at
        "monotonic": time.monotonic(),
        "deadline": getattr(context, "_epoch_deadline_time_in_ms", None),
    }
    with urllib.request.urlopen(dynamodb.meta.endpoint_url) as answer:
        return started | {"date": answer.headers["Date"]}


def sandbox_modules() -> dict[str, Any]:
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
    """Return whether the runtime loads the module's byte code without reading its source (PEP 552)."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    head = compiled.read_bytes()[:8] if compiled.exists() else b""
    return head == importlib.util.MAGIC_NUMBER + UNCHECKED_HASH
