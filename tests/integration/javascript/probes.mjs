// The same requests, good and bad, to two authorization servers: ours, and oidc-provider. Answers one table for each.
//
// A probe has a name and a function of a server that returns what was seen, as one short text.
import { createHash, randomBytes } from "node:crypto";
import { Browser } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";
import { start } from "./reference.mjs";

const { issuer, clients, people, redirect_uri, loopback_uri, audience, api_scopes } = await question();
const SCOPE = "openid email reports:read";
const REPEATED = Symbol("a value that comes twice");

const random = () => randomBytes(32).toString("base64url");
const challengeOf = (verifier) => createHash("sha256").update(verifier).digest("base64url");
const twice = (value) => ({ [REPEATED]: value });
const basic = ({ client_id, client_secret }) => `Basic ${btoa(`${client_id}:${client_secret}`)}`;

// undefined leaves a parameter out.
function encode(parameters) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    const values = value?.[REPEATED] === undefined ? [value] : [value[REPEATED], value[REPEATED]];
    for (const each of values) form.append(name, each);
  }
  return form;
}

class Server {
  constructor(issuer, metadata, browserOf) {
    this.issuer = issuer;
    this.metadata = metadata;
    this.browserOf = browserOf;
  }

  static async discover(issuer, browserOf) {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    return new Server(issuer, metadata, browserOf);
  }

  // The authorization endpoint, in a browser of this user, or of nobody.
  async authorize(changes = {}, { method = "GET", uri = redirect_uri, user = "ada" } = {}) {
    const [verifier, browser] = [random(), user ? this.browserOf(user) : new Browser()];
    const parameters = {
      response_type: "code",
      client_id: clients.app.client_id,
      redirect_uri: uri,
      scope: SCOPE,
      state: "state-1",
      nonce: "nonce-1",
      code_challenge: challengeOf(verifier),
      code_challenge_method: "S256",
      login_hint: user ?? undefined,
      ...changes,
    };
    const [form, to] = [encode(parameters), this.metadata.authorization_endpoint];
    const seen =
      method === "GET" ? await browser.visit(`${to}?${form}`, uri) : await browser.visit(to, uri, { method, body: form });
    return { ...seen, verifier, sent: parameters };
  }

  // What an authorization request comes to: an answer to the client, or a page.
  async asked(changes, options) {
    const { url, status, sent } = await this.authorize(changes, options);
    if (url === undefined) return `a page, ${status}`;
    const told = new URLSearchParams(url.search || url.hash.slice(1));
    const notes = [told.get("error") ?? (told.has("code") ? "a code" : "nothing")];
    if (url.hash) notes.push("in the fragment");
    if (told.get("iss") !== this.issuer) notes.push("without iss");
    if ((told.get("state") ?? undefined) !== sent.state) notes.push("with another state");
    return `to the client: ${notes.join(", ")}`;
  }

  async code(changes = {}) {
    const { url, verifier } = await this.authorize(changes);
    return { grant_type: "authorization_code", code: url.searchParams.get("code"), redirect_uri, code_verifier: verifier };
  }

  post(endpoint, form, { client = clients.app, headers = {}, method = "POST", body } = {}) {
    const authorization = client?.client_secret ? { authorization: basic(client) } : {};
    const named = client && !client.client_secret ? { client_id: client.client_id, ...form } : form;
    return fetch(this.metadata[`${endpoint}_endpoint`], {
      method,
      headers: { ...authorization, ...headers },
      body: body ?? (method === "GET" ? undefined : encode(named)),
    });
  }

  token(form, options) {
    return this.post("token", form, options);
  }

  async tokens(changes = {}) {
    return (await this.token(await this.code(changes))).json();
  }

  refresh({ refresh_token }, changes = {}, options) {
    return this.token({ grant_type: "refresh_token", refresh_token, ...changes }, options);
  }

  async service(changes = {}) {
    const form = { grant_type: "client_credentials", scope: "reports:read", resource: audience, ...changes };
    return this.token(form, { client: clients.service });
  }

  introspect(token, changes = {}, options) {
    return this.post("introspection", { token, ...changes }, options);
  }

  revoke(token, changes = {}, options) {
    return this.post("revocation", { token, ...changes }, options);
  }

