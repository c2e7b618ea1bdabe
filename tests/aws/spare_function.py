"""A function beside the stack, from the source of one module; it is deleted."""

from __future__ import annotations

import contextlib
import inspect
import io
import zipfile
from typing import TYPE_CHECKING, Any

from tests.aws.stack import TAG, aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from local.stack_file import StackFile


@contextlib.contextmanager
def spare_function(
    stack: StackFile, resources: Mapping[str, str], source: ModuleType, **configuration: Any
) -> Iterator[str]:
    """Create a function on the issuer's runtime, whose handler is the module's `lambda_handler`; return its ARN."""
    lambda_, module = aws("lambda"), source.__name__.rpartition(".")[2]
    issuer = lambda_.get_function_configuration(FunctionName=resources["TokenIssuerFunction"])
    name = name_of(stack.stack_name, module)
    _delete(name)  # a run that was killed has left its own
    made = lambda_.create_function(
        FunctionName=name,
        Runtime=issuer["Runtime"],
        Architectures=issuer["Architectures"],
        # This role cannot create a log group, which would outlive the function.
        Role=aws("iam").get_role(RoleName=resources["AuthorizerRole"])["Role"]["Arn"],
        Handler=f"{module}.lambda_handler",
        Code={"ZipFile": _archive(module, inspect.getsource(source))},
        Tags={TAG: stack.stack_name},
        **configuration,
    )
    try:
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 2})
        yield made["FunctionArn"]
    finally:
        _delete(name)


def name_of(stack_name: str, module: str) -> str:
    """Return the function's name, of at most 64 characters on Lambda."""
    return f"{stack_name}-{module.replace('_', '-')}"


def _delete(name: str) -> None:
    lambda_ = aws("lambda")
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.delete_function(FunctionName=name)


def _archive(module: str, source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        entry = zipfile.ZipInfo(f"{module}.py")
        entry.external_attr = 0o644 << 16
        content.writestr(entry, source)
    return archive.getvalue()
