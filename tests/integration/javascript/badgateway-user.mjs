// @badgateway/oauth2-client: discovery by RFC 8414, a user's flow, and a fetch that renews its tokens.
import { OAuth2Client, OAuth2Fetch, generateCodeVerifier } from "@badgateway/oauth2-client";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";

console.warn = () => {}; // the library warns of each refresh token that is refused
const { issuer, redirect_uri, scope, audience, person, clients, service } = await question();
const browser = new Browser(person);
const code = (action) => refusal(() => action().catch((error) => Promise.reject({ error: error.oauth2Code, ...error })));

async function flow({ client_id, client_secret }) {
  const client = new OAuth2Client({ server: issuer, clientId: client_id, clientSecret: client_secret });

  async function ask(changes = {}) {
    const [codeVerifier, state] = [await generateCodeVerifier(), crypto.randomUUID()];
    const asked = { redirectUri: redirect_uri, state, codeVerifier, scope: scope.split(" "), resource: audience, ...changes };
    const location = await browser.answered(await client.authorizationCode.getAuthorizeUri(asked), redirect_uri);
    return { location, state, codeVerifier, redirectUri: redirect_uri };
  }
  const redeem = ({ location, ...expected }) => client.authorizationCode.getTokenFromCodeRedirect(location, expected);

  const asked = await ask();
  const first = await redeem(asked);
  const second = await client.refreshToken(first, { scope: ["openid", "reports:read"], resource: audience });
  const third = await client.refreshToken(second);
  const introspect = (token) => (client_secret ? client.introspect(token) : null);
  const before = await introspect(third);
  await client.revoke(third, "refresh_token");
  const after = await introspect(third);

  const old = await redeem(await ask());
  await client.refreshToken(await client.refreshToken(old));
  return {
    method: client.settings.authenticationMethod,
    token: first,
    refreshed: [second, third],
    before,
    after,
    refused: {
      refresh_of_the_revoked: await code(() => client.refreshToken(third)),
      code_again: await code(() => redeem(asked)),
      refresh_token_again: await code(() => client.refreshToken(old)),
      scope: await code(async () => redeem(await ask({ scope: ["reports:delete"] }))),
      resource: await code(async () => redeem(await ask({ resource: "https://other.example.com" }))),
    },
  };
}

// A service: its first call fetches a token, and a 401 fetches another.
async function serve({ client_id, client_secret }) {
  const client = new OAuth2Client({ server: issuer, clientId: client_id, clientSecret: client_secret });
  const stranger = new OAuth2Client({ server: issuer, clientId: client_id, clientSecret: "wrong" });
  const tokens = [];
  const called = [];
  const getNewToken = () => client.clientCredentials({ scope: ["reports:read"], resource: [audience] });
  const storeToken = (token) => tokens.push(token.accessToken);
  const authorized = new OAuth2Fetch({ client, getNewToken, storeToken, scheduleRefresh: false });
  const api = async (request) => {
    called.push(request.headers.get("authorization").split(" ")[1]);
    return new Response(null, { status: called.length === 1 ? 401 : 200 });
  };
  const { status } = await authorized.mw()(new Request("https://api.example.com/reports"), api);
  const token = await authorized.getToken();
  const before = await client.introspect(token);
  await client.revoke(token);
  return {
    status,
    renewed: called.length === 2 && called[0] === tokens[0] && called[1] === tokens[1] && called[0] !== called[1],
    token,
    before,
    after: await client.introspect(token),
    refused: {
      secret: await code(() => stranger.clientCredentials({ scope: ["reports:read"] })),
      scope: await code(() => client.clientCredentials({ scope: ["reports:delete"] })),
    },
  };
}

const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(client);
told.service = await serve(service);
answer(told);
