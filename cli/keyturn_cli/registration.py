"""Options of a registration, declared once: `add` registers with them, and `update` changes the given ones."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import typer


class Registered(NamedTuple):
    """An option of a registration: `field` of the record, `kind` and `option` for typer; `held` converts the value."""

    field: str
    kind: Any
    option: Any
    held: Callable[[Any], Any] = lambda value: value


def registers(
    options: Mapping[str, Registered], *, required: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace a command's parameter `given` by these options; it receives the fields of the given options."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(**arguments: Any) -> None:
            fields: dict[str, Any] = {}
            for name, option in options.items():
                if (value := arguments.pop(name)) is not None:
                    fields[option.field] = option.held(value)
            command(given=fields, **arguments)

        # typer reads the options of a command from its signature.
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
    """Return the given and cleared fields of an update; raises BadParameter for a field in both, and for no field."""
    taken: dict[str, Any] = {}
    for each in cleared:
        taken |= each
    if both := given.keys() & taken.keys():
        raise typer.BadParameter(f"{', '.join(sorted(both))} is given as well", param_hint="--clear")
    if not given and not taken:
        raise typer.BadParameter(f"`keyturn {group} update` needs an option that changes something")
    return given | taken


def values(choices: Iterable[Any]) -> frozenset[str]:
    """Return the values of the given choices."""
    return frozenset(choice.value for choice in choices)


def in_order(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each text once, in the order of first appearance."""
    return tuple(dict.fromkeys(texts))


def names(choices: type[enum.StrEnum]) -> str:
    """Return the choices for a help text: as the type of an option they would truncate the names of options."""
    *some, last = (choice.value for choice in choices)
    return f"{', '.join(some)} or {last}"
