"""The browser example of `make run`: a user, the registration of examples/browser-app, and the server of its page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.browser_app import AppSettings, BrowserApp, is_installed
from local.browser_client import CLIENT_ID, REQUESTED_SCOPE, register_browser_client
from local.demo_user import UserPlaces, register_demo_user
from local.stack_file import connect

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from local.progress import Progress
    from local.stack_file import StackFile


def seed_user(running: StackFile, memory: Path, progress: Progress) -> StackFile:
    """Return the stack with a user who has a password; raises DemoUserFailed."""
    with progress.step("user") as step:
        places = UserPlaces(
            dynamodb=connect(running, "dynamodb"),
            functions=connect(running, "lambda"),
            authority_table=running.outputs["AuthorityTableName"],
            login_function=running.outputs["LoginFunctionName"],
        )
        user = register_demo_user(places, memory)
        step.result = f"{user.email} may sign in"
    return replace(running, user={"subject": user.subject, "email": user.email, "password": user.password})


def serve_app(running: StackFile, port: int, servers: ExitStack, progress: Progress) -> StackFile:
    """Return the stack with the page of examples/browser-app, served until `servers` closes.

    The page calls the API under its own origin. The stack stays as it is where the page's npm package is missing.
    """
    if not is_installed():
        progress.line(f"  {'app':<10} not served: its npm package is missing (npm ci in examples/browser-app)")
        return running
    with progress.step("app") as step:
        api = urlsplit(running.apis["http"])
        settings = AppSettings(running.issuer, CLIENT_ID, REQUESTED_SCOPE, api.port or 0, api.path)
        app = servers.enter_context(BrowserApp(port, settings))
        table = running.outputs["ClientTableName"]
        register_browser_client(connect(running, "dynamodb"), table, origin=app.origin, audience=running.audience)
        step.result = f"{CLIENT_ID} on {app.origin}"
    return replace(running, app=f"{app.origin}/")
