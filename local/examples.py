"""The APIs of examples/, deployed as a user's own API would be, and the access rules that they need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from local.user_stack import deploy_folder

if TYPE_CHECKING:
    from local.progress import Progress
    from local.user_stack import Place

FOLDER = Path(__file__).resolve().parent.parent / "examples"
HTTP, REST, WEBSOCKET = "http-api", "rest-api", "websocket-api"


def example_rules() -> str:
    """Return the document for the routes of the examples, in one line as a parameter of a template takes it."""
    return json.dumps(json.loads((FOLDER / "access-rules.json").read_text()), separators=(",", ":"))


def deploy_examples(place: Place, progress: Progress) -> dict[str, str]:
    """Deploy the HTTP API and the REST APIs; return the URL of GET /reports of each kind."""
    http = deploy_folder(place, FOLDER / HTTP, None, {}, progress)
    rest = deploy_folder(place, FOLDER / REST, None, {}, progress)
    return {
        "http": http.outputs["ReportsUrl"],
        "rest_token": rest.outputs["TokenReportsUrl"],
        "rest_request": rest.outputs["ReportsUrl"],
    }


def deploy_websocket_example(place: Place, progress: Progress) -> str:
    """Deploy the WebSocket API, and return its URL."""
    return deploy_folder(place, FOLDER / WEBSOCKET, None, {}, progress).outputs["SocketUrl"]
