"""A server of the MCP SDK of PyPI that verifies the issuer's tokens with `keyturn.jose`."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.jose import KeySet, TokenError, VerificationPolicy, verify_access_token
from tests.integration.http import CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile


class _Verifier:
    """The SDK's token verifier over `keyturn.jose`, as docs/verifying-service.md has it."""

    def __init__(self, stack: StackFile, audience: str) -> None:
        self._keys = KeySet.from_jwks(CLIENT.get(stack.outputs["JwksUrl"]).json())
        self._policy = VerificationPolicy(issuer=stack.issuer, audiences={audience}, algorithms={"RS256"})

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token's facts, or None for a refused one."""
        try:
            verified = verify_access_token(token, self._keys, self._policy, now=wall_seconds())
        except TokenError:
            return None
        return AccessToken(
            token=token,
            client_id=verified.client_id,
            scopes=sorted(verified.scope),
            expires_at=int(verified.expires_at),
            resource=next(iter(verified.audience)),
            subject=verified.subject,
        )


@contextmanager
def mcp_server(stack: StackFile, scope: str) -> Iterator[str]:
    """Return the URL of a server of the PyPI SDK that the issuer's tokens open."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    settings = AuthSettings.model_validate(
        {
            "issuer_url": stack.issuer,
            "resource_server_url": url,
            "required_scopes": [scope],
            "validate_token_resource": True,
        }
    )
    tools = MCPServer("reports", token_verifier=_Verifier(stack, url), auth=settings, log_level="ERROR")

    @tools.tool()
    def whoami() -> str:
        """Return the subject and the client of the caller."""
        caller = get_access_token()
        assert caller is not None
        return f"{caller.subject} {caller.client_id}"

    app = tools.streamable_http_app(json_response=True, stateless_http=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
