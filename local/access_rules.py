"""The access rules of the embedded stack: a document in SSM, so that a change needs no deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn_cli.deployed_authorizer import settings_of
from keyturn_cli.errors import CommandError

if TYPE_CHECKING:
    from authorizer.settings import AuthorizerSettings
    from keyturn_cli.rules_document import Document
    from local.emulator_limitations import EmulatedAws

PARAMETER = "/keyturn/access-rules"
# The longest value of a standard parameter, and of one in the advanced tier.
_STANDARD, _ADVANCED = 4096, 8192


class RulesRefused(CommandError):
    """The rules were not changed; the message says why, and what to type."""


def put_first_rules(emulator: EmulatedAws, text: str) -> None:
    """Store the document unless one is stored: a later start keeps the user's own rules."""
    ssm = emulator.client("ssm")
    try:
        ssm.get_parameter(Name=PARAMETER)
    except ssm.exceptions.ParameterNotFound:
        ssm.put_parameter(Name=PARAMETER, Type="String", Value=text)


def read_rules(emulator: EmulatedAws, authorizer: str) -> str:
    """Return the document that the authorizer decides by; raises RulesRefused."""
    _, settings = _authorizer(emulator, authorizer)
    if not settings.access_rules_parameter:
        return settings.access_rules
    value: str = emulator.client("ssm").get_parameter(Name=settings.access_rules_parameter)["Parameter"]["Value"]
    return value


def change_rules(emulator: EmulatedAws, authorizer: str, document: Document) -> int:
    """Store the document for the next request, and return the number of its rules; raises RulesWrong, RulesRefused."""
    variables, settings = _authorizer(emulator, authorizer)
    name = settings.access_rules_parameter
    if not name:
        raise RulesRefused(
            "this stack has its rules in the parameter AccessRules", "start it without PARAMETERS=AccessRules=…"
        )
    rules = document.parse(settings.audiences)
    text = document.text.strip()
    if len(text) > _ADVANCED:
        raise RulesRefused(
            f"{document.source} has {len(text)} characters, and SSM stores {_ADVANCED}", "shorten the document"
        )
    tier = "Standard" if len(text) <= _STANDARD else "Advanced"
    emulator.client("ssm").put_parameter(Name=name, Type="String", Value=text, Overwrite=True, Tier=tier)
    # A sandbox reads the document once a minute: a new one reads it now.
    emulator.client("lambda").update_function_configuration(
        FunctionName=authorizer, Environment={"Variables": variables}
    )
    return len(list(rules))


def _authorizer(emulator: EmulatedAws, authorizer: str) -> tuple[dict[str, str], AuthorizerSettings]:
    configuration: dict[str, Any] = emulator.client("lambda").get_function_configuration(FunctionName=authorizer)
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    # The emulator adds its endpoint when it starts the function.
    return variables, settings_of({"AWS_ENDPOINT_URL": emulator.endpoint_url} | variables)
