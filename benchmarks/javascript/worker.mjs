// One contestant in Node: `node worker.mjs NAME`, started by benchmarks/worker_process.py and told what to do as that says.
// Each verifies as its documentation tells, with key, issuer and audience prepared.
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { createInterface } from "node:readline";

const contestants = {
  async "node:crypto"({ algorithm, jwk, token }) {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const end = token.lastIndexOf(".");
    const signed = Buffer.from(token.slice(0, end));
    const signature = Buffer.from(token.slice(end + 1), "base64url");
    const options = algorithm.startsWith("ES") ? { key, dsaEncoding: "ieee-p1363" } : key;
    return () => verifySignature("sha256", signed, options, signature);
  },

  async "fast-jwt"({ algorithm, jwk, token, issuer, audience }) {
    const { createVerifier } = await import("fast-jwt");
    const key = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
    // Its cache of verified tokens is off, as by default: with it a token is verified once.
    return createVerifier({ key, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache: false });
  },

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
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const material = JSON.parse((await lines.next()).value);
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
