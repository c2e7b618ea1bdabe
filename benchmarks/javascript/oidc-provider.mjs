// oidc-provider in memory, an issuer that nobody here wrote: `node oidc-provider.mjs`, as benchmarks/worker_process.py says.
// It gives JWT access tokens by client credentials. The client is another process, whose time is not counted; HTTP is.
import { fork } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { Agent, createServer, request } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const AUDIENCE = "https://api.example";
const SCOPES = "orders:read orders:write";
const CLIENT = { client_id: "web", client_secret: "s3cret-of-the-demo-client" };

if (process.argv[2] === "client") await ask(Number(process.argv[3]));
else await serve();

async function ask(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const basic = Buffer.from(`${CLIENT.client_id}:${CLIENT.client_secret}`).toString("base64");
  const headers = { authorization: `Basic ${basic}`, "content-type": "application/x-www-form-urlencoded" };
  const body = new URLSearchParams({ grant_type: "client_credentials", resource: AUDIENCE, scope: SCOPES }).toString();
  const once = () =>
    new Promise((resolve, reject) => {
      const options = { agent, port, host: "127.0.0.1", method: "POST", path: "/token", headers };
      const sent = request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200 && JSON.parse(text).access_token.split(".").length === 3) resolve();
          else reject(new Error(`no token: ${response.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  process.on("disconnect", () => process.exit());
  process.on("message", async (size) => {
    for (let done = 0; done < size; done += 1) await once();
    process.send("done");
  });
}

async function serve() {
  console.info = console.warn = console.error; // the standard output is for the answers
  const { Provider } = await import("oidc-provider");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig" }] },
    clients: [{ ...CLIENT, grant_types: ["client_credentials"], redirect_uris: [], response_types: [], id_token_signed_response_alg: "ES256" }],
    scopes: [],
    clientAuthMethods: ["client_secret_basic"],
    ttl: { ClientCredentials: 900 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: () => ({
          audience: AUDIENCE,
          scope: SCOPES,
          accessTokenTTL: 900,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  const client = fork(fileURLToPath(import.meta.url), ["client", String(port)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  client.on("exit", (code) => code && process.exit(code));
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  await lines.next(); // the material of other contestants
  for await (const line of lines) {
    const started = process.cpuUsage();
    await new Promise((resolve) => client.once("message", resolve).send(Number(line)));
    const { user, system } = process.cpuUsage(started);
    process.stdout.write(`${(user + system) / 1e6}\n`);
  }
  process.exit(0);
}
