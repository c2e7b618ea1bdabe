// oauth4webapi: each request and each answer by its own function, and the token as a resource server sees it (RFC 9068 §4).
import * as oauth from "oauth4webapi";
import { answer, question } from "./exchange.mjs";

const { issuer, client_id, client_secret, method, scope, audience } = await question();
const options = { [oauth.allowInsecureRequests]: true }; // the embedded issuer is on http, on loopback alone
const authentication = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost }[method];
const secret = authentication(client_secret);
const client = { client_id };

const url = new URL(issuer);
const discovered = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...options });
const server = await oauth.processDiscoveryResponse(url, discovered);

const granted = await oauth.clientCredentialsGrantRequest(server, client, secret, new URLSearchParams({ scope }), options);
const token = await oauth.processClientCredentialsResponse(server, client, granted);

const request = new Request("https://api.example.com/reports", {
  headers: { authorization: `Bearer ${token.access_token}` },
});
const claims = await oauth.validateJwtAccessToken(server, request, audience, options);

async function introspect() {
  const introspected = await oauth.introspectionRequest(server, client, secret, token.access_token, options);
  return oauth.processIntrospectionResponse(server, client, introspected);
}

const before = await introspect();
await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, secret, token.access_token, options));
answer({ token, claims, before, after: await introspect() });
