"""The command line's entry: an error is one line on standard error, with exit code 1, or 2 for wrong arguments."""

from __future__ import annotations

import sys

from keyturn_cli import clients, gateway, keys, resources, rules, token, users
from keyturn_cli.errors import REPORTED, describe
from keyturn_cli.options import StackCommands
from keyturn_cli.output import OneLineErrors, escape, print_traceback
from keyturn_cli.revoke import revoke
from keyturn_cli.uninstall import uninstall

app = StackCommands(
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    help="Operate a Keyturn stack.",
    pretty_exceptions_enable=False,
)
app.add_typer(clients.app, name="clients")
app.add_typer(users.app, name="users")
app.add_typer(resources.app, name="resources")
app.add_typer(keys.app, name="keys")
app.add_typer(gateway.app, name="gateway")
app.add_typer(rules.app, name="rules")
app.add_typer(token.app, name="token")
app.command("revoke")(revoke)
app.command("uninstall")(uninstall)


def main() -> None:
    """Run the command of the arguments."""
    try:
        app(prog_name="keyturn")
    except REPORTED as error:
        sys.exit(escape(f"keyturn: {describe(error)}"))
    except Exception:
        print_traceback()
        sys.exit(1)
