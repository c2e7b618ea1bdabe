"""Setups that botocore, moto and Typer would repeat for each client and each command, kept for the test process."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from typing import Any

import botocore.hooks
import botocore.session
import typer.main
import typer.testing
from botocore.client import ClientCreator
from botocore.compat import accepts_kwargs
from botocore.hooks import BaseEventHooks, EventAliaser, NodeList
from botocore.loaders import create_loader


def keep_setups() -> None:
    """Keep what is equal in each session, client and command: models, classes, event names, signatures, help."""
    botocore.session.create_loader = cache(create_loader)
    typer.main.get_command = typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    # The aliases are the same in each session; the emitter is not asked.
    EventAliaser._alias_event_name = staticmethod(EventAliaser(BaseEventHooks())._alias_event_name)  # type: ignore[attr-defined]
    botocore.hooks.accepts_kwargs = _accepts_kwargs  # type: ignore[assignment]
    vars(botocore.hooks)["_PrefixTrie"]._recursive_copy = staticmethod(copy_trie)
    ClientCreator._create_client_class = _client_class  # type: ignore[attr-defined]
    if "moto" in sys.modules:
        _leave_out_requests()


def copy_trie(node: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a node of botocore's event names: its structure is new, its handlers are the same."""
    return {
        name: NodeList(value.first[:], value.middle[:], value.last[:])
        if type(value) is NodeList
        else copy_trie(value)
        if type(value) is dict
        else value
        for name, value in node.items()
    }


def _accepts_kwargs(handler: Any) -> Any:
    """Return whether a handler of botocore's events takes any keyword: of a function, its code says so."""
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return accepts_kwargs(handler) if code is None else bool(code.co_flags & inspect.CO_VARKEYWORDS)


_created: dict[str, type] = {}
_create_class = ClientCreator._create_client_class  # type: ignore[attr-defined]


def _client_class(creator: ClientCreator, service: str, model: Any) -> type:
    """Create the class of a service's clients once: tests and fakes leave it as it is."""
    if service not in _created:
        _created[service] = _create_class(creator, service, model)
    return _created[service]


def _leave_out_requests() -> None:
    """Let moto answer botocore alone: for `requests` each mock would set up thousands of answers, which nobody uses."""
    from moto.core import models

    models.RESPONSES_METHODS = []
