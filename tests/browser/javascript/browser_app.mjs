// Walks through examples/browser-app as a person does: one JSON question on stdin, one answer on stdout.
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

const { executable, app, email, password, folder } = JSON.parse(await text(process.stdin));

const browser = await chromium.launch({
  executablePath: executable,
  // In a container there is no sandbox to have.
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const seen = { pages: [], complaints: [] };
try {
  const page = await browser.newPage({ colorScheme: "light", viewport: { width: 1000, height: 800 } });
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("pageerror", (error) => seen.complaints.push(error.message));

  const note = async (name) => {
    seen.pages.push(await page.locator("h1:visible").innerText());
    await page.screenshot({ path: `${folder}/browser-app-${name}.png`, fullPage: true });
  };
  const shown = async (id) => (await page.locator(`#${id}`).textContent()).trim();
  const signedIn = () => page.locator("#signed-in").waitFor();
  const begin = async () => {
    await page.click("#sign-in");
    await page.waitForURL(/\/login\?interaction=/);
  };
  const confirm = async () => {
    await page.click('button[value="allow"]');
    await signedIn();
  };
  const click = async (button, output) => {
    const before = await shown(output);
    await page.click(`#${button}`);
    await page.waitForFunction(([id, old]) => document.getElementById(id).textContent.trim() !== old, [output, before]);
    return shown(output);
  };

  await page.goto(app);
  await page.locator("#signed-out").waitFor();
  await note("start");
  await begin();
  await note("sign-in");
  await page.fill('input[name="email"]', email);
  await page.fill('input[name="password"]', password);
  await page.click('button[type="submit"]');
  await page.locator('button[value="allow"]').waitFor();
  await note("confirm");
  await confirm();
  seen.address = page.url();
  seen.claims = JSON.parse(await shown("access-claims"));
  seen.profile = JSON.parse(await shown("profile"));
  seen.call = await click("call", "answer");
  await note("signed-in");
  seen.refreshed = JSON.parse(await click("refresh", "access-claims"));

  // A reload forgets the tokens, and the session of the login spares the password.
  await page.reload();
  await page.locator("#signed-out").waitFor();
  await begin();
  seen.asksForPasswordAgain = (await page.locator('input[name="password"]').count()) > 0;
  await confirm();

  await page.click("#sign-out");
  await page.locator("#signed-out").waitFor();
  seen.addressAfterSignOut = page.url();
  await begin();
  seen.asksForPasswordAfterSignOut = (await page.locator('input[name="password"]').count()) > 0;
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
