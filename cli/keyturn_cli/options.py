"""The options that commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from keyturn_cli.deployment import StackSelection

Command = TypeVar("Command", bound=Callable[..., Any])

# A command with this parameter has --stack, --profile and --region; the value is None if all three are missing.
Stack: TypeAlias = StackSelection | None
Profile = Annotated[str | None, typer.Option(help="The AWS profile of a deployed stack.")]
Region = Annotated[str | None, typer.Option(help="The AWS Region of a deployed stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option(help="The reason, which is stored with the revocation.")]
UserName = Annotated[
    str, typer.Argument(metavar="USER", help="The subject, which begins with u_, or the email address.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Skip the question.")]

_STACK_OPTIONS: dict[str, Any] = {
    "stack": Annotated[
        str | None,
        typer.Option(
            help="A deployed CloudFormation stack. Default: KEYTURN_STACK, else the embedded stack of this folder."
        ),
    ],
    "profile": Profile,
    "region": Region,
}


class StackCommands(typer.Typer):
    """A group of commands; each that declares `stack: Stack` gets the three options that select a stack."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Command], Command]:
        """Register a command, as typer does."""

        def decorate(command: Command) -> Command:
            register = super(StackCommands, self).command(name, help=_help_of(command), **options)
            register(_with_stack_options(command))
            return command

        return decorate


def _help_of(command: Callable[..., Any]) -> str:
    """Return the docstring with each paragraph on one line: typer would keep the line ends of the source."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


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
