"""One template with Keyturn's stack and the HTTP example, for `sam local start-api`.

`sam local start-api` leaves out an authorizer whose ARN it cannot read, as that of a parameter without a value. It then
serves every route without one. So the example's API gets the authorizer of the same template here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.examples import FOLDER, HTTP
from local.transform import read_template
from local.user_template import AUTHORIZER

if TYPE_CHECKING:
    from pathlib import Path

_CODE = ("CodeUri", "ContentUri")
_AUTHORIZER = {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]}


def join_templates(build: Path) -> dict[str, Any]:
    """Return the built template with the example's resources; each folder of code is an absolute path."""
    template = read_template(build)
    resources = template["Resources"]
    example = read_template(FOLDER / HTTP / "template.yaml")["Resources"]
    if shared := sorted(resources.keys() & example.keys()):
        raise ValueError(f"the example and the stack both name {', '.join(shared)}")
    _find_code(resources, build.parent)
    _find_code(example, FOLDER / HTTP)
    # The kind of the first API decides which APIs are served: those of SAM, or the plain ones of the issuer.
    joined: dict[str, Any] = {**template, "Resources": _with_own_authorizer(example) | resources}
    return joined


def _find_code(resources: dict[str, Any], folder: Path) -> None:
    for resource in resources.values():
        properties = resource.get("Properties", {})
        for name in _CODE:
            if isinstance(properties.get(name), str):
                properties[name] = str((folder / properties[name]).resolve())


def _with_own_authorizer(value: Any) -> Any:
    """Return the value with the ARN of the same template's authorizer for the example's parameter."""
    if value == {"Ref": AUTHORIZER}:
        return _AUTHORIZER
    if isinstance(value, dict):
        return {name: _with_own_authorizer(each) for name, each in value.items()}
    return [_with_own_authorizer(each) for each in value] if isinstance(value, list) else value