  userinfo(token, { method = "GET", query = "", ...rest } = {}) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(this.metadata.userinfo_endpoint + query, { method, headers, ...rest });
  }
}

// A refusal or a success in a few words. API Gateway renames the challenge of a function: its new name is taken too.
async function seen(response) {
  const [text, { headers, status }] = [await response.text(), response];
  let error;
  try {
    error = JSON.parse(text).error;
  } catch {
    error = text && !/json|html/.test(headers.get("content-type") ?? "") ? "in plain text" : undefined;
  }
  const challenge = headers.get("www-authenticate") ?? headers.get("x-amzn-remapped-www-authenticate");
  // RFC 6749 §5.1 asks for no-store where tokens are; an answer to a revocation has none.
  const fresh = /no-store/.test(headers.get("cache-control") ?? "") || /revo/.test(response.url);
  const stored = fresh ? undefined : "may be stored";
  const allow = headers.get("allow") ? `Allow: ${headers.get("allow")}` : undefined;
  const parts = [`${status}${error ? ` ${error}` : ""}`, challenge?.split(" ", 1)[0], allow, stored];
  return parts.filter(Boolean).join(", ");
}

const active = async (response) => `${response.status} ${(await response.json()).active ? "active" : "not active"}`;
const ask = (changes, options) => (server) => server.asked(changes, options);
const redeem = (changes, options) => async (server) => seen(await server.token({ ...(await server.code()), ...changes }, options));
const refreshed = (changes, options) => async (server) => seen(await server.refresh(await server.tokens(), changes, options));
const serve = (changes) => async (server) => seen(await server.service(changes));
const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

const AUTHORIZE = {
  "a good request": ask({}),
  "a good request by POST": ask({}, { method: "POST" }),
  "an unknown parameter": ask({ unheard_of: "1" }),
  "no state": ask({ state: undefined }),
  "no nonce": ask({ nonce: undefined }),
  "no scope": ask({ scope: undefined }),
  "no openid in scope": ask({ scope: "reports:read", nonce: undefined }),
  "an empty scope": ask({ scope: "" }),
  "an unknown scope": ask({ scope: "openid unheard:of" }),
  "a malformed scope": ask({ scope: 'openid "' }),
  "no response_type": ask({ response_type: undefined }),
  "an unknown response_type": ask({ response_type: "unheard_of" }),
  "response_type=token": ask({ response_type: "token" }),
  "response_type=id_token": ask({ response_type: "id_token" }),
  "response_type=code id_token": ask({ response_type: "code id_token" }),
  "response_mode=query": ask({ response_mode: "query" }),
  "response_mode=fragment": ask({ response_mode: "fragment" }),
  "response_mode=form_post": ask({ response_mode: "form_post" }),
  "an unknown response_mode": ask({ response_mode: "unheard_of" }),
  "no client_id": ask({ client_id: undefined }),
  "an unknown client": ask({ client_id: "unheard-of" }),
  "a client without this grant": ask({ client_id: clients.service.client_id }),
  "no redirect_uri": ask({ redirect_uri: undefined }),
  "an empty redirect_uri": ask({ redirect_uri: "" }),
  "another redirect_uri": ask({ redirect_uri: "https://evil.example.com/callback" }),
  "a redirect_uri and a query": ask({ redirect_uri: `${redirect_uri}?more=1` }),
  "a redirect_uri and a slash": ask({ redirect_uri: `${redirect_uri}/` }),
  "a redirect_uri in upper case": ask({ redirect_uri: redirect_uri.toUpperCase() }),
  "a redirect_uri with a fragment": ask({ redirect_uri: `${redirect_uri}#part` }),
  "a loopback redirect_uri with another port": ask(
    { client_id: clients.native.client_id, redirect_uri: loopback_uri.replace(":0/", ":51004/") },
    { uri: loopback_uri.replace(":0/", ":51004/") },
  ),
  "client_id twice": ask({ client_id: twice(clients.app.client_id) }),
  "redirect_uri twice": ask({ redirect_uri: twice(redirect_uri) }),
  "state twice": ask({ state: twice("state-1") }),
  "scope twice": ask({ scope: twice(SCOPE) }),
  "an unknown parameter twice": ask({ unheard_of: twice("1") }),
  "a state of 1,000 characters": ask({ state: "s".repeat(1000) }),
  "a state of 4,000 characters": ask({ state: "s".repeat(4000) }),
  "a nonce of 4,000 characters": ask({ nonce: "n".repeat(4000) }),
  "a state beyond ASCII": ask({ state: "zustand-ä" }),
  "no code_challenge": ask({ code_challenge: undefined }),
  "no code_challenge_method": ask({ code_challenge_method: undefined }),
  "neither challenge nor method": ask({ code_challenge: undefined, code_challenge_method: undefined }),
  "code_challenge_method=plain": ask({ code_challenge: random(), code_challenge_method: "plain" }),
  "an unknown code_challenge_method": ask({ code_challenge_method: "S512" }),
  "a short code_challenge": ask({ code_challenge: "short" }),
  "a code_challenge of 43 other characters": ask({ code_challenge: "~".repeat(43) }),
  "prompt=none without a session": ask({ prompt: "none" }, { user: null }),
  "prompt=none login": ask({ prompt: "none login" }),
  "prompt=login": ask({ prompt: "login" }),
  "prompt=select_account": ask({ prompt: "select_account" }),
  "prompt=consent": ask({ prompt: "consent" }),
  "an empty prompt": ask({ prompt: "" }),
  "an unknown prompt": ask({ prompt: "unheard_of" }),
  "max_age=0": ask({ max_age: "0" }),
  "max_age=-1": ask({ max_age: "-1" }),
  "max_age in words": ask({ max_age: "soon" }),
  "request": ask({ request: "e30.e30." }),
  "request_uri": ask({ request_uri: "https://app.example.com/request" }),
  "registration": ask({ registration: "{}" }),
  "the resource of the client": ask({ resource: audience }),
  "an unknown resource": ask({ resource: "https://unknown.example.com" }),
  "a resource that is no URI": ask({ resource: "not a URI" }),
  "a resource with a fragment": ask({ resource: `${audience}#part` }),
  "the same resource twice": ask({ resource: twice(audience) }),
  "a damaged id_token_hint": ask({ id_token_hint: "e30.e30." }),
  "an id_token_hint of the user": async (server) => server.asked({ id_token_hint: (await server.tokens()).id_token }),
  "an id_token_hint of another user, and prompt=none": async (server) =>
    server.asked({ id_token_hint: (await server.tokens()).id_token, prompt: "none" }, { user: "grace" }),
  "an id_token_hint of another client": async (server) =>
    server.asked({ id_token_hint: (await server.tokens()).id_token, client_id: clients.other.client_id }),
};

