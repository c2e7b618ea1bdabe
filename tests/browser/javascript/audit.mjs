// axe-core on a page: the rules of WCAG 2.2 AA that a machine can check.
import { readFile } from "node:fs/promises";

const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// Returns a sentence for each finding; `incomplete` are those that axe could not decide.
export async function audit(page) {
  await page.evaluate(axe);
  const { violations, incomplete } = await page.evaluate(
    (tags) => axe.run(document, { runOnly: tags, resultTypes: ["violations", "incomplete"] }),
    TAGS,
  );
  const brief = ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`;
  return { violations: violations.map(brief), incomplete: incomplete.map(brief) };
}
