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

BOTOCORE_TRIE = vars(botocore.hooks)["_PrefixTrie"]


def keep_setups() -> None:
    """Keep what is equal in each session, client and command: models, classes, event names, signatures, help."""
    botocore.session.create_loader = cache(create_loader)
    typer.main.get_command = typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    # The aliases are the same in each session; the emitter is not asked.
    EventAliaser._alias_event_name = staticmethod(EventAliaser(BaseEventHooks())._alias_event_name)  # type: ignore[attr-defined]
    botocore.hooks.accepts_kwargs = _accepts_kwargs  # type: ignore[assignment]
    botocore.hooks._PrefixTrie = SharedTrie  # type: ignore[attr-defined]
    ClientCreator._create_client_class = _client_class  # type: ignore[attr-defined]
    if "moto" in sys.modules:
        _leave_out_requests()
        _keep_names_of_attributes()


class SharedTrie(BOTOCORE_TRIE):  # type: ignore[misc,valid-type]
    """The event names of botocore: copies share their nodes, and a change replaces the nodes on its path alone."""

    _root: dict[str, Any]

    def __copy__(self) -> SharedTrie:
        copied = SharedTrie()
        copied._root = self._root
        return copied

    def append_item(self, key: str, *arguments: Any, **options: Any) -> None:
        """Add a handler to a name of this copy."""
        self._own_path(key)
        super().append_item(key, *arguments, **options)

    def remove_item(self, key: str, value: Any) -> None:
        """Remove a handler from a name of this copy."""
        self._own_path(key)
        super().remove_item(key, value)

    def _own_path(self, key: str) -> None:
        node = self._root = _copy_node(self._root)
        for part in key.split("."):
            if part not in node["children"]:
                return
            node["children"][part] = node = _copy_node(node["children"][part])


def _copy_node(node: dict[str, Any]) -> dict[str, Any]:
    values = node["values"]
    return node | {"children": dict(node["children"]), "values": values and NodeList(*map(list, values))}


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


def _keep_names_of_attributes() -> None:
    """Let moto find the names of an answer's attributes once for each class and shape, not for each object."""
    from moto.core.serialize import XFormedAttributePicker as Picker

    find, kept = Picker.get_possible_keys, dict[Any, tuple[str, ...]]()

    def possible_keys(picker: Picker, context: Any) -> tuple[str, ...]:
        of = (type(context.obj), context.key, context.shape, *picker.alias_providers)
        if of not in kept:
            kept[of] = tuple(dict.fromkeys(find(picker, context)))
        return kept[of]

    Picker.get_possible_keys = possible_keys  # type: ignore[assignment,method-assign]
