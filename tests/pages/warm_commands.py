"""Serves `keyturn`, `python -m local` and the steps of an administrator, imported once."""

from __future__ import annotations

import sys

import boto3
import typer.main

from keyturn_cli.app import app
from keyturn_cli.app import main as keyturn
from local.__main__ import main as local
from tests.fakes.kept_setups import keep_setups
from tests.pages.administrator import main as administrator
from tests.pages.warm_server import serve

_SERVICES = ("apigateway", "apigatewayv2", "cloudformation", "dynamodb", "kms", "lambda", "ssm", "sts")


def read_models() -> None:
    """Let boto3 read the API models of the commands' services once, before the forks."""
    session = boto3.session.Session("nobody", "nothing", region_name="us-east-1")
    for service in _SERVICES:
        session.client(service).close()  # type: ignore[call-overload]  # any service


if __name__ == "__main__":
    keep_setups()
    read_models()
    typer.main.get_command(app)  # is kept
    serve(sys.argv[1], {"keyturn": keyturn, "local": local, "administrator": administrator})
