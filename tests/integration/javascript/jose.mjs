// jose: the keys by their URL.
import { createRemoteJWKSet, jwtVerify } from "jose";
import { question, verdict } from "./exchange.mjs";

const { issuer, audience, jwks_uri, token } = await question();
await verdict(async () => {
  const expected = { issuer, audience, typ: "at+jwt", algorithms: ["RS256"], requiredClaims: ["jti", "client_id"] };
  return (await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), expected)).payload;
});