const TOKEN = {
  "a code": redeem({}),
  "a code by client_secret_post": (server) => redeem(clients.app, { client: null })(server),
  "a code of a public client": async (server) => {
    const form = await server.code({ client_id: clients.public.client_id });
    return seen(await server.token(form, { client: clients.public }));
  },
  "an unknown parameter": redeem({ unheard_of: "1" }),
  "no code": redeem({ code: undefined }),
  "an empty code": redeem({ code: "" }),
  "an unknown code": redeem({ code: "unheard-of" }),
  "a code of 8,000 characters": redeem({ code: "c".repeat(8000) }),
  "code twice": redeem({ code: twice("unheard-of") }),
  "a code of another client": redeem({}, { client: clients.other }),
  "a code again": async (server) => {
    const form = await server.code();
    await (await server.token(form)).json();
    return seen(await server.token(form));
  },
  "the access token of a code that came again": async (server) => {
    const form = await server.code();
    const { access_token } = await (await server.token(form)).json();
    await server.token(form);
    return active(await server.introspect(access_token));
  },
  "the refresh token of a code that came again": async (server) => {
    const form = await server.code();
    const tokens = await (await server.token(form)).json();
    await server.token(form);
    return seen(await server.refresh(tokens));
  },
  "no redirect_uri": redeem({ redirect_uri: undefined }),
  "another redirect_uri": redeem({ redirect_uri: "https://app.example.com/other" }),
  "no code_verifier": redeem({ code_verifier: undefined }),
  "another code_verifier": redeem({ code_verifier: random() }),
  "a short code_verifier": redeem({ code_verifier: "short" }),
  "a code_verifier of 200 characters": redeem({ code_verifier: "v".repeat(200) }),
  "a code after another verifier": async (server) => {
    const form = await server.code();
    await server.token({ ...form, code_verifier: random() });
    return seen(await server.token(form));
  },
  "a code after another client": async (server) => {
    const form = await server.code();
    await server.token(form, { client: clients.other });
    return seen(await server.token(form));
  },
  "the scope of a code": redeem({ scope: "openid" }),
  "no grant_type": redeem({ grant_type: undefined }),
  "an empty grant_type": redeem({ grant_type: "" }),
  "an unknown grant_type": redeem({ grant_type: "unheard_of" }),
  "grant_type=password": redeem({ grant_type: "password", username: "ada", password: "secret" }),
  "grant_type=implicit": redeem({ grant_type: "implicit" }),
  "a grant_type that the client may not use": redeem({ grant_type: "client_credentials" }),
  "grant_type twice": redeem({ grant_type: twice("authorization_code") }),
  "client_secret twice": redeem({ client_id: clients.app.client_id, client_secret: twice(clients.app.client_secret) }, { client: null }),
  "a form with a charset": async (server) => {
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    return seen(await server.token(await server.code(), { headers }));
  },
  "JSON": async (server) => {
    const options = { headers: { "content-type": "application/json" }, body: JSON.stringify(await server.code()) };
    return seen(await server.token({}, options));
  },
  "a form that calls itself text": async (server) => {
    const options = { headers: { "content-type": "text/plain" }, body: String(encode(await server.code())) };
    return seen(await server.token({}, options));
  },
  "a body of 20 KB": redeem({ unheard_of: "x".repeat(20_000) }),
  "an empty body": redeem(Object.fromEntries(["grant_type", "code", "redirect_uri", "code_verifier"].map((name) => [name, undefined]))),
  "GET": async (server) => seen(await server.token({}, { method: "GET" })),
  "PUT": async (server) => seen(await server.token({ grant_type: "client_credentials" }, { method: "PUT" })),
  "no client authentication": redeem({}, { client: null }),
  "an id without its secret": redeem({ client_id: clients.app.client_id }, { client: null }),
  "an unknown client": redeem({}, { client: { client_id: "unheard-of", client_secret: "secret" } }),
  "a wrong secret": redeem({}, { client: { ...clients.app, client_secret: "wrong" } }),
  "a wrong secret in the form": redeem({ client_id: clients.app.client_id, client_secret: "wrong" }, { client: null }),
  "two ways of authentication": redeem(clients.app),
  "Basic, and the same client_id in the form": redeem({ client_id: clients.app.client_id }),
  "Basic, and another client_id in the form": redeem({ client_id: clients.other.client_id }),
  "Basic that is no base64": redeem({}, { client: null, headers: { authorization: "Basic !!!" } }),
  "Basic without a colon": redeem({}, { client: null, headers: { authorization: `Basic ${btoa("nobody")}` } }),
  "another scheme": redeem({}, { client: null, headers: { authorization: "Bearer token" } }),
  "a secret of a public client": async (server) => {
    const form = await server.code({ client_id: clients.public.client_id });
    return seen(await server.token({ ...form, ...clients.public, client_secret: "secret" }, { client: null }));
  },
  "a damaged client_assertion": redeem(
    { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: "e30.e30." },
    { client: null },
  ),
  "an unknown client_assertion_type": redeem({ client_assertion_type: "unheard_of", client_assertion: "e30.e30." }, { client: null }),
  "the resource of the client": redeem({ resource: audience }),
  "an unknown resource": redeem({ resource: "https://unknown.example.com" }),
  "the same resource twice": redeem({ resource: twice(audience) }),
  "a refresh token": refreshed({}),
  "a refresh token with less scope": refreshed({ scope: "openid" }),
  "a refresh token with more scope": refreshed({ scope: "openid reports:write" }),
  "a refresh token with a malformed scope": refreshed({ scope: '"' }),
  "a refresh token for another resource": refreshed({ resource: "https://unknown.example.com" }),
  "a refresh token of another client": refreshed({}, { client: clients.other }),
  "no refresh_token": refreshed({ refresh_token: undefined }),
  "an unknown refresh_token": refreshed({ refresh_token: "unheard-of" }),
  "a refresh_token of 8,000 characters": refreshed({ refresh_token: "r".repeat(8000) }),
  "an access token as refresh_token": async (server) => {
    const { access_token } = await server.tokens();
    return seen(await server.refresh({ refresh_token: access_token }));
  },
  "a refresh token again at once": async (server) => {
    const tokens = await server.tokens();
    await (await server.refresh(tokens)).json();
    return seen(await server.refresh(tokens));
  },
  "a refresh token of two generations ago": async (server) => {
    const tokens = await server.tokens();
    await server.refresh(await (await server.refresh(tokens)).json());
    return seen(await server.refresh(tokens));
  },
  "the youngest refresh token after that": async (server) => {
    const tokens = await server.tokens();
    const youngest = await (await server.refresh(await (await server.refresh(tokens)).json())).json();
    await server.refresh(tokens);
    return seen(await server.refresh(youngest));
  },
  "all that was granted after a refresh with less": async (server) => {
    const less = await (await server.refresh(await server.tokens(), { scope: "openid" })).json();
    return (await (await server.refresh(less)).json()).scope?.split(" ").sort().join(" ");
  },
  "client_credentials": serve({}),
  "client_credentials without a scope": serve({ scope: undefined }),
  "client_credentials with more scope": serve({ scope: "reports:read reports:delete" }),
  "client_credentials with openid": serve({ scope: "openid" }),
  "client_credentials without a resource": serve({ resource: undefined }),
  "client_credentials for an unknown resource": serve({ resource: "https://unknown.example.com" }),
  "client_credentials of a public client": async (server) =>
    seen(await server.token({ grant_type: "client_credentials" }, { client: clients.public })),
};

