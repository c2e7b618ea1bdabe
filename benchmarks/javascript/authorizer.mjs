// An authorizer on aws-jwt-verify with our checks, a peer of ours: strict claims, revocations in memory, rules, a simple answer.
import { JwtVerifier } from "aws-jwt-verify";

// Parameters that contain a key, change how the token is read, or require an extension.
const REFUSED_PARAMETERS = ["crit", "b64", "zip", "cty", "enc", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"];
const SCOPES = new Map([["GET /reports", []]]);
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const LONGEST_LIFETIME = 3600;
const LEEWAY = 10;
const LOGGED = 10; // one allowed request in so many
const MAX_TOKEN_LENGTH = 8192;

function isText(value) {
  return typeof value === "string" && value.length > 0;
}

// Throws for a token that RFC 9068 or our rules refuse; aws-jwt-verify has checked signature, issuer, audience and times.
function checkToken({ header, payload }) {
  if (header.typ !== "at+jwt") throw new Error("typ");
  for (const name of REFUSED_PARAMETERS) if (name in header) throw new Error(name);
  for (const name of ["sub", "client_id", "jti"]) if (!isText(payload[name])) throw new Error(name);
  const { iat, exp, nbf, scope } = payload;
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw new Error("times");
  if (exp - iat > LONGEST_LIFETIME || iat > Date.now() / 1000 + LEEWAY) throw new Error("lifetime");
  if (nbf !== undefined && !Number.isSafeInteger(nbf)) throw new Error("nbf");
  if (scope !== undefined && !(isText(scope) && SCOPE.test(scope))) throw new Error("scope");
  if ("cnf" in payload) throw new Error("sender-constrained");
}

function bearerToken(event) {
  const value = event.headers.authorization;
  if (!isText(value) || value.length > MAX_TOKEN_LENGTH || !/^bearer /i.test(value)) throw new Error("no bearer token");
  return value.slice(7);
}

export function createAuthorizer({ issuer, audience, jwk, revoked }, write) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks`, graceSeconds: LEEWAY, customJwtCheck: checkToken });
  verifier.cacheJwks({ keys: [jwk] });
  const revocations = new Map(revoked.map((jti) => [`jti#${jti}`, true]));
  const counts = { allows: 0, refusals: 0 };

  function isRevoked({ jti, sub, client_id: client }) {
    const targets = [`jti#${jti}`, `sub#${sub}`, `client#${client}`, `pair#${sub}#${client}`, "global#0"];
    return targets.some((target) => revocations.has(target));
  }

  function claimsOf(event) {
    const scopes = SCOPES.get(event.routeKey);
    if (scopes === undefined) throw new Error("no rule");
    const claims = verifier.verifySync(bearerToken(event));
    if (isRevoked(claims)) throw new Error("revoked");
    const granted = new Set((claims.scope ?? "").split(" "));
    if (!scopes.every((scope) => granted.has(scope))) throw new Error("insufficient scope");
    return claims;
  }

  return (event) => {
    let claims;
    try {
      claims = claimsOf(event);
    } catch (error) {
      counts.refusals += 1;
      write(JSON.stringify({ level: "INFO", event: "refused", reason: error.message }));
      return { isAuthorized: false };
    }
    if (counts.allows++ % LOGGED === 0) write(JSON.stringify({ level: "INFO", event: "allowed", jti: claims.jti }));
    const { sub, client_id, scope, jti, iss, exp } = claims;
    return { isAuthorized: true, context: { sub, client_id, scope, jti, iss, exp: String(exp) } };
  };
}
