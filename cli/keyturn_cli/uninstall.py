"""`keyturn uninstall`: list the resources that outlive a stack, and delete its keys after a second confirmation."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.caller import find_caller
from keyturn_cli.deployment import configured_endpoints, open_session, print_target
from keyturn_cli.errors import CommandError
from keyturn_cli.options import AsJson, Profile, Region
from keyturn_cli.output import ask, print_json, print_line, print_note, print_table
from keyturn_cli.stack_keys import OTHER, PEPPER, SIGNING, StackKeys, TaggedKey

_SERVICES = ("cloudformation", "dynamodb", "kms", "lambda", "sts")
TABLES = (
    "KeyRingTable",
    "RevocationTable",
    "ClientTable",
    "GrantTable",
    "UserTable",
    "AuthorityTable",
    "CredentialTable",
    "SessionTable",
    "InteractionTable",
)
_LAYERS = ("KeyturnLayer", "DependenciesLayer", "LoginLayer")
_GONE = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
_DELETED = "DELETE_COMPLETE"


class StackStillThere(CommandError):
    """The keys are in use: the stack must be deleted first."""


class Survivor(NamedTuple):
    """A resource that outlives the stack, and the consequence of keeping it."""

    kind: str
    name: str
    state: str
    meaning: str


class Remains:
    """The resources of a stack's name in the account and Region of `session`, which has the operator's own rights."""

    def __init__(self, session: boto3.Session, stack: str) -> None:
        self._session = session
        self._stack = stack

    def stack_status(self) -> str | None:
        """Return CloudFormation's status of the stack, or None without a stack; raises the errors of boto3."""
        try:
            [found] = self._session.client("cloudformation").describe_stacks(StackName=self._stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        status: str = found["StackStatus"]
        return None if status == _DELETED else status

    def keys(self, tables: list[Survivor]) -> list[Survivor]:
        """Return the keys with the stack's tag; `tables` are the stack's, whose rings name its signing keys."""
        rings = [table.name for table in tables if table.name.startswith(f"{self._stack}-KeyRingTable-")]
        return [_key(key) for key in StackKeys(self._session, self._stack, rings).tagged()]

    def tables(self) -> list[Survivor]:
        """Return the tables that CloudFormation named after the stack."""
        pattern = re.compile(rf"{re.escape(self._stack)}-(?:{'|'.join(TABLES)})-[A-Z0-9]+")
        pages = self._session.client("dynamodb").get_paginator("list_tables").paginate()
        names = [name for page in pages for name in page["TableNames"]]
        return [
            Survivor("table", name, "kept", "keeps the stored data, with backups of 35 days")
            for name in names
            if pattern.fullmatch(name)
        ]

    def layers(self) -> list[Survivor]:
        """Return the versions of the layers, which have the same names in every stack."""
        client = self._session.client("lambda")
        found = []
        for layer in _LAYERS:
            for page in client.get_paginator("list_layer_versions").paginate(LayerName=layer):
                found += [version["LayerVersionArn"] for version in page["LayerVersions"]]
        return [Survivor("layer", arn, "kept", "costs nothing; another stack may use it") for arn in found]

    def schedule_deletion(self, arn: str, days: int) -> None:
        """Let KMS delete the key after a waiting time; raises the errors of boto3."""
        self._session.client("kms").schedule_key_deletion(KeyId=arn, PendingWindowInDays=days)


def _key(key: TaggedKey) -> Survivor:
    state = key.found["KeyState"]
    if key.kind == OTHER:
        meaning = f"has the tag of the stack, but {key.doubt}: it is not deleted"
    elif state in _GONE:
        meaning = f"costs nothing; gone on {key.found['DeletionDate']:%Y-%m-%d}"
    elif key.kind == PEPPER:
        meaning = "about $1 a month; the passwords of CredentialTable need it"
    else:
        meaning = f"about $1 a month; {'can sign' if state == 'Enabled' else 'cannot sign'}"
    return Survivor(key.kind, key.arn, state, meaning)


def uninstall(
    stack: Annotated[str, typer.Argument(help="The name of the stack.")],
    delete_keys: Annotated[bool, typer.Option("--delete-keys", help="Schedule the deletion of the keys.")] = False,
    days: Annotated[int, typer.Option(min=7, max=30, help="The days that KMS waits before it deletes a key.")] = 30,
    confirm: Annotated[str | None, typer.Option(help="The stack's name once more, instead of typing it.")] = None,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """List the resources that `sam delete` leaves. --delete-keys schedules the deletion of the keys, and asks first."""
    session = open_session(profile, region)
    account = find_caller(stack, session.client).account
    print_target(stack, account, session.region_name, configured_endpoints(_SERVICES, session.client))
    remains = Remains(session, stack)
    status = remains.stack_status()
    tables = remains.tables()
    keys = remains.keys(tables)
    if delete_keys:
        _delete_keys(remains, stack, status, keys, days=days, confirm=confirm, as_json=as_json)
        return
    survivors = [*keys, *tables, *remains.layers()]
    if as_json:
        print_json({"stack": stack, "status": status, "survivors": [each._asdict() for each in survivors]})
        return
    print_table(("kind", "name", "state", "meaning"), [each._asdict() for each in survivors])
    print_line()
    if status is not None:
        print_line(
            f"The stack still exists ({status}). `sam delete --stack-name {stack}` deletes it, but not the list above."
        )
    print_line(
        f"To delete the keys, run `keyturn uninstall {stack} --delete-keys` after the stack. To delete a table, run:"
    )
    print_line("  aws dynamodb update-table --no-deletion-protection-enabled --table-name NAME")
    print_line("  aws dynamodb wait table-exists --table-name NAME")
    print_line("  aws dynamodb delete-table --table-name NAME")
    if any(key.kind == PEPPER for key in keys):
        print_line("The policy of the pepper forbids its deletion, since the passwords are lost with it.")
        print_line('docs/runbook.md, "The pepper", shows how an administrator deletes it.')


def _delete_keys(
    remains: Remains,
    stack: str,
    status: str | None,
    keys: list[Survivor],
    *,
    days: int,
    confirm: str | None,
    as_json: bool,
) -> None:
    if status is not None:
        raise StackStillThere(
            f"stack {stack} still exists ({status}) and signs with these keys",
            f"delete it first with `sam delete --stack-name {stack}`",
        )
    live = [key for key in keys if key.kind == SIGNING and key.state not in _GONE]
    others = [key for key in keys if key.kind == OTHER]
    for key in others:
        print_note(f"{key.name} {key.meaning}")
    if live and confirm is None:
        print_line(
            f"{len(live)} keys of {stack} stop signing now, and are deleted in {days} days. Until then,", err=True
        )
        print_line("`aws kms cancel-key-deletion` restores a key. After that the keys are lost.", err=True)
        confirm = ask("Type the stack's name to continue")
    if live and confirm != stack:
        raise CommandError(f"nothing was done, since the typed name differs from {stack}", "run the command again")
    outcomes = []
    for number, key in enumerate(live, start=1):
        try:
            remains.schedule_deletion(key.name, days)
            outcomes.append({"key": key.name, "deleted_in_days": days})
        except (BotoCoreError, ClientError) as fault:
            outcomes.append({"key": key.name, "error": str(fault)})
        if not as_json:
            failed = outcomes[-1].get("error")
            what = f"not done: {key.name}: {failed}" if failed else f"done: {key.name} is deleted in {days} days"
            print_line(f"[{number}/{len(live)}] {what}", err=failed is not None)
    if as_json:
        print_json({"stack": stack, "keys": outcomes, "kept": [key._asdict() for key in others]})
    elif not live:
        print_line(f"{stack} has no key left to delete")
    if any("error" in outcome for outcome in outcomes):
        raise typer.Exit(1)