const ANSWERS = {
  "the fields with a code": async (server) => Object.keys(await server.tokens()).sort().join(" "),
  "the fields with a refresh token": async (server) =>
    Object.keys(await (await server.refresh(await server.tokens())).json()).sort().join(" "),
  "the fields with client_credentials": async (server) => Object.keys(await (await server.service()).json()).sort().join(" "),
  "token_type": async (server) => (await server.tokens()).token_type,
  "scope, where some was asked for": async (server) => (await server.tokens()).scope.split(" ").sort().join(" "),
  "nonce of the ID token": async (server) => claimsOf((await server.tokens()).id_token).nonce,
  "nonce of the ID token of a refresh": async (server) =>
    claimsOf((await (await server.refresh(await server.tokens())).json()).id_token).nonce ?? "none",
  "sub of the ID token of a refresh": async (server) => {
    const tokens = await server.tokens();
    const [first, second] = [tokens, await (await server.refresh(tokens)).json()].map(({ id_token }) => claimsOf(id_token).sub);
    return first === second ? "the same" : "another";
  },
  "aud of the ID token": async (server) => (claimsOf((await server.tokens()).id_token).aud === clients.app.client_id ? "the client" : "another"),
  "auth_time, with max_age": async (server) => typeof claimsOf((await server.tokens({ max_age: "300" })).id_token).auth_time,
  "claims of the ID token": async (server) => Object.keys(claimsOf((await server.tokens()).id_token)).sort().join(" "),
  "typ of the access token": async (server) =>
    JSON.parse(Buffer.from((await (await server.service()).json()).access_token.split(".")[0], "base64url")).typ,
  "aud of the access token": async (server) => String(claimsOf((await (await server.service()).json()).access_token).aud),
  "claims of the access token": async (server) =>
    Object.keys(claimsOf((await (await server.service()).json()).access_token)).sort().join(" "),
  "sub of a client's own token": async (server) => {
    const { access_token } = await (await server.service()).json();
    return claimsOf(access_token).sub === clients.service.client_id ? "the client" : "another";
  },
};

