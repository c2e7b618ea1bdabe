// Opens a page in Chromium and reports what its script could do: one JSON question on stdin, one answer on stdout.
import { text } from "node:stream/consumers";
import { launch } from "./launch.mjs";
import * as scripts from "./scripts.mjs";

const { executable, page: url, serve, script, argument, names } = JSON.parse(await text(process.stdin));

const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(",");
// Chromium may ask the user before a page calls loopback. Other browsers do not, so the emulator has to hold alone.
const without = ["LocalNetworkAccessChecks", "BlockInsecurePrivateNetworkRequests"];
const browser = await launch(executable, rules, without);
try {
  const page = await browser.newPage();
  // A page of the attacker's at the emulator's own address, as rebinding leaves it: only this one path is not the emulator's.
  if (serve) await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(url);
  const answer = await page.evaluate(scripts[script], argument);
  console.log(JSON.stringify(answer));
} finally {
  await browser.close();
}
