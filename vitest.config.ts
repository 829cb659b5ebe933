// Three projects: `node` runs everything; `browser` runs what must give the same bytes in Chromium (files ending in .browser.test.ts); `package` installs
// the packed file and uses it as its users do (test/package), with Chromium for its page.
// CXL_SANDBOX_CHROMIUM names the browser; Debian's place is tried otherwise. Under CI a missing browser is a failure, not a skip.

import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { library } from "./src/web/build/library.ts";
import { versionDefinition } from "./src/web/build/version.ts";

const chromium = [process.env["CXL_SANDBOX_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => path !== "" && existsSync(path));
const hasBrowser = chromium !== undefined;
if (!hasBrowser && process.env["CI"]) throw new Error("no Chromium: install Debian's `chromium` or name one in CXL_SANDBOX_CHROMIUM");
if (!hasBrowser) console.warn("browser project and the packed page left out: no Chromium found (install Debian's `chromium` or set CXL_SANDBOX_CHROMIUM)");

/** What Chromium is compared with: computed once, for the browser project alone. */
const globalSetup = ["test/support/node-digests.ts"];
const exclude = ["**/node_modules/**", "dist/**", "build/**", "**/*.browser.test.ts"];
// One module graph for a worker's files: nothing below src keeps state of its own, and compiled code stays warm. Every core has a worker; the other projects come after it.
const node = {
  test: { name: "node", isolate: false, maxWorkers: "100%", sequence: { groupOrder: 0 }, environment: "node" as const, include: ["{registers,src,workers,tools,test,bench}/**/*.test.ts"], exclude: [...exclude, "test/package/**"], testTimeout: 60_000 },
};
const packed = {
  test: { name: "package", sequence: { groupOrder: 1 }, globalSetup: ["test/support/packed.ts"], environment: "node" as const, include: ["test/package/**/*.test.ts"], provide: { chromium: chromium ?? "" }, testTimeout: 120_000 },
};
const browser = {
  plugins: [library()],
  define: versionDefinition(),
  // The worker that stands for a host, of tests alone.
  publicDir: "test/web/public",
  test: {
    name: "browser",
    sequence: { groupOrder: 1 },
    globalSetup,
    include: ["{src,workers,test}/**/*.browser.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "dist/**", "build/**"],
    testTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { ...(chromium === undefined ? {} : { executablePath: chromium }), args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] } }),
      instances: [{ browser: "chromium" as const }],
    },
  },
};

export default defineConfig({
  worker: { format: "es" },
  build: { assetsInlineLimit: 0 },
  test: { projects: hasBrowser ? [node, browser, packed] : [node, packed] },
});
