"""The options that commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from keyturn_cli.deployment import StackSelection

Command = TypeVar("Command", bound=Callable[..., Any])

# A command that takes it has --stack, --profile and --region; None where none of them is given.
Stack: TypeAlias = StackSelection | None
Profile = Annotated[str | None, typer.Option(help="The AWS profile of a deployed stack.")]
Region = Annotated[str | None, typer.Option(help="The AWS Region of a deployed stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
UserName = Annotated[str, typer.Argument(metavar="USER", help="The subject (u_…) or the email address.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_STACK_OPTIONS: dict[str, Any] = {
    "stack": Annotated[
        str | None,
        typer.Option(
            help="A deployed CloudFormation stack. Without it: KEYTURN_STACK, else the embedded stack of this folder."
        ),
    ],
    "profile": Profile,
    "region": Region,
}


class StackCommands(typer.Typer):
    """A group of commands; each that declares `stack: Stack` gets the three options that select a stack."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Command], Command]:
        """Register a command, as typer does."""
        register = super().command(name, **options)

        def decorate(command: Command) -> Command:
            register(_with_stack_options(command))
            return command

        return decorate


def _with_stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command, eval_str=True)
    if all(parameter.annotation != Stack for parameter in signature.parameters.values()):
        return command

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        selected = StackSelection(*(arguments.pop(name) for name in _STACK_OPTIONS))
        command(stack=None if selected == StackSelection() else selected, **arguments)

    # typer reads the options of a command from its signature.
    vars(with_options)["__signature__"] = signature.replace(parameters=[*_parameters(signature)])
    return with_options


def _parameters(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    by_name = inspect.Parameter.KEYWORD_ONLY
    for parameter in signature.parameters.values():
        if parameter.annotation != Stack:
            yield parameter.replace(kind=by_name)
            continue
        for name, annotation in _STACK_OPTIONS.items():
            yield inspect.Parameter(name, by_name, default=None, annotation=annotation)
