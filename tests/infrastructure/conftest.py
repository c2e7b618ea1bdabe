"""The template as CloudFormation sees it: transformed, with the parameters' defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.transform import makefile_sources, read_template, transform_template
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.parameter_changes import Schemas
from tests.infrastructure.replay.sandbox import credentials

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def source() -> dict[str, Any]:
    """Return the SAM source."""
    return read_template(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def template(source: dict[str, Any]) -> NativeTemplate:
    """Return the native template with the default parameters."""
    artifacts = {logical_id: f"s3://bucket/{logical_id}" for logical_id in makefile_sources(source)}
    return NativeTemplate(transform_template(source, {}, artifacts, "us-east-1"))


@pytest.fixture(autouse=True)
def _credentials() -> Iterator[None]:
    """Give a replayed authorizer what it signs requests with."""
    with credentials():
        yield


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """Return CloudFormation's schemas, which are there after `make tools`."""
    found = Schemas.installed()
    if found is None:
        pytest.skip("the schemas are in .venv-tools: make tools")
    return found
