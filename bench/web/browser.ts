// The built page from `cxl-sandbox serve` in a real browser, with a hand on its worker.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, CDPSession, Page } from "playwright";
import { chromium } from "playwright";
import { watch } from "./watch.ts";

const command = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Of the system, where there is one; otherwise Playwright's own. */
const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The page's folder. */
export const built = fileURLToPath(new URL("../../web/", import.meta.url));

export interface Served {
  readonly address: string;
  readonly end: () => void;
}

/** Serves the page at a free port. @throws Error it does not */
export async function serve(): Promise<Served> {
  const server: ChildProcess = spawn(process.execPath, [command, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise<string>((resolve, reject) => {
    let text = "";
    server.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      const found = /http:\/\/\S+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    server.once("exit", (code) => reject(new Error(`cxl-sandbox serve ended with ${code}`)));
  });
  return { address, end: () => void server.kill("SIGTERM") };
}

/** The command's own run of a scenario, with its trace. Gives the place of the trace. */
export async function traced(scenario: string, output: string): Promise<void> {
  const child = spawn(process.execPath, [command, "run", scenario, "--trace", "on", "--no-golden", "--output", output], { stdio: "ignore" });
  await new Promise<void>((resolve) => void child.once("exit", () => resolve()));
}

export interface Opened {
  readonly browser: Browser;
  readonly page: Page;
  /** Of the page's thread. */
  readonly session: CDPSession;
  readonly close: () => Promise<void>;
}

/** A browser with a fresh profile, so that nothing is in its cache. The page goes nowhere yet. */
export async function freshBrowser(): Promise<Opened> {
  const browser = await chromium.launch({ ...(installed === undefined ? {} : { executablePath: installed }), args: flags });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(watch);
  const session = await page.context().newCDPSession(page);
  return { browser, page, session, close: () => browser.close() };
}

/** Goes to the page and waits until the sample's run has come to its end. */
export async function openPage({ page }: Opened, address: string): Promise<void> {
  await page.goto(address, { waitUntil: "commit" });
  await page.locator(".title-bar .state", { hasText: /^ended/ }).waitFor({ timeout: 120_000 });
}

/** Chooses a file by the page's own button. */
export const chooseFile = (page: Page, path: string): Promise<void> => page.locator("input[type=file]").first().setInputFiles(path);

/** A worker's side of the debugging protocol, through that of its page. */
export async function workerSession(session: CDPSession): Promise<(method: string, values?: object) => Promise<unknown>> {
  const attached = new Promise<string>((resolve) => {
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker") resolve(sessionId);
    });
  });
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const sessionId = await attached;
  let sent = 0;
  return (method, values = {}) => new Promise((resolve, reject) => {
    const id = ++sent;
    const hear = ({ message }: { readonly message: string }): void => {
      const answer = JSON.parse(message) as { readonly id?: number; readonly result?: unknown; readonly error?: { readonly message: string } };
      if (answer.id !== id) return;
      session.off("Target.receivedMessageFromTarget", hear);
      if (answer.error === undefined) resolve(answer.result);
      else reject(new Error(`${method}: ${answer.error.message}`));
    };
    session.on("Target.receivedMessageFromTarget", hear);
    session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params: values }) }).catch(reject);
  });
}

/** Numbers of the browser's processes that show pages. */
async function renderers({ browser }: Opened): Promise<readonly number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/** Processor time (ms) of the thread of the page, and of its worker: what other programs take meanwhile does not count. 0: the system does not tell. */
export async function threadTimes(opened: Opened): Promise<{ readonly page: number; readonly worker: number }> {
  const times = (await renderers(opened)).flatMap((id) => {
    const folder = `/proc/${id}/task`;
    return existsSync(folder) ? readdirSync(folder).map((thread) => ({ name: readFileSync(`${folder}/${thread}/comm`, "utf8").trim(), time: Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6, isMain: thread === String(id) })) : [];
  });
  // The busiest is the page's; the browser keeps spare processes.
  const most = (found: typeof times): number => Math.max(0, ...found.map(({ time }) => time));
  return { page: most(times.filter(({ isMain }) => isMain)), worker: most(times.filter(({ name }) => name.startsWith("DedicatedWorker"))) };
}

/** MB of the process that has page and worker: now, and at most so far. Null: the system does not tell. */
export async function processMemory(opened: Opened): Promise<{ readonly now: number; readonly most: number } | null> {
  const sizes = (await renderers(opened)).flatMap((id) => {
    const path = `/proc/${id}/status`;
    if (!existsSync(path)) return [];
    const text = readFileSync(path, "utf8");
    const of = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
    return [{ now: of("VmRSS"), most: of("VmHWM") }];
  });
  // The largest is the page's; the browser keeps a spare one.
  return sizes.toSorted((one, other) => other.now - one.now)[0] ?? null;
}
