"""Options of a registration, declared once: `add` makes a registration of them, `update` changes what is given."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import typer


class Registered(NamedTuple):
    """What an option registers: a field of the record, its type and help as typer takes them, and how it is held."""

    field: str
    kind: Any
    option: Any
    held: Callable[[Any], Any] = lambda value: value


def registers(
    options: Mapping[str, Registered], *, required: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options, by their names, where it takes `given`: the fields that were given, as held."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(**arguments: Any) -> None:
            fields: dict[str, Any] = {}
            for name, option in options.items():
                if (value := arguments.pop(name)) is not None:
                    fields[option.field] = option.held(value)
            command(given=fields, **arguments)

        # typer reads what a command takes from its signature.
        signature = inspect.signature(command, eval_str=True)
        taken = list(_parameters(signature, options, required))
        vars(with_options)["__signature__"] = signature.replace(parameters=taken)
        return with_options

    return decorate


def _parameters(
    signature: inspect.Signature, options: Mapping[str, Registered], required: Collection[str]
) -> Iterator[inspect.Parameter]:
    """Yield a command's parameters with the options in the place of `given`."""
    by_name = inspect.Parameter.KEYWORD_ONLY
    for parameter in signature.parameters.values():
        if parameter.name != "given":
            yield parameter.replace(kind=by_name)
            continue
        for name, (_, kind, option, _) in options.items():
            default = inspect.Parameter.empty if name in required else None
            yield inspect.Parameter(name, by_name, default=default, annotation=Annotated[kind | None, option])


def changes(group: str, given: dict[str, Any], cleared: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return what an update changes, given and cleared; raises BadParameter for a field that is both, and for none."""
    taken: dict[str, Any] = {}
    for each in cleared:
        taken |= each
    if both := given.keys() & taken.keys():
        raise typer.BadParameter(f"{', '.join(sorted(both))}: given and cleared", param_hint="--clear")
    if not given and not taken:
        raise typer.BadParameter(f"say what to change: `keyturn {group} update --help` names the options")
    return given | taken


def values(choices: Iterable[Any]) -> frozenset[str]:
    """Return the values of choices that were given."""
    return frozenset(choice.value for choice in choices)


def in_order(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each text once, where it was first given."""
    return tuple(dict.fromkeys(texts))


def names(choices: type[enum.StrEnum]) -> str:
    """Return the choices for a help text: as the type of an option they would cut the options' names."""
    *some, last = (choice.value for choice in choices)
    return f"{', '.join(some)} or {last}"
