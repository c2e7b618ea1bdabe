"""API Gateway's two services, as far as an operator looks at them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"


def uri(arn: str) -> str:
    """Return the URI by which API Gateway calls a function."""
    return f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{arn}/invocations"


class Apis:
    """Both services of API Gateway: some APIs with an authorizer each; `denied` are those that may not be flushed."""

    def __init__(self, *apis: dict[str, Any], denied: frozenset[str] = frozenset()) -> None:
        self.apis = {api["id"]: api for api in apis}
        self.denied = denied
        self.flushed: list[tuple[str, str]] = []

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, f"_{operation}"))

    def _get_rest_apis(self) -> list[Any]:
        return [{"items": [{"id": api, "name": "orders"}]} for api in self.apis]

    def _get_apis(self) -> list[Any]:
        return [{"Items": [{"ApiId": api, "Name": "orders"}]} for api in self.apis]

    def _get_authorizers(self, **api: str) -> list[Any]:
        [(name, value)] = api.items()
        found = {key: each for key, each in self.apis[value].items() if key != "id"}
        return [{"items": [], "Items": []}, {"items": [found]} if name == "restApiId" else {"Items": [found]}]

    def get_stages(self, restApiId: str) -> Any:  # noqa: N803 - boto3's name
        return {"item": [{"stageName": "prod"}, {"stageName": "test"}]}

    def _get_stages(self, **_api: str) -> list[Any]:
        return [{"Items": [{"StageName": "$default"}]}]

    def _flush(self, api: str, stage: str) -> None:
        if api in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Flush")
        self.flushed.append((api, stage))

    def flush_stage_authorizers_cache(self, restApiId: str, stageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(restApiId, stageName)

    def reset_authorizers_cache(self, ApiId: str, StageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(ApiId, StageName)
