// Drives Chromium for a test: each line of stdin is a command in JSON, each line of stdout its answer.
// The first line has `executable` and `rules`, the names that Chromium resolves. A command is about one tab.
import { createInterface } from "node:readline";
import { audit } from "./audit.mjs";
import { launch } from "./launch.mjs";

const PATIENCE = 30_000; // a cold start on a busy machine
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? "null");

const { executable, rules } = await next();
const browser = await launch(executable, rules);
const tabs = [];
const audited = new Set();

async function openTab(context, log, options) {
  const page = await context.newPage();
  const tab = { page, log, options, status: null };
  page.on("response", (response) => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) tab.status = response.status();
  });
  page.on("console", (message) => {
    // Chromium logs each page that answers 4xx; the test looks at the status itself.
    if (!message.text().startsWith("Failed to load resource: the server responded with a status of 4"))
      log.complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => log.complaints.push(`${page.url()}: ${error}`));
  return tabs.push(tab) - 1;
}

async function auditOnce({ page, log }, { url, title, alerts, notices }) {
  const key = JSON.stringify([new URL(url).pathname, title, alerts, notices]);
  if (audited.has(key)) return;
  audited.add(key);
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    const { violations, incomplete } = await audit(page);
    for (const each of [...violations, ...incomplete]) log.complaints.push(`${url}, ${colorScheme}: ${each}`);
  }
}

async function look(tab) {
  const { page, status } = tab;
  const texts = (selector) => page.locator(selector).allInnerTexts();
  const seen = {
    url: page.url(),
    status,
    title: await page.title(),
    heading: (await texts("h1")).join(),
    alerts: await texts("[role=alert], .field .error"),
    notices: await texts("[role=status]"),
    text: await page.locator("main").innerText(),
    focus: await page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.name || ""),
  };
  if (tab.options.audits) await auditOnce(tab, seen);
  return seen;
}

const load = async (tab, act) => (await Promise.all([tab.page.waitForEvent("load"), act()]), look(tab));
const control = ({ page }, name, exact) =>
  page.getByRole("button", { name, exact }).or(page.getByRole("link", { name, exact })).first();

const DOES = {
  async context(_, { scripts, audits }) {
    const context = await browser.newContext({ javaScriptEnabled: scripts, ignoreHTTPSErrors: true, reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE);
    const log = { requests: [], complaints: [] };
    context.on("request", (request) => log.requests.push(request.url()));
    return openTab(context, log, { audits });
  },
  tab: ({ page, log, options }) => openTab(page.context(), log, options),
  look,
  open: async (tab, { url }) => (await tab.page.goto(url), look(tab)),
  reload: async (tab) => (await tab.page.reload(), look(tab)),
  back: async (tab) => (await tab.page.goBack(), look(tab)),
  click: (tab, { name, exact }) => load(tab, () => control(tab, name, exact).click()),
  doubleClick: (tab, { name }) => load(tab, () => control(tab, name, true).dblclick()),
  // Clicks in all the tabs before one of them has its answer.
  async clickTogether(_, { among, name }) {
    return Promise.all(among.map((each) => load(tabs[each], () => control(tabs[each], name, true).click())));
  },
  async fill({ page }, { fields }) {
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
    return null;
  },
  type: async ({ page }, { text }) => (await page.keyboard.type(text), null),
  press: async (tab, { key, loads }) =>
    loads ? load(tab, () => tab.page.keyboard.press(key)) : (await tab.page.keyboard.press(key), look(tab)),
  cookies: ({ page }) => page.context().cookies(),
  forget: async ({ page }, { name }) => (await page.context().clearCookies({ name }), null),
  screenshot: async ({ page }, { path }) => (await page.screenshot({ path, fullPage: true }), null),
  async close({ page, log }) {
    await page.context().close();
    return log;
  },
};

try {
  for (let command = await next(); command !== null; command = await next()) {
    try {
      const answer = await DOES[command.do](tabs[command.tab], command);
      console.log(JSON.stringify({ answer }));
    } catch (error) {
      console.log(JSON.stringify({ error: `${command.do}: ${error.message}` }));
    }
  }
} finally {
  await browser.close();
}
