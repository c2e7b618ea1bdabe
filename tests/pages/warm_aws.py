"""Serves the AWS CLI, imported once. It runs in the environment of the AWS CLI, and so imports nothing else."""

from __future__ import annotations

import os
import sys

import awscli.clidriver  # type: ignore[import-not-found]
import awscli.handlers  # type: ignore[import-not-found]  # the AWS CLI would import it in each fork

from tests.pages.warm_server import serve

_DATA_PATH = os.environ["AWS_DATA_PATH"]  # the import of the AWS CLI sets it


def main() -> object:
    """Run the AWS CLI."""
    os.environ["AWS_DATA_PATH"] = _DATA_PATH
    return awscli.clidriver.main()


if __name__ == "__main__":
    serve(sys.argv[1], {"aws": main})
