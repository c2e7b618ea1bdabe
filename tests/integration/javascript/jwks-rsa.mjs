// jwks-rsa: the one key that the token names, as PEM.
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import jwksClient from "jwks-rsa";
import { question, verdict } from "./exchange.mjs";

const { issuer, audience, jwks_uri, token } = await question();
await verdict(async () => {
  const { kid, alg } = decodeProtectedHeader(token);
  const key = await jwksClient({ jwksUri: jwks_uri }).getSigningKey(kid);
  return (await jwtVerify(token, await importSPKI(key.getPublicKey(), alg), { issuer, audience })).payload;
});
