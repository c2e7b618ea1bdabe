// oidc-client-ts: a user's flow, as a web page has it; what a page keeps in its storage is in memory here.
import { decodeJwt } from "jose";
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from "oidc-client-ts";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";

const { issuer, redirect_uri, scope, person, clients } = await question();
const browser = new Browser(person);

async function flow(method, { client_id, client_secret }) {
  const client = new OidcClient({
    authority: issuer,
    client_id,
    client_secret,
    client_authentication: method === "client_secret_basic" ? method : "client_secret_post",
    redirect_uri,
    scope,
    loadUserInfo: true,
    filterProtocolClaims: false,
    stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  });

  async function ask() {
    const nonce = crypto.randomUUID();
    const { url } = await client.createSigninRequest({ nonce, state: "where the page was", max_age: 300 });
    return { nonce, location: await browser.answered(url, redirect_uri) };
  }
  // The page's own memory of the request is kept, so that a second use of a code gets as far as the issuer.
  const redeem = ({ location }) => client.processSigninResponse(location.href, undefined, false);
  const refresh = ({ refresh_token, id_token, profile, scope: given }) =>
    client.useRefreshToken({ state: { refresh_token, id_token, profile, scope: given, session_state: null } });

  const asked = await ask();
  const first = await redeem(asked);
  const second = await refresh(first);
  const third = await refresh({ ...second, profile: first.profile });
  await client.revokeToken(third.refresh_token, "refresh_token");

  const [again, reused] = [await ask(), await ask()];
  await redeem(again);
  const old = await redeem(reused);
  await refresh({ ...(await refresh(old)), profile: old.profile });
  return {
    nonce: asked.nonce,
    claims: decodeJwt(first.id_token),
    userinfo: first.profile,
    token: first,
    refreshed: third,
    refreshed_claims: decodeJwt(third.id_token),
    remembered: first.userState,
    refused: {
      refresh_of_the_revoked: await refusal(() => refresh({ ...third, profile: first.profile })),
      code_again: await refusal(() => redeem(again)),
      refresh_token_again: await refusal(() => refresh(old)),
    },
  };
}

// One after the other: at once, each would wait for a sandbox of the issuer to start.
const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(method, client);
answer(told);
