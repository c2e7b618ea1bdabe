// One question on the standard input, one answer on the standard output, both JSON: secrets are in no command line.
import { text } from "node:stream/consumers";

export async function question() {
  const asked = JSON.parse(await text(process.stdin));
  for (const [user, cookie] of Object.entries(asked.sessions ?? {})) SESSIONS.set(user, { issuer: asked.issuer, cookie });
  return asked;
}

// The Cookie header of a browser in which a user is signed in, by the user's name in login_hint.
export const SESSIONS = new Map();
export const answer = (value) => process.stdout.write(JSON.stringify(value));

// Answers the claims of a token that holds, or the name of the error that the library refuses it with.
export async function verdict(verify) {
  try {
    answer({ claims: await verify() });
  } catch (error) {
    answer({ refused: error.code ?? error.name });
  }
}
