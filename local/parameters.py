"""The parameters of the template in `make run PARAMETERS="A=b C=d"`, checked as CloudFormation checks them.

The emulator takes any name and any value: a misspelt name would have no effect.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

# The embedded stack sets these for itself: its ports, and the processor of this machine.
_OWN = frozenset({"IssuerUrl", "Architecture"})


class ParametersWrong(Exception):
    """The parameters were refused before the start; the message says what to type."""


def read_parameters(text: str, template: Mapping[str, Any]) -> dict[str, str]:
    """Return the values by name; raises ParametersWrong. A value with spaces is in quotes, as in a shell."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ParametersWrong(f"PARAMETERS cannot be read: {error}: close each quote") from None
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in found:
            raise ParametersWrong(
                f"PARAMETERS has {word!r}, which is no NAME=VALUE, or names a parameter twice: "
                'type make run PARAMETERS="NAME=VALUE NAME=VALUE", with quotes around a value with spaces'
            )
        found[name] = value
        if name in _OWN:
            raise ParametersWrong(f"the embedded stack sets {name} itself: take it out of PARAMETERS")
        check_value(name, value, {each: rules for each, rules in template["Parameters"].items() if each not in _OWN})
    return found


def check_value(name: str, value: str, known: Mapping[str, Any], file: str = "template.yaml") -> None:
    """Check one value by the rules of a template's parameters; raises ParametersWrong."""
    if name not in known:
        [*close] = get_close_matches(name, known, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        names = f"Its parameters are {', '.join(sorted(known))}" if known else "It has no parameters"
        raise ParametersWrong(f"{file} has no parameter {name}: {meant}{names}")
    if (rule := _broken_rule(known[name], value)) is not None:
        raise ParametersWrong(f"{name} is {rule}, and not {value!r}")


def _broken_rule(parameter: Mapping[str, Any], value: str) -> str | None:
    """Return the rule of the template that the value breaks, or None."""
    allowed = [str(each) for each in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"one of {', '.join(allowed)}"
    if parameter["Type"] == "Number":
        return _broken_bounds(parameter, value)
    if re.fullmatch(parameter.get("AllowedPattern", ".*"), value, re.DOTALL) is None:
        return str(parameter.get("ConstraintDescription", parameter["AllowedPattern"])).rstrip(".")
    longest = parameter.get("MaxLength")
    return f"at most {longest} characters" if longest is not None and len(value) > int(longest) else None


def _broken_bounds(parameter: Mapping[str, Any], value: str) -> str | None:
    if re.fullmatch("-?[0-9]{1,15}", value) is None:
        return "a whole number"
    least, most = parameter.get("MinValue"), parameter.get("MaxValue")
    if least is not None and int(value) < int(least):
        return f"{least} or more"
    return f"{most} or less" if most is not None and int(value) > int(most) else None
