"""The entry of `keyturn`: without the packages of its extra, the command says in one line how to get them."""

from __future__ import annotations

import sys

# Each top-level module of the extra `cli` in pyproject.toml, and click, which typer 0.29 imports.
_OF_THE_EXTRA = frozenset({"boto3", "botocore", "click", "jwt", "typer"})


def main() -> None:
    """Run the command of the arguments, or exit with 1 if a package of the extra is missing."""
    try:
        from keyturn_cli.app import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        # By the name `keyturn` alone pip would ask an index, which does not have this package.
        sys.exit("keyturn: the command needs its extra: type `pip install '.[cli]'` in a clone of Keyturn")
    run()
