"""The commands that work on the running stack: `python -m local deploy|delete|rules|env`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from keyturn_cli.errors import CommandError
from keyturn_cli.output import escape_lines
from keyturn_cli.rules_document import read_document
from local.access_rules import change_rules, read_rules
from local.emulator import STATE
from local.progress import Progress
from local.running_stack import RunningStack, find_running_stack
from local.tool_environment import shell_lines, tool_environment
from local.user_stack import Place, delete_user_stack, deploy_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from local.user_stack import UserStack


class ArgumentsWrong(CommandError):
    """The arguments of a command cannot be read."""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parsers of the commands."""
    deploy = _add(
        commands, "deploy", _deploy, "deploy the SAM template of a folder beside Keyturn's stack, or update it"
    )
    deploy.add_argument("folder", type=Path, help="the folder with the template.yaml")
    deploy.add_argument(
        "--name", help="the stack's name, which begins the addresses of its APIs; default: the folder's name"
    )
    deploy.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the template"
    )
    deploy.add_argument("--json", action="store_true", help="print name, action and outputs as JSON")
    delete = _add(commands, "delete", _delete, "delete a stack that `deploy` made")
    delete.add_argument("name", help="the stack's name")
    rules = _add(commands, "rules", _rules, "set the access rules for the next request, or print those in force")
    rules.add_argument("file", nargs="?", help="a JSON document; - is standard input; default: print those in force")
    env = _add(commands, "env", _env, 'print where the stack is, for other tools: eval "$(python -m local env)"')
    env.add_argument("--json", action="store_true", help="print JSON in place of shell lines")


def run_command(given: argparse.Namespace, root: Path) -> int:
    """Run the parsed command on the stack of this checkout, and return the exit code."""
    run: Callable[[RunningStack, argparse.Namespace], None] = given.run
    try:
        with find_running_stack(root) as running:
            run(running, given)
    except CommandError as error:
        return fail(str(error))
    except (EndpointConnectionError, HTTPClientError):
        return fail("the embedded stack does not answer: look at the terminal of `make run`, and start it again")
    except (BotoCoreError, ClientError, OSError) as error:
        return fail(f"{error}: the log of the emulator is .local/emulator.log")
    except KeyboardInterrupt:
        return 130
    return 0


def place_of(running: RunningStack) -> Place:
    """Return where a user's stack goes on a running stack."""
    described = running.described
    return Place(
        emulator=running,
        keyturn=described.stack_name,
        authorizer_arn=described.outputs["AuthorizerArn"],
        origin=described.apis_origin,
        state=running.directory / STATE,
        builds=running.directory / "builds" / "stacks",
    )


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[RunningStack, argparse.Namespace], None],
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def fail(message: str) -> int:
    """Print the error of a command, and return its exit code."""
    print(f"local: {escape_lines(message)}", file=sys.stderr)
    return 1


def _deploy(running: RunningStack, given: argparse.Namespace) -> None:
    values = _read_values(given.parameter)
    deployed = deploy_folder(place_of(running), given.folder, given.name, values, Progress(sys.stderr))
    if given.json:
        print(json.dumps({"stack": deployed.name, "action": deployed.action, "outputs": deployed.outputs}, indent=2))
    else:
        _print_outputs(deployed)


def _print_outputs(deployed: UserStack) -> None:
    width = max(map(len, deployed.outputs), default=0)
    for name, value in deployed.outputs.items():
        print(escape_lines(f"{name:<{width}}  {value}"))


def _read_values(given: Iterable[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name or name in values:
            raise ArgumentsWrong(f"--parameter {each} is not NAME=VALUE, or names a parameter twice", "correct it")
        values[name] = value
    return values


def _delete(running: RunningStack, given: argparse.Namespace) -> None:
    delete_user_stack(place_of(running), given.name, Progress(sys.stderr))


def _rules(running: RunningStack, given: argparse.Namespace) -> None:
    authorizer = running.described.outputs["AuthorizerArn"]
    if given.file is None:
        print(read_rules(running, authorizer))
        return
    number = change_rules(running, authorizer, read_document(given.file))
    print(
        f"{number} rules decide from the next request on; `.venv/bin/keyturn rules check` compares them with the APIs"
    )


def _env(running: RunningStack, given: argparse.Namespace) -> None:
    variables = tool_environment(running.described)
    print(json.dumps(variables, indent=2) if given.json else "\n".join(shell_lines(variables)))
