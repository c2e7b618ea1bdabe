"""The command line's entry: a failure is one line on standard error and exit code 1."""

from __future__ import annotations

import sys

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.errors import KeyturnError
from keyturn_cli import clients, gateway, keys, resources, rules, token, users
from keyturn_cli.options import StackCommands
from keyturn_cli.output import EscapedErrors, escape, print_traceback
from keyturn_cli.revoke import revoke
from keyturn_cli.uninstall import uninstall

app = StackCommands(
    cls=EscapedErrors,
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
    except (KeyturnError, ValueError, OSError, BotoCoreError, ClientError) as error:
        sys.exit(escape(f"keyturn: {error}"))
    except Exception:
        print_traceback()
        sys.exit(1)
