// Somebody in front of the page: a context and a page of the shared browser, and everything that must not happen while it is used.

import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright";
import { chromium } from "playwright";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

export const pageUrl = inject("pageUrl");

/** Milliseconds until something that is waited for is an error; a busy machine is slow. */
const patience = 30_000;

interface Trouble {
  readonly kind: "console" | "page error" | "policy" | "foreign request" | "crash";
  readonly text: string;
}

export interface Reader {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong so far. */
  readonly troubles: readonly Trouble[];
  /** Addresses that were asked for. */
  readonly asked: readonly string[];
}

export interface ReaderOptions extends BrowserContextOptions {
  /** Origin of the page. */
  readonly origin?: string;
  /** Troubles that belong to the test. */
  readonly expected?: (trouble: Trouble) => boolean;
}

interface Open {
  readonly reader: Reader & { readonly troubles: Trouble[] };
  readonly expected: (trouble: Trouble) => boolean;
  /** Goes on in the next test. */
  isShared: boolean;
}

let browser: Browser | null = null;
let open: Open[] = [];

/** Connects tests to the browser, and looks after each whether anything went wrong that must not. */
export function usePage(): void {
  beforeAll(async () => {
    browser = await chromium.connect(inject("browserEndpoint"));
  });
  afterEach(async () => {
    const troubles = open.flatMap(({ reader, expected }) => reader.troubles.filter((trouble) => !expected(trouble)));
    await closeReaders((one) => !one.isShared);
    for (const { reader } of open) reader.troubles.length = 0;
    expect(troubles, "nothing of this may happen on the page").toEqual([]);
  });
  afterAll(async () => {
    await closeReaders(() => true);
    await browser?.close();
  });
}

async function closeReaders(isOver: (one: Open) => boolean): Promise<void> {
  const over = open.filter(isOver);
  open = open.filter((one) => !over.includes(one));
  await Promise.all(over.map(({ reader }) => reader.context.close()));
}

/** One page for the tests of a block that begin where another one ended: to start the page is most of what a short test takes. Opened by the first that asks. */
export function sharedPage(options: Parameters<typeof openPage>[0] = {}): () => Promise<Reader> {
  let shared: Promise<Reader> | null = null;
  const begin = async (): Promise<Reader> => {
    const reader = await openPage(options);
    for (const one of open) if (one.reader === reader) one.isShared = true;
    return reader;
  };
  return () => (shared ??= begin());
}

/** A fresh context, as of a reader who was never here, with one empty page. */
export async function newReader({ origin = new URL(pageUrl).origin, expected = () => false, ...options }: ReaderOptions = {}): Promise<Reader> {
  if (browser === null) throw new Error("usePage() belongs at the head of the file");
  // The worker of a page that works offline keeps files: what is asked of the net is seen only without it.
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block", ...options });
  context.setDefaultTimeout(patience);
  const troubles: Trouble[] = [];
  const asked: string[] = [];
  context.on("request", (request) => {
    const url = request.url();
    asked.push(url);
    if (!url.startsWith("blob:") && !url.startsWith("data:") && new URL(url).origin !== origin) troubles.push({ kind: "foreign request", text: url });
  });
  const page = await context.newPage();
  await page.exposeBinding("violated", (_source, text: string) => void troubles.push({ kind: "policy", text }));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
      void (globalThis as unknown as { violated(text: string): void }).violated(`${violatedDirective}: ${blockedURI} (${sourceFile}:${lineNumber})`);
    });
  });
  page.on("console", (message) => {
    // Said by the means of the test itself, which keeps the worker out.
    if (message.text() === "Service Worker registration blocked by Playwright") return;
    if (message.type() === "error" || message.type() === "warning") troubles.push({ kind: "console", text: message.text() });
  });
  page.on("pageerror", (error) => troubles.push({ kind: "page error", text: `${error.message}\n${error.stack ?? ""}` }));
  page.on("crash", () => troubles.push({ kind: "crash", text: "the page crashed" }));
  const reader = { context, page, troubles, asked };
  open.push({ reader, expected, isShared: false });
  return reader;
}

/** The state of the run, as the page says it. */
export const stateOf = (page: Page): Locator => page.locator(".title-bar .state");

export const untilState = (page: Page, text: string | RegExp): Promise<void> => stateOf(page).filter({ hasText: text }).waitFor();

/** Opens the page; the sample, or what the hash names, has come to its end. */
export async function openPage(options: ReaderOptions & { readonly hash?: string } = {}): Promise<Reader> {
  const { hash = "", ...others } = options;
  const reader = await newReader(others);
  await reader.page.goto(pageUrl + hash);
  await untilState(reader.page, "ended");
  return reader;
}

/** The run on the page is one of the text that is in the editor. */
export const untilOpen = (page: Page, file: string): Promise<void> => page.locator(".title-bar:not(:has(.changed)) .file").filter({ hasText: file }).waitFor();

/** Chooses a file of the reader's. */
export async function openText(page: Page, text: string | Buffer, name = "mine.yaml"): Promise<void> {
  await showPanel(page, "editor");
  await page.locator("#panel-editor input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer: typeof text === "string" ? Buffer.from(text) : text });
}

export async function showPanel(page: Page, id: string): Promise<Locator> {
  const tab = page.locator(`#tab-${id}`);
  if ((await tab.getAttribute("aria-selected")) !== "true") await tab.click();
  const panel = page.locator(`#panel-${id}`);
  await panel.waitFor();
  return panel;
}

/** The text of the editor, as it is in the page. */
export async function editorText(page: Page): Promise<string> {
  await showPanel(page, "editor");
  // Long texts are not all in the document: what the editor holds is what its own view says.
  return page.locator("#panel-editor .cm-content").evaluate((element) => (element as unknown as { cmTile?: { root: { view: { state: { doc: { toString(): string } } } } } }).cmTile?.root.view.state.doc.toString() ?? "no view");
}

/** Puts another text into the editor, as somebody pasting does. */
export async function typeText(page: Page, text: string): Promise<void> {
  await showPanel(page, "editor");
  await page.locator("#panel-editor .cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

export interface ShownDigests {
  readonly trace: string;
  readonly layers: Readonly<Record<string, string>>;
}

/** Digests of the outcome panel. */
export async function shownDigests(page: Page): Promise<ShownDigests> {
  const panel = await showPanel(page, "outcome");
  const section = panel.locator("section", { has: page.locator("h3", { hasText: /^Digests$/ }) }).last();
  await section.waitFor();
  return section.evaluate((element) => ({
    trace: element.querySelector("code")?.textContent ?? "",
    layers: Object.fromEntries([...element.querySelectorAll("tr")].map((row) => [row.querySelector("th")?.textContent ?? "", row.querySelector("code")?.textContent ?? ""])),
  }));
}
