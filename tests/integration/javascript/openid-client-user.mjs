// openid-client: a user's flow by OpenID Connect, with each way of client authentication.
import * as oauth from "openid-client";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";
import { authentication, refusable } from "./user-flow.mjs";

const { issuer, redirect_uri, scope, person, clients } = await question();
const browser = new Browser(person);

async function flow(method, client) {
  const authenticate = await authentication(oauth, method, client);
  const configuration = await oauth.discovery(new URL(issuer), client.client_id, undefined, authenticate, {
    execute: [oauth.allowInsecureRequests, oauth.enableNonRepudiationChecks], // http, on loopback alone
  });

  async function ask() {
    const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [oauth.randomState(), oauth.randomNonce()];
    const url = oauth.buildAuthorizationUrl(configuration, {
      redirect_uri,
      scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
      max_age: "300",
    });
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true, maxAge: 300 };
    return { location: await browser.answered(url, redirect_uri), checks };
  }
  const redeem = ({ location, checks }) => oauth.authorizationCodeGrant(configuration, location, checks);
  const refresh = (tokens) => oauth.refreshTokenGrant(configuration, tokens.refresh_token);

  const asked = await ask();
  const first = await redeem(asked);
  const claims = first.claims();
  const userinfo = await oauth.fetchUserInfo(configuration, first.access_token, claims.sub);
  const second = await refresh(first);
  const third = await refresh(second);

  const introspect = (token) => (method === "none" ? null : oauth.tokenIntrospection(configuration, token));
  const told = { before: await introspect(third.access_token), refresh_before: await introspect(third.refresh_token) };
  await oauth.tokenRevocation(configuration, third.refresh_token);
  told.after = await introspect(third.access_token);
  told.refresh_after = await introspect(third.refresh_token);

  const { again, old, stranger, silent, other } = await refusable({ ask, redeem, refresh });
  return {
    ...told,
    nonce: asked.checks.expectedNonce,
    claims,
    userinfo,
    token: first,
    refreshed: third,
    refreshed_claims: third.claims(),
    refused: {
      userinfo_of_the_revoked: await refusal(() => oauth.fetchUserInfo(configuration, third.access_token, claims.sub)),
      refresh_of_the_revoked: await refusal(() => refresh(third)),
      code_again: await refusal(() => redeem(again)),
      refresh_token_again: await refusal(() => refresh(old)),
      no_iss: await refusal(() => redeem({ ...stranger, location: silent })),
      other_iss: await refusal(() => redeem({ ...stranger, location: other })),
      other_verifier: await refusal(() =>
        redeem({ ...stranger, checks: { ...stranger.checks, pkceCodeVerifier: oauth.randomPKCECodeVerifier() } }),
      ),
    },
  };
}

// One after the other: at once, each would wait for a sandbox of the issuer to start.
const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(method, client);
answer(told);