const INTROSPECTION = {
  "an access token": async (server) => active(await server.introspect((await server.tokens()).access_token)),
  "a refresh token": async (server) => active(await server.introspect((await server.tokens()).refresh_token)),
  "a token with the other hint": async (server) =>
    active(await server.introspect((await server.tokens()).access_token, { token_type_hint: "refresh_token" })),
  "a token with an unknown hint": async (server) =>
    active(await server.introspect((await server.tokens()).access_token, { token_type_hint: "unheard_of" })),
  "an unknown token": async (server) => active(await server.introspect("unheard-of")),
  "a token of another client": async (server) =>
    active(await server.introspect((await server.tokens()).access_token, {}, { client: clients.other })),
  "a refresh token that has been used": async (server) => {
    const tokens = await server.tokens();
    await server.refresh(tokens);
    return active(await server.introspect(tokens.refresh_token));
  },
  "the fields of an access token": async (server) =>
    Object.keys(await (await server.introspect((await server.tokens()).access_token)).json()).sort().join(" "),
  "the fields of a refresh token": async (server) =>
    Object.keys(await (await server.introspect((await server.tokens()).refresh_token)).json()).sort().join(" "),
  "the fields of no token": async (server) => Object.keys(await (await server.introspect("unheard-of")).json()).join(" "),
  "no token": async (server) => seen(await server.introspect(undefined)),
  "token twice": async (server) => seen(await server.introspect(twice("unheard-of"))),
  "no client authentication": async (server) => seen(await server.introspect("unheard-of", {}, { client: null })),
  "a wrong secret": async (server) =>
    seen(await server.introspect("unheard-of", {}, { client: { ...clients.app, client_secret: "wrong" } })),
  "a public client": async (server) => seen(await server.introspect("unheard-of", {}, { client: clients.public })),
  "JSON": async (server) =>
    seen(await server.introspect("", {}, { headers: { "content-type": "application/json" }, body: '{"token":"unheard-of"}' })),
  "GET": async (server) => seen(await server.introspect("", {}, { method: "GET" })),
};

