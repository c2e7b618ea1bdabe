// One question on the standard input, one answer on the standard output, both JSON: secrets are in no command line.
import { text } from "node:stream/consumers";

export const question = async () => JSON.parse(await text(process.stdin));
export const answer = (value) => process.stdout.write(JSON.stringify(value));

// Answers the claims of a token that holds, or the name of the error that the library refuses it with.
export async function verdict(verify) {
  try {
    answer({ claims: await verify() });
  } catch (error) {
    answer({ refused: error.code ?? error.name });
  }
}
