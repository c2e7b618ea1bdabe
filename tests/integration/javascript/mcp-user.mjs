// The MCP SDK: a client that knows the server's URL and its own registration, and one in its own name.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ClientCredentialsProvider, PrivateKeyJwtProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { discoverAuthorizationServerMetadata } from "@modelcontextprotocol/sdk/client/auth.js";
import { Browser, refusal } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";
import { serve } from "./mcp-server.mjs";

const { issuer, redirect_uri, url, bare_url, scope, person, clients, service, signing, introspector } = await question();
const browser = new Browser(person);
const metadata = await discoverAuthorizationServerMetadata(issuer);
const reached = [];
const server = await serve({ url, metadata, scope, introspector });
const reach = async (to, init) => {
  const response = await server.reach(to, init);
  reached.push(`${init?.method ?? "GET"} ${String(to)} ${response.status}`);
  return response;
};

// What an application keeps for its user: the registration, tokens and the verifier of the running request.
class Registered {
  constructor({ client_id, client_secret }) {
    this.information = { client_id, client_secret, issuer };
    this.asked = [];
  }
  redirectUrl = redirect_uri;
  clientMetadata = { client_name: "Reports", redirect_uris: [redirect_uri] };
  clientInformation = () => this.information;
  tokens = () => this.kept;
  saveTokens = (tokens) => (this.kept = tokens);
  saveCodeVerifier = (verifier) => (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  state = () => (this.sent = crypto.randomUUID());
  redirectToAuthorization = (to) => this.asked.push(to);
  invalidateCredentials = () => (this.kept = undefined);
}

async function whoami(provider, to = url, fetch = reach) {
  const client = new Client({ name: "reports-client", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(to), { authProvider: provider, fetch });
  try {
    await client.connect(transport);
    const { content } = await client.callTool({ name: "whoami", arguments: {} });
    return JSON.parse(content[0].text);
  } catch (error) {
    if (error.constructor.name !== "UnauthorizedError") throw error;
    const location = await browser.answered(provider.asked.at(-1), redirect_uri);
    if (location.searchParams.get("state") !== provider.sent) throw new Error("another state");
    await transport.finishAuth(location.searchParams.get("code"));
    return whoami(provider);
  } finally {
    await client.close();
  }
}

async function revoke({ client_id, client_secret }, token) {
  const headers = client_secret ? { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` } : {};
  const body = new URLSearchParams({ token, ...(client_secret ? {} : { client_id }) });
  await fetch(metadata.revocation_endpoint, { method: "POST", headers, body });
}

async function flow(client) {
  const provider = new Registered(client);
  const told = { user: await whoami(provider), first: provider.kept, asked: Object.fromEntries(provider.asked[0].searchParams) };
  await revoke(client, provider.kept.access_token);
  told.after_access_token = await whoami(provider);
  told.second = provider.kept;
  told.sign_ins = [provider.asked.length];
  await revoke(client, provider.kept.refresh_token);
  told.after_grant = await whoami(provider);
  told.sign_ins.push(provider.asked.length);
  return told;
}

const told = {};
for (const [method, client] of Object.entries(clients)) told[method] = await flow(client);
told.requests = [...new Set(reached)];

const own = (client_secret) =>
  new ClientCredentialsProvider({ clientId: service.client_id, clientSecret: client_secret, scope, expectedIssuer: issuer });
told.service = await whoami(own(service.client_secret));
told.stranger = await refusal(() => whoami(own("wrong")).catch((error) => Promise.reject({ error: error.errorCode })));
const { client_id, jwk } = signing;
const keyed = { clientId: client_id, privateKey: jwk, algorithm: jwk.alg, scope, expectedIssuer: issuer };
told.signing = await whoami(new PrivateKeyJwtProvider(keyed));
server.stop();

// The SDK's metadata of a server without a path has a slash that the registered audience lacks.
const bare = await serve({ url: bare_url, metadata, scope, introspector });
const provider = own(service.client_secret);
await whoami(provider, bare_url, bare.reach);
told.bare = provider.tokens().access_token;
bare.stop();
answer(told);
