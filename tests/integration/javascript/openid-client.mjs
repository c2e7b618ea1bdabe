// openid-client: the life of a token, as an application tells it.
import * as oauth from "openid-client";
import { answer, question } from "./exchange.mjs";

const { issuer, client_id, client_secret, method, scope } = await question();
const authentication = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost }[method];
const configuration = await oauth.discovery(new URL(issuer), client_id, undefined, authentication(client_secret), {
  algorithm: "oauth2", // RFC 8414, not OpenID Connect
  execute: [oauth.allowInsecureRequests], // the embedded issuer is on http, on loopback alone
});
const token = await oauth.clientCredentialsGrant(configuration, { scope });
const before = await oauth.tokenIntrospection(configuration, token.access_token);
await oauth.tokenRevocation(configuration, token.access_token);
const after = await oauth.tokenIntrospection(configuration, token.access_token);
answer({ token, before, after });
