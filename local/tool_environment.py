"""The environment in which other tools find the running stack, for `python -m local env`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.stack_file import StackFile

# A session token or a profile of the user's own would be sent with the keys of the emulator.
UNSET = ("AWS_SESSION_TOKEN", "AWS_PROFILE")


def tool_environment(stack: StackFile) -> dict[str, str]:
    """Return the variables: those that AWS's SDKs read, the demo client, and each output as KEYTURN_NAME_OF_OUTPUT.

    The keys are those of the emulator's root. They are new at each start, and no others exist.
    """
    aws = {
        "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
        "AWS_REGION": stack.emulator["region"],
        "AWS_DEFAULT_REGION": stack.emulator["region"],
        "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
    }
    client = {
        "KEYTURN_CLIENT_ID": stack.client_id,
        "KEYTURN_CLIENT_SECRET": stack.client_secret,
        "KEYTURN_AUDIENCE": stack.audience,
    }
    apis = {f"KEYTURN_API_{name.upper()}": url for name, url in stack.apis.items()}
    return aws | client | apis | {f"KEYTURN_{_snake(name)}": value for name, value in stack.outputs.items()}


def shell_lines(variables: Mapping[str, str]) -> list[str]:
    """Return the lines that a POSIX shell evaluates."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return [f"unset {' '.join(UNSET)}", *exports]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
