"""The document of the access rules: a file's, standard input's, or the deployed one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from authorizer.settings import AuthorizerSettings
from keyturn.domain.access.access_rules import AccessRules, AccessRulesError, parse_access_rules
from keyturn.domain.access.stack_audiences import StackAudiences
from keyturn.domain.errors import KeyturnError
from keyturn_cli.deployment import Deployment
from keyturn_cli.values import read_standard_input

# Of AccessRules, the parameter of the stack, and of a standard parameter of SSM.
_LONGEST_IN_STACK, _LONGEST_IN_SSM = 2048, 4096


class RulesWrong(KeyturnError):
    """The document is wrong; the message says which one, where, and what is expected."""


class Document(NamedTuple):
    """The text of the rules, and where it is."""

    source: str
    text: str

    def parse(self, stack: StackAudiences | None = None) -> AccessRules:
        """Return the rules, for the audiences of a stack if one is known; raises RulesWrong."""
        try:
            return parse_access_rules(self.text, stack)
        except AccessRulesError as error:
            raise RulesWrong(f"{self.source}: {error}") from None

    def notes(self) -> list[str]:
        """Return where the document is too long to be put."""
        length = len(self.text.strip())
        if length > _LONGEST_IN_SSM:
            return [f"{length} characters: a parameter of SSM takes {_LONGEST_IN_SSM}, or 8192 in the advanced tier"]
        if length > _LONGEST_IN_STACK:
            return [f"{length} characters: AccessRules takes {_LONGEST_IN_STACK}; use a parameter of SSM"]
        return []


def read_document(file: str) -> Document:
    """Return a file's document, or that of standard input for "-"; raises RulesWrong, BadParameter."""
    if file == "-":
        return Document("standard input", read_standard_input())
    try:
        return Document(file, Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesWrong(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RulesWrong(f"{file}: this is no UTF-8 text") from None


def deployed_document(deployment: Deployment, settings: AuthorizerSettings) -> Document:
    """Return the document that the deployed function reads; raises RulesWrong, and what boto3 raises."""
    name = settings.access_rules_parameter
    if not name:
        return Document("AccessRules of the stack", settings.access_rules)
    ssm: Any = deployment.client("ssm")
    parameter = ssm.get_parameter(Name=name)["Parameter"]
    if parameter["Type"] != "String":
        raise RulesWrong(f"the parameter {name} has the type {parameter['Type']}: the authorizer reads String alone")
    return Document(f"the parameter {name}", parameter["Value"])
