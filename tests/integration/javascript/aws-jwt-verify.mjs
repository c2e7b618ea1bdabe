// aws-jwt-verify: AWS's own verifier. It fetches over https alone, so it is given a fetcher: the embedded issuer is on http.
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { question, verdict } from "./exchange.mjs";

const { issuer, audience, jwks_uri, token } = await question();
const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
await verdict(async () => {
  const expected = { issuer, audience, jwksUri: jwks_uri };
  return JwtVerifier.create(expected, { jwksCache: new SimpleJwksCache({ fetcher }) }).verify(token);
});
