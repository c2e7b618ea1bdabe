"""The names of resources in a replay: a resource has its logical id, and the stack the name `keyturn`."""

from __future__ import annotations

from typing import Any

STACK = "keyturn"


def name_of(value: Any) -> str:
    """Return the text of a template's value; raises NotImplementedError for an intrinsic that no alarm needs."""
    if isinstance(value, str):
        return value
    [(function, argument)] = value.items()
    if function == "Ref":
        return str(argument)
    if function == "Fn::GetAtt":
        return str(argument[0])
    if function == "Fn::Sub" and isinstance(argument, str):
        return argument.replace("${AWS::StackName}", STACK)
    raise NotImplementedError(f"{function} in the name of a metric")
