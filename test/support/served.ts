// Begins before the `page` project: builds what is not built, serves the page with the command, and starts the one browser that all files share.

import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of the served page, empty where there is no browser. */
    readonly pageUrl: string;
    /** Where the browser listens to tests. */
    readonly browserEndpoint: string;
  }
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const browserWords = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The command's server at a free port, and its first line. */
async function serve(): Promise<{ readonly url: string; readonly end: () => Promise<void> }> {
  const child = spawn(process.execPath, ["dist/src/cli/main.js", "serve", "--port", "0"], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await Promise.race([new Promise<string>((resolve) => child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()))), ended.then(() => "")]);
  if (!url.startsWith("http://127.0.0.1:")) throw new Error(`cxl-sandbox serve said "${url}"`);
  return {
    url,
    end: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

export default async function begin(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const executablePath = project.config.provide["chromium"];
  project.provide("pageUrl", "");
  project.provide("browserEndpoint", "");
  if (executablePath === undefined || executablePath === "") return undefined;
  // Steps whose inputs did not change are skipped.
  const { status } = spawnSync(process.execPath, ["tools/build.mjs"], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("the build failed");
  const [site, browser] = await Promise.all([serve(), chromium.launchServer({ executablePath, args: browserWords })]);
  project.provide("pageUrl", site.url);
  project.provide("browserEndpoint", browser.wsEndpoint());
  return async () => {
    await browser.close();
    await site.end();
  };
}
