// oidc-provider, an authorization server that nobody here wrote, on loopback: the same clients, and a login that asks nobody.
import { createServer } from "node:http";
import { Provider, errors } from "oidc-provider";

console.info = console.error; // the standard output is for the answer


// Everything that is asked for is agreed to; `login_hint` names the user.
async function agree(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const result = { login: { accountId: params.login_hint, acr: "urn:example:hint", amr: ["user"] } };
    return provider.interactionFinished(request, response, result);
  }
  const { accountId } = session;
  const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) grant.addResourceScope(resource, scopes.join(" "));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

// Returns the issuer's URL, and what stops it.
export async function start({ clients, audience, scopes }) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients,
    scopes: ["openid", "email", "offline_access"],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, email: `${accountId}@example.com`, email_verified: true }),
    }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
    responseTypes: ["code"],
    enableHttpPostMethods: true,
    cookies: { long: { sameSite: "none" } },
    pkce: { required: () => true },
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    ttl: { AccessToken: 300, AuthorizationCode: 60, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 300, ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        // With `openid`, a token that opens userinfo: the reference gives one for that or one for an API, never both.
        useGrantedResource: () => false,
        // A JWT can neither be introspected nor revoked there: the clients of users get tokens that can.
        getResourceServerInfo: (_context, resource, client) => {
          if (resource !== audience) throw new errors.InvalidTarget();
          const accessTokenFormat = client.grantTypeAllowed("client_credentials") ? "jwt" : "opaque";
          return { audience, scope: scopes, accessTokenTTL: 300, accessTokenFormat, jwt: { sign: { alg: "RS256" } } };
        },
      },
    },
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (request.url.startsWith("/interaction/")) {
      agree(provider, request, response).catch((error) => response.writeHead(500).end(String(error)));
    } else handle(request, response);
  });
  return { issuer, stop: () => server.close() && server.closeAllConnections() };
}
