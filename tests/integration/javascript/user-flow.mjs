// The parts of a user's flow that do not depend on the client library.
import { importJWK } from "jose";

// `oauth` is a library with the names of oauth4webapi, which openid-client has too.
export async function authentication(oauth, method, { client_secret, jwk }) {
  if (method === "none") return oauth.None();
  if (method === "client_secret_basic") return oauth.ClientSecretBasic(client_secret);
  if (method === "client_secret_post") return oauth.ClientSecretPost(client_secret);
  return oauth.PrivateKeyJwt({ key: await importJWK(jwk), kid: jwk.kid });
}

// Returns a used code, a replaced refresh token, and a fresh response whose issuer is then removed or replaced.
export async function refusable({ ask, redeem, refresh }) {
  const [again, reused, stranger] = [await ask(), await ask(), await ask()];
  await redeem(again);
  const old = await redeem(reused);
  await refresh(await refresh(old));
  const silent = new URL(stranger.location);
  silent.searchParams.delete("iss");
  const other = new URL(stranger.location);
  other.searchParams.set("iss", "https://other.example.com");
  return { again, old, stranger, silent, other };
}
