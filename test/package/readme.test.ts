// The README's examples, pasted into projects of a new user.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "vite";
import { describe, expect, inject, it } from "vitest";
import { run } from "../support/programs.ts";
import { serve, textOfPage } from "./page.ts";
import { readPage } from "./pages.ts";
import { project } from "./project.ts";

const readme = readPage("README.md");
const scenario = readFileSync(new URL("../../docs/examples/first.yaml", import.meta.url), "utf8");
const chromium = inject("chromium");
/** What the README's page says of its machine. */
const shown = "CXL.mem isolation: 1, at ";

describe("in a bare Node project", () => {
  const bare = project("node");

  it("the driver runs and prints what the README shows", async () => {
    bare.write({ "first-driver.mjs": readme.file("first-driver.mjs") });
    expect(await bare.node("first-driver.mjs")).toEqual({ status: 0, stdout: readme.output("node first-driver.mjs"), stderr: "" });
  });

  it("the scenario runs and prints what the README shows", async () => {
    bare.write({ "first.yaml": scenario });
    const { status, stdout, stderr } = await run(join(bare.folder, "node_modules/.bin/cxl-sandbox"), ["run", "first.yaml"], bare.folder);
    expect(status).toBe(0);
    expect(`${stdout}${stderr}`).toBe(readme.output("npx cxl-sandbox run first.yaml"));
  });
});

describe("in a Vite application", () => {
  const app = project("vite-app", ["vite"]);

  it("the page is built without a warning: the module is an asset of its own, and sources of others are left out", async () => {
    // The library is one piece of more than 1 MB before compression, kernel and command interpreter included: Vite's remark on size is known.
    const config = "export default { build: { chunkSizeWarningLimit: 2000 } };";
    app.write({ "index.html": readme.file("index.html"), "main.js": readme.file("main.js"), "vite.config.mjs": config });
    const { status, stderr } = await app.node("node_modules/vite/bin/vite.js", "build", "--base", "./");
    expect([status, stderr]).toEqual([0, ""]);
    expect(readdirSync(join(app.folder, "dist/assets")).filter((name) => name.endsWith(".wasm"))).toEqual([expect.stringMatching(/^hardware-.*\.wasm$/)]);
  });

  it.skipIf(chromium === "").each(["/", "/of/others/"])("served below %s the machine's register is on the page", async (prefix) => {
    const site = await serve(join(app.folder, "dist"), prefix);
    try {
      expect(await textOfPage(chromium, site.url, "#log")).toContain(shown);
    } finally {
      site.close();
    }
  });
});

describe("in a Vite application with a worker", () => {
  it.skipIf(chromium === "")("the worker's entry and the module are found from the built page", async () => {
    const app = project("vite-worker", ["vite"]);
    const main = readme.file("main.js").replaceAll("createMachine", "createMachineWorker").replace("capability.get(", "await capability.get(").replace("machine.now", "await machine.now()");
    app.write({ "index.html": readme.file("index.html"), "main.js": main });
    expect(await app.node("node_modules/vite/bin/vite.js", "build", "--base", "./", "--logLevel", "error")).toEqual({ status: 0, stdout: "", stderr: "" });
    const site = await serve(join(app.folder, "dist"), "/of/others/");
    try {
      expect(await textOfPage(chromium, site.url, "#log")).toContain(shown);
      expect(site.asked.some((path) => path.startsWith("/of/others/assets/machine-entry-"))).toBe(true);
    } finally {
      site.close();
    }
  });
});

describe("in Vite's development server", () => {
  it.skipIf(chromium === "")("the machine's register is on the page, with the package bundled before as dependencies are", async () => {
    const app = project("vite-dev", ["vite"]);
    app.write({ "index.html": readme.file("index.html"), "main.js": readme.file("main.js") });
    const server = await createServer({ root: app.folder, configFile: false, logLevel: "error", server: { port: 0, host: "127.0.0.1", ws: false } });
    try {
      await server.listen();
      expect(await textOfPage(chromium, server.resolvedUrls?.local[0] ?? "", "#log")).toContain(shown);
    } finally {
      await server.close();
    }
  });
});

describe("in a Vitest suite", () => {
  const suite = project("suite", ["vite", "vitest"]);
  const runFile = (file: string) => suite.node("node_modules/vitest/vitest.mjs", "run", file, "--reporter=json");
  const file = readme.file("isolation.test.mjs");

  it("the README's suite passes", async () => {
    suite.write({ "isolation.test.mjs": file });
    const { status, stdout, stderr } = await runFile("isolation.test.mjs");
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 1 });
  });

  it("with the wrong expectation of the README it fails with the README's message", async () => {
    suite.write({ "wrong.test.mjs": file.replace("memoryTimeout: 0", "memoryTimeout: 1") });
    const { status, stdout } = await runFile("wrong.test.mjs");
    expect(status).toBe(1);
    const message = (JSON.parse(stdout) as { testResults: { assertionResults: { failureMessages: string[] }[] }[] }).testResults[0]?.assertionResults[0]?.failureMessages[0] ?? "";
    expect(readme.blocks).toContain(`${message.split("\n")[0]?.replace(/^Error: /, "")}\n`);
  });
});