const REVOCATION = {
  "an access token": async (server) => seen(await server.revoke((await server.tokens()).access_token)),
  "a refresh token": async (server) => seen(await server.revoke((await server.tokens()).refresh_token)),
  "a refresh token of a public client": async (server) => {
    const form = await server.code({ client_id: clients.public.client_id });
    const { refresh_token } = await (await server.token(form, { client: clients.public })).json();
    return seen(await server.revoke(refresh_token, {}, { client: clients.public }));
  },
  "a token with the other hint": async (server) => {
    const { refresh_token } = await server.tokens();
    await server.revoke(refresh_token, { token_type_hint: "access_token" });
    return active(await server.introspect(refresh_token));
  },
  "a token with an unknown hint": async (server) =>
    seen(await server.revoke((await server.tokens()).refresh_token, { token_type_hint: "unheard_of" })),
  "an unknown token": async (server) => seen(await server.revoke("unheard-of")),
  "a token again": async (server) => {
    const { refresh_token } = await server.tokens();
    await server.revoke(refresh_token);
    return seen(await server.revoke(refresh_token));
  },
  "a token of another client": async (server) =>
    seen(await server.revoke((await server.tokens()).refresh_token, {}, { client: clients.other })),
  "the token of another client after that": async (server) => {
    const { refresh_token } = await server.tokens();
    await server.revoke(refresh_token, {}, { client: clients.other });
    return active(await server.introspect(refresh_token));
  },
  "the refresh token after itself": async (server) => {
    const tokens = await server.tokens();
    await server.revoke(tokens.refresh_token);
    return seen(await server.refresh(tokens));
  },
  "the access token after the refresh token": async (server) => {
    const { access_token, refresh_token } = await server.tokens();
    await server.revoke(refresh_token);
    return active(await server.introspect(access_token));
  },
  "the access token after itself": async (server) => {
    const { access_token } = await server.tokens();
    await server.revoke(access_token);
    return active(await server.introspect(access_token));
  },
  "the refresh token after the access token": async (server) => {
    const tokens = await server.tokens();
    await server.revoke(tokens.access_token);
    return seen(await server.refresh(tokens));
  },
  "no token": async (server) => seen(await server.revoke(undefined)),
  "token twice": async (server) => seen(await server.revoke(twice("unheard-of"))),
  "no client authentication": async (server) => seen(await server.revoke("unheard-of", {}, { client: null })),
  "a wrong secret": async (server) =>
    seen(await server.revoke("unheard-of", {}, { client: { ...clients.app, client_secret: "wrong" } })),
  "GET": async (server) => seen(await server.revoke("", {}, { method: "GET" })),
};

