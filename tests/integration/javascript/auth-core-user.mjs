// @auth/core (Auth.js): the routes of its web application, which knows the issuer's URL alone.
import { Auth, skipCSRFCheck } from "@auth/core";
import { importJWK } from "jose";
import { Browser } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";

const { issuer, origin, scope, person, clients } = await question();
const browser = new Browser(person);
const REDIRECT_URI = `${origin}/auth/callback/keyturn`;

// The application of one client: what it was told of the account, and the causes in its log.
async function applicationOf(method, { client_id, client_secret, jwk }) {
  const [seen, logged] = [{}, []];
  const key = jwk && { clientPrivateKey: { key: await importJWK(jwk), kid: jwk.kid } };
  const config = {
    providers: [
      {
        id: "keyturn",
        name: "Keyturn",
        type: "oidc",
        issuer,
        clientId: client_id,
        clientSecret: client_secret,
        client: { token_endpoint_auth_method: method },
        authorization: { params: { scope } },
        token: key,
        checks: ["pkce", "state", "nonce"],
        idToken: false, // the profile is that of userinfo
      },
    ],
    secret: "of the application's own cookies",
    trustHost: true,
    basePath: "/auth",
    skipCSRFCheck, // a framework checks the origin of its own form
    callbacks: {
      jwt({ token, account, profile }) {
        if (account) Object.assign(seen, { account, profile });
        return token;
      },
    },
    logger: {
      warn() {},
      error: (error) => logged.push(error.cause?.err?.error ?? error.type ?? error.name),
      // The library shows the error code of a redirect here alone.
      debug: (name, { error } = {}) => name === "OAuthCallbackError" && logged.push(error),
    },
  };
  const cookies = new Map();
  async function request(path, options = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await Auth(new Request(new URL(path, origin), { ...options, headers: { ...options.headers, cookie } }), config);
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    return response;
  }
  return { request, cookies, seen, logged };
}

async function flow(method, client) {
  const { request, cookies, seen, logged } = await applicationOf(method, client);
  async function ask(changes = {}) {
    const body = new URLSearchParams({ callbackUrl: `${origin}/home` });
    const sent = await request(`/auth/signin/keyturn?${new URLSearchParams(changes)}`, { method: "POST", body });
    return sent.headers.get("location");
  }
  // Returns where the application sends its user, and the causes that it logs meanwhile.
  async function answered(location) {
    const before = logged.length;
    const response = await request(location);
    return { to: response.headers.get("location"), causes: logged.slice(before) };
  }
  const asked = await ask();
  const location = await browser.answered(asked, REDIRECT_URI);
  const kept = new Map(cookies);
  const signedIn = await answered(location);
  const session = await (await request("/auth/session")).json();

  // The same code again, in the browser as it was before the first use.
  for (const [name, value] of kept) cookies.set(name, value);
  const again = await answered(location);
  const refused = await answered(await browser.answered(await ask({ resource: "https://other.example.com" }), REDIRECT_URI));
  return { asked: Object.fromEntries(new URL(asked).searchParams), ...seen, ...signedIn, session, again, refused };
}

const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(method, client);
answer(told);
