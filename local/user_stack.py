"""A user's own stack on the emulator: a SAM template of a folder, deployed beside Keyturn's stack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn_cli.errors import CommandError
from local.api_addresses import NAME, ApiAddresses, api_prefixes, local_address, upstream_routes
from local.build import BuildError, build_artifacts
from local.deployer import Deployer, DeployError
from local.transform import TransformError
from local.user_template import (
    AUTHORIZER,
    TemplateRefused,
    check_functions,
    explain_transform,
    fill_parameters,
    find_template,
    read_user_template,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from local.emulator_limitations import EmulatedAws
    from local.progress import Progress

# CloudFormation's rule for the name of a stack; it is a prefix of URLs too.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


class StackRefused(CommandError):
    """The stack was not deployed or deleted; the message says why, and what to type."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user's stack goes: the emulator, Keyturn's own stack there, and folders for state and archives.

    `origin` is that of the front proxy of the APIs.
    """

    emulator: EmulatedAws
    keyturn: str
    authorizer_arn: str
    origin: str
    state: Path
    builds: Path


@dataclass(frozen=True, slots=True)
class UserStack:
    """A deployed stack; `outputs` name its APIs by their addresses on this machine."""

    name: str
    action: str
    outputs: dict[str, str]
    physical_ids: dict[str, str]


def deploy_folder(
    place: Place, folder: Path, name: str | None, given: Mapping[str, str], progress: Progress
) -> UserStack:
    """Deploy the template of a folder, or update its stack; raises TemplateRefused and StackRefused.

    The name is the folder's unless one is given. A parameter keeps its value of the last deployment. The authorizer's
    ARN comes from Keyturn's own stack.
    """
    path = find_template(folder)
    name = _checked_name(place, name or path.parent.resolve().name, "choose another one with --name")
    template = read_user_template(path)
    check_functions(path, template)
    deployer = Deployer(place.emulator, name, _record(place, name))
    parameters = _parameters(place, path, template, deployer, given)
    try:
        with progress.step("artifacts") as step:
            artifacts = build_artifacts(template, path.parent, place.builds / name)
            step.result = ", ".join(artifacts) or "none to build"
        with progress.step("stack") as step:
            deployed = deployer.deploy(template, parameters, artifacts)
            step.result = f"{name} {deployed.action}"
    except TransformError as error:
        causes = "\n".join(explain_transform(path, cause) for cause in error.causes)
        raise TemplateRefused(f"the template does not transform:\n{causes}", "correct the template") from None
    except BuildError as error:
        raise StackRefused(str(error), "correct the function's folder") from None
    except DeployError as error:
        raise StackRefused(str(error), "correct the template, and type the same command again") from None
    prefixes = api_prefixes(name, deployed.native, deployed.physical_ids)
    ApiAddresses(place.state / NAME).put(name, upstream_routes(prefixes))
    outputs = {
        key: local_address(value, prefixes, place.origin, place.emulator.endpoint_url)
        for key, value in deployed.outputs.items()
    }
    return UserStack(name, deployed.action, outputs, deployed.physical_ids)


def delete_user_stack(place: Place, name: str, progress: Progress) -> None:
    """Delete a stack that was deployed from a folder; raises StackRefused."""
    _checked_name(place, name, "type the name that `local deploy` printed")
    deployer = Deployer(place.emulator, name, _record(place, name))
    try:
        with progress.step("stack") as step:
            if not deployer.delete():
                raise StackRefused(f"there is no stack {name}", "type the name that `local deploy` printed")
            step.result = f"{name} deleted"
    except DeployError as error:
        raise StackRefused(str(error), "remove the cause, and type the same command again") from None
    ApiAddresses(place.state / NAME).put(name, {})


def _parameters(
    place: Place, path: Path, template: Mapping[str, Any], deployer: Deployer, given: Mapping[str, str]
) -> dict[str, str]:
    # The value of a NoEcho parameter reads as asterisks.
    hidden = {key for key, each in template.get("Parameters", {}).items() if str(each.get("NoEcho")).lower() == "true"}
    known = {key: value for key, value in deployer.deployed_parameters().items() if key not in hidden}
    # A new state has another authorizer: its ARN is always the current one.
    return fill_parameters(path, template, given, known | {AUTHORIZER: place.authorizer_arn})


def _checked_name(place: Place, name: str, next_step: str) -> str:
    if name == place.keyturn:
        raise StackRefused(f"{name} is the name of Keyturn's own stack", next_step)
    if _NAME.fullmatch(name) is None:
        raise StackRefused(
            f"{name!r} is not the name of a stack, which is a letter, and letters, digits and hyphens after it",
            next_step,
        )
    return name


def _record(place: Place, name: str) -> Path:
    return place.state / f"deployed-{name}"
