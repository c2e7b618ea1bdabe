"""From the SAM template to the native one, by the transform that AWS runs too."""

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
    from collections.abc import Mapping
    from pathlib import Path


# libyaml reads the template in a tenth of the time of the loader in Python.
yaml.CSafeLoader.add_multi_constructor("!", intrinsics_multi_constructor)


class TransformError(Exception):
    """The SAM template is not valid; the message says where."""


def read_template(path: Path) -> dict[str, Any]:
    """Return the SAM template, its short-form intrinsics in long form."""
    template: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return template


def makefile_sources(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the source folder of every function and layer that says `BuildMethod: makefile`, by logical id."""
    defaults = template.get("Globals", {}).get("Function", {})
    sources = {}
    for logical_id, resource in template["Resources"].items():
        if resource.get("Metadata", {}).get("BuildMethod") == "makefile":
            properties = resource["Properties"]
            sources[logical_id] = properties.get("ContentUri") or properties.get("CodeUri") or defaults["CodeUri"]
    return sources


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
        translator.metrics.publish()  # to nobody: it warns of metrics that were left unpublished
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TransformError(f"the template does not transform: {causes}") from error
    return native
