"""The native template of a SAM template, by the transform that AWS runs too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import intrinsics_multi_constructor  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


_WITH_CODE = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")

# libyaml reads the template in a tenth of the time of the loader in Python.
yaml.CSafeLoader.add_multi_constructor("!", intrinsics_multi_constructor)


class TransformError(Exception):
    """The SAM template is not valid; `causes` are the messages of the transform, one for each fault."""

    def __init__(self, causes: Sequence[str]) -> None:
        super().__init__(f"the template does not transform: {'; '.join(causes)}")
        self.causes = tuple(causes)


def read_template(path: Path) -> dict[str, Any]:
    """Return the SAM template, its short-form intrinsics in long form."""
    template: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return template


def makefile_sources(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the source folder of every function and layer that says `BuildMethod: makefile`, by logical id."""
    return {
        logical_id: _source_of(template, resource)
        for logical_id, resource in template["Resources"].items()
        if _is_made(resource)
    }


def folder_sources(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the source folder of every other function and layer that names one, by logical id."""
    return {
        logical_id: source
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in _WITH_CODE and not _is_made(resource)
        if isinstance(source := _source_of(template, resource), str)
    }


def _is_made(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("Metadata", {}).get("BuildMethod") == "makefile")


def _source_of(template: Mapping[str, Any], resource: Mapping[str, Any]) -> Any:
    properties = resource.get("Properties", {})
    if "InlineCode" in properties:
        return None
    default = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    return properties.get("ContentUri") or properties.get("CodeUri") or default


def transform_template(
    template: Mapping[str, Any], parameters: Mapping[str, str], artifacts: Mapping[str, str], region: str
) -> dict[str, Any]:
    """Return the native template; `artifacts` maps the logical ids of functions and layers to S3 URIs."""
    source = json.loads(json.dumps(template))
    for logical_id, uri in artifacts.items():
        properties = source["Resources"][logical_id]["Properties"]
        properties["ContentUri" if "ContentUri" in properties else "CodeUri"] = uri
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        native: dict[str, Any] = translator.translate(source, dict(parameters))
    except InvalidDocumentException as error:
        raise TransformError([cause.message for cause in error.causes]) from error
    finally:
        translator.metrics.publish()  # to nobody: it warns of metrics that were left unpublished
    return native
