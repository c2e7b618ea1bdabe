"""Setups that botocore and Typer would repeat for each session and each command, kept for the test process."""

from __future__ import annotations

from functools import cache

import botocore.session
import typer.main
import typer.testing
from botocore.hooks import BaseEventHooks, EventAliaser
from botocore.loaders import create_loader


def keep_setups() -> None:
    """Keep the models of AWS's services, the names of botocore's events, and the command line that Typer builds."""
    botocore.session.create_loader = cache(create_loader)
    typer.main.get_command = typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    # The aliases are the same in each session; the emitter is not asked.
    EventAliaser._alias_event_name = staticmethod(EventAliaser(BaseEventHooks())._alias_event_name)  # type: ignore[attr-defined]
