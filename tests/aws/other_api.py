"""HTTP APIs beside the stack, each with a backend and authorizers of its own."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.aws.stack import TAG, aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

HEADER = ["$request.header.Authorization"]


class OtherApi(NamedTuple):
    """An HTTP API that is no part of the stack."""

    id: str
    url: str
    integration: str

    def add_open_route(self, route_key: str) -> None:
        """Add a route that everybody may call."""
        aws("apigatewayv2").create_route(ApiId=self.id, RouteKey=route_key, Target=f"integrations/{self.integration}")

    def add_route(self, path: str, kind: str, **authorizer: Any) -> str:
        """Add a route for GET behind an authorizer of its own; return its URL."""
        gateway = aws("apigatewayv2")
        made = gateway.create_authorizer(ApiId=self.id, Name=path, IdentitySource=HEADER, **authorizer)
        gateway.create_route(
            ApiId=self.id,
            RouteKey=f"GET /{path}",
            AuthorizationType=kind,
            AuthorizerId=made["AuthorizerId"],
            Target=f"integrations/{self.integration}",
        )
        return f"{self.url}/{path}"


@contextlib.contextmanager
def other_api(stack: StackFile, name: str, **integration: str) -> Iterator[OtherApi]:
    """Create an API with this integration, and delete it afterwards."""
    gateway = aws("apigatewayv2")
    api = gateway.create_api(
        Name=f"{stack.stack_name}-verification-{name}", ProtocolType="HTTP", Tags={TAG: stack.stack_name}
    )
    try:
        gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
        made = gateway.create_integration(ApiId=api["ApiId"], **integration)
        yield OtherApi(api["ApiId"], url_of(api), made["IntegrationId"])
    finally:
        with contextlib.suppress(gateway.exceptions.NotFoundException):
            gateway.delete_api(ApiId=api["ApiId"])


def url_of(api: dict[str, str]) -> str:
    """Return where the API answers; an emulator has another place for it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return f"{endpoint}/_aws/execute-api/{api['ApiId']}" if endpoint else api["ApiEndpoint"]
