"""The document of the access rules, from a file, standard input or the deployed stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from authorizer.settings import AuthorizerSettings
from keyturn.domain.access.access_rules import AccessRules, AccessRulesError, parse_access_rules
from keyturn.domain.access.stack_audiences import StackAudiences
from keyturn_cli.deployment import Deployment
from keyturn_cli.errors import CommandError
from keyturn_cli.values import read_standard_input

# The longest value of the stack's parameter AccessRules, and of a standard parameter of SSM.
LONGEST_IN_STACK, _LONGEST_IN_SSM = 1024, 4096


_SHOW_FORM = "docs/access-rules.md shows the form of a document"


class RulesWrong(CommandError):
    """The document is wrong or cannot be read; the message says which one, where, and what is expected."""


class Document(NamedTuple):
    """The text of the rules, and its source."""

    source: str
    text: str

    def parse(self, stack: StackAudiences | None = None) -> AccessRules:
        """Return the rules, for the audiences of a stack if one is known; raises RulesWrong."""
        try:
            return parse_access_rules(self.text, stack)
        except AccessRulesError as error:
            raise RulesWrong(f"{self.source}: {error}", _SHOW_FORM) from None

    def notes(self) -> list[str]:
        """Return a note for a document that is too long for a parameter."""
        length = len(self.text.strip())
        if length > _LONGEST_IN_SSM:
            return [f"{length} characters: a parameter of SSM holds {_LONGEST_IN_SSM}, or 8192 in the advanced tier"]
        if length > LONGEST_IN_STACK:
            return [f"{length} characters: AccessRules holds {LONGEST_IN_STACK}; use a parameter of SSM"]
        return []


def read_document(file: str) -> Document:
    """Return a file's document, or that of standard input for "-"; raises RulesWrong, BadParameter."""
    if file == "-":
        return Document("standard input", read_standard_input())
    try:
        return Document(file, Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesWrong(f"{file}: {error.strerror}", "give the name of a file, or - for standard input") from None
    except UnicodeDecodeError:
        raise RulesWrong(f"{file} is not UTF-8 text", _SHOW_FORM) from None


def deployed_document(deployment: Deployment, settings: AuthorizerSettings) -> Document:
    """Return the document that the deployed function reads; raises RulesWrong, and the errors of boto3."""
    name = settings.access_rules_parameter
    if not name:
        return Document("AccessRules of the stack", settings.access_rules)
    ssm: Any = deployment.client("ssm")
    parameter = ssm.get_parameter(Name=name)["Parameter"]
    if parameter["Type"] != "String":
        raise RulesWrong(
            f"the parameter {name} has the type {parameter['Type']}, and the authorizer reads only the type String",
            "delete it, and create it with `aws ssm put-parameter --type String`",
        )
    return Document(f"the parameter {name}", parameter["Value"])
