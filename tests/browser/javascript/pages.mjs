// Opens the login's pages in Chromium in each theme at each width: one JSON question on stdin, one answer on stdout.
// A question names pages and `actions`: screenshot, audit (axe), walk (by keyboard). The answer has one entry a view.
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";
import { audit } from "./audit.mjs";

const { executable, origin, pages, themes, widths, actions, folder } = JSON.parse(await text(process.stdin));
const CONTROLS = 'a[href], button, summary, input:not([type="hidden"], [hidden])';

const DOES = {
  // A page that is wider than its window scrolls to the side (WCAG 1.4.10).
  async layout(page) {
    return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  },
  async screenshot(page, view) {
    const path = `${folder}/${view.page}-${view.theme}-${view.width}.png`;
    await page.screenshot({ path, fullPage: true });
    return path;
  },
  audit,
  // Presses Tab through the page, and returns the visible controls and those that had the focus, in order.
  async walk(page) {
    const controls = await page.evaluate((selector) => {
      for (const each of document.querySelectorAll("details")) each.open = true;
      // The walk begins at the top, not at the field that has the focus already.
      document.body.tabIndex = -1;
      document.body.focus();
      const all = [...document.querySelectorAll(selector)];
      all.forEach((each, index) => (each.dataset.order = index));
      return all.map((each) => each.name || each.textContent);
    }, CONTROLS);
    const focused = [];
    for (let i = 0; i < controls.length; i++) {
      await page.keyboard.press("Tab");
      focused.push(
        await page.evaluate(() => {
          const { activeElement: element } = document;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          return { order: Number(element.dataset.order), outline: `${outlineStyle} ${outlineWidth}` };
        }),
      );
    }
    return { controls, focused };
  },
  // Fills every field and presses Enter in the last one; returns where the browser is then.
  async enter(page) {
    const fields = page.locator('input:not([type="hidden"], [hidden])');
    if ((await fields.count()) === 0) return null;
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
    for (const field of await fields.all()) await field.fill("a long password of many words");
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await fields.last().press("Enter");
    return (await answered).request().postData();
  },
};

const browser = await chromium.launch({
  executablePath: executable,
  // In a container there is no sandbox to have.
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const answer = [];
try {
  for (const theme of themes) {
    for (const width of widths) {
      const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      const page = await context.newPage();
      let requests, complaints;
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => complaints.push(message.text()));
      for (const name of pages) {
        [requests, complaints] = [[], []];
        await page.goto(`${origin}/pages/${name}`);
        const view = { page: name, theme, width };
        for (const action of actions) view[action] = await DOES[action](page, view);
        answer.push({ ...view, requests, complaints });
      }
      await context.close();
    }
  }
  console.log(JSON.stringify(answer));
} finally {
  await browser.close();
}