const USERINFO = {
  "a token of openid email": async (server) => seen(await server.userinfo((await server.tokens()).access_token)),
  "a token of openid email, in a POST": async (server) =>
    seen(await server.userinfo((await server.tokens()).access_token, { method: "POST" })),
  "no token": async (server) => seen(await server.userinfo(undefined)),
  "an unknown token": async (server) => seen(await server.userinfo("unheard-of")),
  "another scheme": async (server) => seen(await server.userinfo(undefined, { headers: { authorization: basic(clients.app) } })),
  "a token without openid": async (server) => {
    const { access_token } = await server.tokens({ scope: "reports:read", nonce: undefined });
    return seen(await server.userinfo(access_token));
  },
  "a token of a client's own": async (server) => seen(await server.userinfo((await (await server.service()).json()).access_token)),
  "a token in the query": async (server) =>
    seen(await server.userinfo(undefined, { query: `?access_token=${(await server.tokens()).access_token}` })),
  "a token in the header and in the query": async (server) => {
    const { access_token } = await server.tokens();
    return seen(await server.userinfo(access_token, { query: `?access_token=${access_token}` }));
  },
  "a token in a form": async (server) => {
    const body = encode({ access_token: (await server.tokens()).access_token });
    return seen(await server.userinfo(undefined, { method: "POST", body }));
  },
  "a token that was revoked": async (server) => {
    const { access_token } = await server.tokens();
    await server.revoke(access_token);
    return seen(await server.userinfo(access_token));
  },
};

const document = (path, options) => async (server) => {
  const response = await fetch(server.issuer + path, options);
  return `${response.status}${/json/.test(response.headers.get("content-type") ?? "") ? " JSON" : ""}`;
};
const METADATA = {
  "openid-configuration": document("/.well-known/openid-configuration"),
  "openid-configuration by POST": document("/.well-known/openid-configuration", { method: "POST" }),
  "oauth-authorization-server": document("/.well-known/oauth-authorization-server"),
  "issuer": async (server) => (server.metadata.issuer === server.issuer ? "the URL that was asked" : "another"),
  "response_types_supported": async (server) => server.metadata.response_types_supported.join(" "),
  "code_challenge_methods_supported": async (server) => server.metadata.code_challenge_methods_supported.join(" "),
  "authorization_response_iss_parameter_supported": async (server) => String(server.metadata.authorization_response_iss_parameter_supported),
  "subject_types_supported": async (server) => server.metadata.subject_types_supported.join(" "),
};

const PROBES = {
  "authorization": AUTHORIZE,
  "token": TOKEN,
  "answers": ANSWERS,
  "introspection": INTROSPECTION,
  "revocation": REVOCATION,
  "userinfo": USERINFO,
  "metadata": METADATA,
};

async function tableOf(server) {
  const table = {};
  for (const [endpoint, probes] of Object.entries(PROBES)) {
    for (const [name, probe] of Object.entries(probes)) {
      try {
        table[`${endpoint}: ${name}`] = await probe(server);
      } catch (error) {
        table[`${endpoint}: ${name}`] = `the probe failed: ${error.message}`;
      }
    }
  }
  return table;
}

const registered = (client, more) => ({
  redirect_uris: [redirect_uri],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"],
  ...client,
  ...more,
});
const reference = await start({
  audience,
  scopes: api_scopes,
  clients: [
    registered(clients.app),
    registered(clients.other),
    registered(clients.public, { token_endpoint_auth_method: "none" }),
    registered(clients.native, { token_endpoint_auth_method: "none", application_type: "native", redirect_uris: [loopback_uri.replace(":0/", "/")] }),
    registered(clients.service, { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] }),
  ],
});
// A user signs in to ours once, on its pages. The reference signs in whom `login_hint` names, in a new browser each time.
const browsers = Object.fromEntries(Object.entries(people).map(([name, person]) => [name, new Browser(person)]));
const [ours, theirs] = await Promise.all([
  Server.discover(issuer, (user) => browsers[user]),
  Server.discover(reference.issuer, () => new Browser()),
]);
// Grace, as Ada with each probe, signs in before the first one.
await ours.authorize({}, { user: "grace" });
const tables = await Promise.all([tableOf(ours), tableOf(theirs)]);
reference.stop();
answer({ ours: tables[0], reference: tables[1] });
