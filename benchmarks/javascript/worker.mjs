// One contestant in Node: `node worker.mjs NAME`, started by benchmarks/worker_process.py and told what to do as that says.
// Each verifies as its documentation tells, with key, issuer and audience prepared. It proves first that it refuses what it has to.
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { createAuthorizer } from "./authorizer.mjs";

async function fastJwt({ algorithm, jwk, issuer, audience }, cache) {
  const { createVerifier } = await import("fast-jwt");
  const key = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
  return createVerifier({ key, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache });
}

const contestants = {
  async "node:crypto"({ algorithm, jwk, token }) {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const end = token.lastIndexOf(".");
    const signed = Buffer.from(token.slice(0, end));
    const signature = Buffer.from(token.slice(end + 1), "base64url");
    const options = algorithm.startsWith("ES") ? { key, dsaEncoding: "ieee-p1363" } : key;
    return () => verifySignature("sha256", signed, options, signature);
  },

  // Its cache of verified tokens is off by default: with it, a token is verified once.
  "fast-jwt": (material) => fastJwt(material, false),
  "fast-jwt, its cache on": (material) => fastJwt(material, true),

  async "aws-jwt-verify"({ jwk, issuer, audience }) {
    const { JwtVerifier } = await import("aws-jwt-verify");
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` });
    verifier.cacheJwks({ keys: [jwk] });
    return (token) => verifier.verifySync(token);
  },

  async jose({ algorithm, jwk, issuer, audience }) {
    const { importJWK, jwtVerify } = await import("jose");
    const key = await importJWK(jwk, algorithm);
    return (token) => jwtVerify(token, key, { algorithms: [algorithm], issuer, audience, typ: "at+jwt" });
  },

  async jsonwebtoken({ algorithm, jwk, issuer, audience }) {
    const { default: jsonwebtoken } = await import("jsonwebtoken");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    return (token) => jsonwebtoken.verify(token, key, { algorithms: [algorithm], issuer, audience });
  },

  async "authorizer on aws-jwt-verify"(material) {
    const sink = openSync("/dev/null", "w");
    const handler = createAuthorizer(material, (line) => writeSync(sink, `${line}\n`));
    return () => handler(material.event);
  },
};

const refused = { "node:crypto": ["tampered"], "authorizer on aws-jwt-verify": ["tampered", "expired", "another audience", "revoked"] };

function withToken(material, token) {
  const headers = { ...material.event.headers, authorization: `Bearer ${token}` };
  return { ...material, token, event: { ...material.event, headers } };
}

async function accepts(name, material) {
  const answer = await (await contestants[name](material))(material.token);
  return answer !== false && answer?.isAuthorized !== false;
}

async function prove(name, material) {
  if (!(await accepts(name, material))) throw new Error(`${name} refuses the good token`);
  for (const kind of refused[name] ?? ["tampered", "expired", "another audience"]) {
    const accepted = await accepts(name, withToken(material, material.refused[kind])).catch(() => false);
    if (accepted) throw new Error(`${name} accepts a token that is wrong: ${kind}`);
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const material = JSON.parse((await lines.next()).value);
await prove(process.argv[2], material);
const verify = await contestants[process.argv[2]](material);
for await (const line of lines) {
  const size = Number(line);
  const started = process.cpuUsage();
  for (let done = 0; done < size; done += 1) {
    const answer = verify(material.token);
    if (answer instanceof Promise) await answer;
    else if (answer === false) throw new Error("not verified");
  }
  const { user, system } = process.cpuUsage(started);
  process.stdout.write(`${(user + system) / 1e6}\n`);
}
