// Signs a user in with code and PKCE (RFC 7636), shows the token, refreshes it, calls an API, and signs out.
"use strict";

const element = (id) => document.getElementById(id);
let users;
let api;

// Tokens stay in memory and end with the page: a later script finds none in a storage.
async function connect() {
  const config = await (await fetch("/config.json")).json();
  api = config.api;
  users = new oidc.UserManager({
    authority: config.issuer,
    client_id: config.client_id,
    scope: config.scope,
    redirect_uri: `${location.origin}/callback`,
    post_logout_redirect_uri: `${location.origin}/`,
    loadUserInfo: true,
    automaticSilentRenew: false,
    userStore: new oidc.WebStorageStateStore({ store: new oidc.InMemoryWebStorage() }),
    stateStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  });
}

function readClaims(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

const pretty = (value) => JSON.stringify(value, null, 2);
const shorten = (token) => `${token.slice(0, 24)} … ${token.slice(-8)} (${token.length} characters)`;

function show(user) {
  element("signed-out").hidden = Boolean(user);
  element("signed-in").hidden = !user;
  if (!user) return;
  element("user").textContent = user.profile.name ?? user.profile.email ?? user.profile.sub;
  element("status").textContent = `The access token is valid for ${Math.max(0, user.expires_in)} s.`;
  element("token").textContent = shorten(user.access_token);
  element("access-claims").textContent = pretty(readClaims(user.access_token));
  element("profile").textContent = pretty(user.profile);
}

async function callApi() {
  const { access_token: token } = await users.getUser();
  const answer = await fetch(api, { headers: { Authorization: `Bearer ${token}` } });
  const body = await answer.text();
  element("answer").textContent = `${answer.status}\n${body}`;
}

async function refresh() {
  show(await users.signinSilent());
  element("status").textContent += " It is new.";
}

// Errors are shown on the page, so that a reader of the example sees their cause.
function act(action) {
  return async () => {
    element("failure").hidden = true;
    try {
      await action();
    } catch (error) {
      element("failure").textContent = error.error_description || error.message;
      element("failure").hidden = false;
    }
  };
}

async function begin() {
  if (typeof oidc === "undefined") throw new Error("oidc-client-ts is missing: run `npm ci` in examples/browser-app.");
  await connect();
  element("sign-in").addEventListener("click", act(() => users.signinRedirect()));
  element("sign-out").addEventListener("click", act(() => users.signoutRedirect()));
  element("call").addEventListener("click", act(callApi));
  element("refresh").addEventListener("click", act(refresh));
  let user = null;
  try {
    // The code works once, so it leaves the address line before anything can fail.
    const url = location.href;
    history.replaceState(null, "", "/");
    if (new URL(url).pathname === "/callback") user = await users.signinRedirectCallback(url);
  } finally {
    show(user);
  }
}

void act(begin)();
