// oauth4webapi: a user's flow, each request and each answer by its own function, with each way of client authentication.
import * as oauth from "oauth4webapi";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";
import { authentication, refusable } from "./user-flow.mjs";

const { issuer, redirect_uri, scope, audience, person, clients } = await question();
const browser = new Browser(person);
const options = { [oauth.allowInsecureRequests]: true }; // the embedded issuer is on http, on loopback alone

async function flow(method, { client_id, ...credentials }) {
  const [url, client] = [new URL(issuer), { client_id, require_auth_time: true, default_max_age: 300 }];
  const authenticate = await authentication(oauth, method, credentials);
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options));

  async function ask() {
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const to = new URL(server.authorization_endpoint);
    const parameters = {
      client_id,
      redirect_uri,
      response_type: "code",
      scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      max_age: "300",
    };
    for (const [name, value] of Object.entries(parameters)) to.searchParams.set(name, value);
    return { location: await browser.answered(to, redirect_uri), verifier, state, nonce };
  }

  async function redeem({ location, verifier, state, nonce }) {
    const parameters = oauth.validateAuthResponse(server, client, location, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, client, authenticate, parameters, redirect_uri, verifier, options,
    );
    const expected = { expectedNonce: nonce, maxAge: 300, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, expected);
    await oauth.validateApplicationLevelSignature(server, response, options);
    return tokens;
  }

  async function refresh({ refresh_token }) {
    const response = await oauth.refreshTokenGrantRequest(server, client, authenticate, refresh_token, options);
    const tokens = await oauth.processRefreshTokenResponse(server, client, response);
    await oauth.validateApplicationLevelSignature(server, response, options);
    return tokens;
  }

  async function introspect(token) {
    if (method === "none") return null;
    const response = await oauth.introspectionRequest(server, client, authenticate, token, options);
    return oauth.processIntrospectionResponse(server, client, response);
  }

  async function getUserinfo(token, sub) {
    const response = await oauth.userInfoRequest(server, client, token, options);
    return oauth.processUserInfoResponse(server, client, sub, response);
  }

  const asked = await ask();
  const first = await redeem(asked);
  const claims = oauth.getValidatedIdTokenClaims(first);
  const userinfo = await getUserinfo(first.access_token, claims.sub);
  const headers = { authorization: `Bearer ${first.access_token}` };
  const request = new Request("https://api.example.com/reports", { headers });
  const access = await oauth.validateJwtAccessToken(server, request, audience, options);
  const second = await refresh(first);
  const third = await refresh(second);

  const told = { before: await introspect(third.access_token), refresh_before: await introspect(third.refresh_token) };
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authenticate, third.refresh_token, options),
  );
  told.after = await introspect(third.access_token);
  told.refresh_after = await introspect(third.refresh_token);

  const { again, old, stranger, silent, other } = await refusable({ ask, redeem, refresh });
  return {
    ...told,
    nonce: asked.nonce,
    claims,
    userinfo,
    access,
    token: first,
    refreshed: third,
    refreshed_claims: oauth.getValidatedIdTokenClaims(third),
    refused: {
      userinfo_of_the_revoked: await refusal(() => getUserinfo(third.access_token, claims.sub)),
      refresh_of_the_revoked: await refusal(() => refresh(third)),
      code_again: await refusal(() => redeem(again)),
      refresh_token_again: await refusal(() => refresh(old)),
      no_iss: await refusal(() => redeem({ ...stranger, location: silent })),
      other_iss: await refusal(() => redeem({ ...stranger, location: other })),
      other_verifier: await refusal(() => redeem({ ...stranger, verifier: oauth.generateRandomCodeVerifier() })),
    },
  };
}

// One after the other: at once, each would wait for a sandbox of the issuer to start.
const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(method, client);
answer(told);
