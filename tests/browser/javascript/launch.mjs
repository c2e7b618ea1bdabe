// Starts Chromium for a test, which resolves names by `rules` alone and lacks the features in `without`.
import { chromium } from "playwright-core";

export const launch = (executable, rules, without = []) =>
  chromium.launch({
    executablePath: executable,
    args: [
      "--no-sandbox", // in a container there is none to have
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=${rules}`,
      `--disable-features=${["HttpsUpgrades", ...without].join(",")}`,
    ],
  });
