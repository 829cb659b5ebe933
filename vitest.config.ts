// Four projects: `node` runs everything; `browser` runs what must give the same bytes in Chromium (files ending in .browser.test.ts); `package` installs
// the packed file and uses it as its users do (test/package), with Chromium for its page; `page` opens the built page as its readers do (test/page).
// CXL_SANDBOX_CHROMIUM names the browser; Debian's place is tried otherwise. Under CI a missing browser is a failure, not a skip.

import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { library } from "./src/web/build/library.ts";
import { versionDefinition } from "./src/web/build/version.ts";
import { bundledWorkers } from "./test/support/bundled-workers.ts";
import LongestFirst from "./test/support/longest-first.ts";

const chromium = [process.env["CXL_SANDBOX_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => path !== "" && existsSync(path));
const hasBrowser = chromium !== undefined;
if (!hasBrowser && process.env["CI"]) throw new Error("no Chromium: install Debian's `chromium` or name one in CXL_SANDBOX_CHROMIUM");
if (!hasBrowser) console.warn("browser and page projects and the packed page left out: no Chromium found (install Debian's `chromium` or set CXL_SANDBOX_CHROMIUM)");

/** What Chromium is compared with: computed once, for the browser project; the run of the library serves test/cli/run.test.ts as well. */
const globalSetup = ["test/support/node-digests.ts"];
const exclude = ["**/node_modules/**", "dist/**", "build/**", "**/*.browser.test.ts"];
// Every core has a worker, and Chromium goes on beside them (one more saves nothing: the cores are busy). All projects are one group, so that none waits for the end of another.
const maxWorkers = "100%";
// Every core has work: threads beside a worker's own, which V8 collects garbage in, would take it from the other worker, and cost more than they give.
// (More room for young objects would save 7 %; but a thread that runs out of its limited heap takes its process along then: test/workers/machine-life.)
const execArgv = ["--single-threaded-gc"];
// One module graph for a worker's files: nothing below src keeps state of its own, and compiled code stays warm.
const node = {
  test: { name: "node", isolate: false, maxWorkers, execArgv, environment: "node" as const, include: ["{registers,src,workers,tools,test,bench}/**/*.test.ts"], exclude: [...exclude, "test/package/**", "test/page/**"], testTimeout: 60_000 },
};
const packed = {
  test: { name: "package", maxWorkers, globalSetup: ["test/support/packed.ts"], environment: "node" as const, include: ["test/package/**/*.test.ts"], provide: { chromium: chromium ?? "" }, testTimeout: 120_000 },
};
/** The built page, as readers have it. Files share one server and one browser; each test has a context of its own. */
const page = {
  test: { name: "page", isolate: false, maxWorkers, globalSetup: ["test/support/served.ts"], environment: "node" as const, include: ["test/page/**/*.test.ts"], provide: { chromium: chromium ?? "" }, testTimeout: 120_000, hookTimeout: 60_000 },
};
const browser = {
  plugins: [library(), bundledWorkers()],
  define: versionDefinition(),
  // Workers fetch them late: found then, they would make Vite load a test anew in the midst of it.
  optimizeDeps: { include: ["comlink", "re2js", "yaml", "zod"] },
  // The worker that stands for a host, of tests alone.
  publicDir: "test/web/public",
  test: {
    name: "browser",
    maxWorkers,
    globalSetup,
    include: ["{src,workers,test}/**/*.browser.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "dist/**", "build/**"],
    testTimeout: 120_000,
    // What is fetched on demand takes its time on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { ...(chromium === undefined ? {} : { executablePath: chromium }), args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] } }),
      instances: [{ browser: "chromium" as const }],
    },
  },
};

// Global setups run in this order: npm packs while the digests are computed, and goes on beside the first tests.
export default defineConfig({
  worker: { format: "es" },
  build: { assetsInlineLimit: 0 },
  test: { sequence: { sequencer: LongestFirst }, projects: hasBrowser ? [node, packed, page, browser] : [node, packed] },
});
