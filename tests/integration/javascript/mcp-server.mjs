// A server of the MCP SDK at MCP_URL, as behind a load balancer; tokens are introspected by its own client (RFC 7662).
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";

// A request gets its own server: the example keeps no sessions.
async function serveTools(request, response) {
  const server = new McpServer({ name: "reports", version: "1.0.0" });
  server.registerTool("whoami", { description: "The caller" }, ({ authInfo }) => ({
    content: [{ type: "text", text: JSON.stringify({ ...authInfo.extra, clientId: authInfo.clientId, scopes: authInfo.scopes }) }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
}

// Returns a fetch that reaches the server at its public URL, and what stops it.
export async function serve({ url, metadata, scope, introspector }) {
  const resourceServerUrl = new URL(url);
  const secret = Buffer.from(`${introspector.client_id}:${introspector.client_secret}`).toString("base64");
  async function verifyAccessToken(token) {
    const body = new URLSearchParams({ token });
    const headers = { authorization: `Basic ${secret}` };
    const response = await fetch(metadata.introspection_endpoint, { method: "POST", body, headers });
    const claims = await response.json();
    if (!claims.active) throw new InvalidTokenError("The token is not active");
    const extra = { sub: claims.sub };
    return { token, clientId: claims.client_id, scopes: claims.scope.split(" "), expiresAt: claims.exp, resource: new URL(claims.aud), extra };
  }
  const app = createMcpExpressApp();
  app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl, scopesSupported: [scope] }));
  const bearer = requireBearerAuth({
    verifier: { verifyAccessToken },
    requiredScopes: [scope],
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resourceServerUrl),
    expectedResource: resourceServerUrl,
  });
  app.post(resourceServerUrl.pathname, bearer, serveTools);
  app.get(resourceServerUrl.pathname, bearer, (_request, response) => response.writeHead(405).end());
  const listening = await new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server));
  });
  const origin = `http://127.0.0.1:${listening.address().port}`;
  const reach = (to, init) => fetch(String(to).replace(resourceServerUrl.origin, origin), init);
  return { reach, stop: () => listening.close() && listening.closeAllConnections() };
}
