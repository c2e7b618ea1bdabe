"""One shape for each error of the command: one line that says what is wrong, and then what to type next."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.errors import (
    AccessDenied,
    AlreadyExists,
    ItemDamaged,
    ItemNewer,
    KeyRingMissing,
    KeyturnError,
    StoreUnavailable,
    VersionConflict,
)

# The errors that a command reports without a traceback.
REPORTED = (KeyturnError, ValueError, OSError, BotoCoreError, ClientError)

# An error from another package lacks a next step: the first class that fits gives it one.
_NEXT_STEPS: tuple[tuple[type[Exception], str], ...] = (
    (AlreadyExists, "list the items of this kind first, and choose another name"),
    (VersionConflict, "run the command again"),
    (StoreUnavailable, "wait a minute, and run the command again"),
    (AccessDenied, "check the caller with `aws sts get-caller-identity`, and the policies of its role"),
    (ItemNewer, "use the `keyturn` of the release that is deployed"),
    (ItemDamaged, "restore the item as docs/runbook.md describes it"),
    (KeyRingMissing, "restore the ring as docs/runbook.md describes it"),
    (KeyturnError, "look it up in docs/runbook.md"),
    (ClientError, "check the account and the role with `aws sts get-caller-identity`"),
    (BotoCoreError, "check the credentials and the Region with `aws sts get-caller-identity`"),
    (OSError, "remove the cause, and run the command again"),
    (ValueError, "correct the value; `--help` after the command describes each option"),
)


class CommandError(KeyturnError):
    """An error of the command itself: `problem` says what is wrong, `next_step` what to type."""

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(_joined(problem, next_step))
        self.problem = problem


def describe(error: Exception) -> str:
    """Return what is wrong and what to type next; takes an error of one of the REPORTED classes."""
    if isinstance(error, CommandError):
        return str(error)
    return _joined(str(error), next(step for kind, step in _NEXT_STEPS if isinstance(error, kind)))


def describe_usage(problem: str, command: str) -> str:
    """Return what is wrong with the arguments of a command, and how to show its options."""
    return _joined(problem[:1].lower() + problem[1:], f"type `{command} --help`")


def problem_of(error: Exception) -> str:
    """Return what is wrong alone, for an error that becomes a part of another one."""
    return error.problem if isinstance(error, CommandError) else str(error)


def _joined(problem: str, next_step: str) -> str:
    return f"{problem.rstrip('.')}: {next_step}"
