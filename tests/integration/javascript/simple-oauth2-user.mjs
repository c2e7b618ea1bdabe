// simple-oauth2: a user's flow with what its API passes on, and tokens in the client's own name.
import { randomBytes, createHash } from "node:crypto";
import { AuthorizationCode, ClientCredentials } from "simple-oauth2";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";

const { issuer, redirect_uri, scope, person, clients, service } = await question();
const browser = new Browser(person);
const settings = ({ client_id, client_secret }, authorizationMethod, more) => ({
  client: { id: client_id, secret: client_secret },
  // The library has no discovery: its users write down the paths of docs/issuer.md.
  auth: {
    tokenHost: issuer,
    tokenPath: "/oauth2/token",
    revokePath: "/oauth2/revoke",
    ...more,
  },
  options: { authorizationMethod },
});

async function flow(client, authorizationMethod, challenged) {
  const application = new AuthorizationCode(settings(client, authorizationMethod, { authorizePath: "/oauth2/authorize" }));
  const verifier = randomBytes(32).toString("base64url");
  const code_challenge = createHash("sha256").update(verifier).digest("base64url");
  const challenge = challenged ? { code_challenge, code_challenge_method: "S256" } : {};
  const proof = challenged ? { code_verifier: verifier } : {};

  async function ask() {
    const state = randomBytes(16).toString("hex");
    const url = application.authorizeURL({ redirect_uri, scope: scope.split(" "), state, ...challenge });
    const { searchParams } = await browser.answered(url, redirect_uri);
    return { asked: url, state, answered: Object.fromEntries(searchParams) };
  }
  const redeem = ({ code }) => application.getToken({ code, redirect_uri, ...proof });

  const { asked, state, answered } = await ask();
  if (answered.error) return { asked, refused: { code: answered.error } };
  const first = await redeem(answered);
  const second = await first.refresh();
  const third = await second.refresh();
  const revoked = await refusal(() => third.revoke("refresh_token"));
  const old = await redeem((await ask()).answered);
  await (await old.refresh()).refresh();
  return {
    asked,
    state: { sent: state, received: answered.state },
    iss: answered.iss,
    token: first.token,
    expired: first.expired(),
    refreshed: third.token,
    revoked,
    refused: {
      refresh_of_the_revoked: await refusalOf(() => third.refresh()),
      code_again: await refusalOf(() => redeem(answered)),
      refresh_token_again: await refusalOf(() => old.refresh()),
    },
  };
}

// Boom keeps the answer that it refuses in `data`.
async function refusalOf(action) {
  return refusal(() => action().catch(({ data, message }) => Promise.reject(data?.payload ?? new Error(message))));
}

const told = {};
for (const [name, [method, challenged]] of Object.entries({
  optional: ["header", false],
  required: ["body", true],
  unchallenged: ["header", false],
})) {
  told[name] = await flow(clients[name], method, challenged);
}
const credentials = new ClientCredentials(settings(service, "header"));
const token = await credentials.getToken({ scope: "reports:read" });
const stranger = new ClientCredentials(settings({ ...service, client_secret: "wrong" }, "header"));
told.service = {
  token: token.token,
  revoked: await refusal(() => token.revoke("access_token")),
  refused: await refusalOf(() => stranger.getToken({ scope: "reports:read" })),
};
answer(told);
