// What comes from outside: links, files of traces, and texts that were made to harm.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runScenario } from "../../dist/src/index.js";
import { crc32 } from "../../src/sim/crc32.ts";
import { run } from "../support/programs.ts";
import { editorText, newReader, openPage, openText, pageUrl, sharedPage, shownDigests, showPanel, typeText, untilOpen, untilState, usePage } from "./reader.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const origin = pageUrl === "" ? "" : new URL(pageUrl).origin;
const notice = (page: Page) => page.locator(".notice .words");

/** A link's hash as the page makes them, of whatever bytes. */
function hashOf(bytes: Uint8Array, claimed = crc32(bytes)): string {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(claimed >>> 0);
  return `#s1=${Buffer.concat([head, deflateRawSync(bytes, { level: 9 })]).toString("base64url")}`;
}

const stateHash = (text: string, more: Readonly<Record<string, unknown>> = {}): string => hashOf(Buffer.from(JSON.stringify({ file: "a.yaml", text, includes: {}, seed: 1, schedule: "fixed", ...more })));

describe.skipIf(pageUrl === "")("a share link", () => {
  usePage();

  it("leads from a changed text and another seed to the same text, seed and outcome, in a browser that was never here", async () => {
    const { page } = await openPage({ permissions: ["clipboard-read", "clipboard-write"] });
    const text = (await editorText(page)).replace("one port isolates", "öffentlich – 分享 &");
    await typeText(page, text);
    await page.locator("input.seed").fill("4242");
    await page.locator("input.seed").press("Enter");
    await page.locator(".player-bar").getByLabel("Schedule").selectOption("seeded");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.locator(".title-bar .changed").waitFor({ state: "detached" });
    await untilState(page, "ended");
    const digests = await shownDigests(page);
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await notice(page).filter({ hasText: "The link is copied" }).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link.startsWith(`${pageUrl}#s1=`)).toBe(true);

    const other = await openPage({ hash: link.slice(pageUrl.length) });
    expect(await editorText(other.page)).toBe(text);
    expect(await other.page.locator("input.seed").inputValue()).toBe("4242");
    expect(await other.page.locator(".player-bar").getByLabel("Schedule").inputValue()).toBe("seeded");
    expect(await shownDigests(other.page)).toEqual(digests);
    const { result } = await runScenario({ text }, { seed: 4242, schedule: "seeded" });
    expect(digests.trace).toBe(result.traceDigest);
    // What a link holds stands behind the #, which no server is sent.
    expect(other.asked.filter((url) => url.startsWith(origin) && new URL(url).search !== "")).toEqual([]);
  });

  it("of another version, damaged, 50 MB long, packed to burst, or with nothing in it is told, and the page goes on", async () => {
    const { page } = await openPage();
    const bomb = hashOf(new Uint8Array(40 * 2 ** 20));
    expect(bomb.length).toBeLessThan(64 * 1024);
    const hostile: readonly (readonly [string, RegExp])[] = [
      ["#s9=AAAA", /another version of the page \(s9\)/],
      ["#s1=AAAAAAA", /damaged/],
      ["#s1=!!!", /damaged/],
      [stateHash("version: 1").slice(0, -9), /damaged/],
      [bomb, /unpacks to more than 256 KiB/],
      [hashOf(Buffer.from("[1, 2]")), /damaged|no scenario/],
      [stateHash("version: 1", { seed: -1 }), /holds no scenario/],
      [stateHash("version: 1", { includes: { a: 1 } }), /holds no scenario/],
      ["#lib=../../package.json&seed=1", /.+/],
      ["#lib=isolation/a-link-down.yaml&seed=x", /no good seed/],
      ["#open=https://example.com/a.yaml", /another host/],
      ["#open=//example.com/a.yaml", /another host/],
      ["#open=javascript:alert(1)", /another host/],
    ];
    for (const [hash, words] of hostile) {
      await page.evaluate((next) => void (location.hash = next), hash);
      await notice(page).filter({ hasText: words }).waitFor();
      await page.getByRole("button", { name: "Dismiss" }).click();
    }
    // Beyond what an address may hold for the browser's own bars; the page reads it all the same.
    await page.evaluate(() => void (location.hash = `#s1=${"A".repeat(50 * 2 ** 20)}`)).catch(() => undefined);
    // A browser that does not take it leaves the address as it was.
    if (await page.evaluate(() => location.hash.length > 1e6)) await notice(page).filter({ hasText: "too long" }).waitFor();
    await page.evaluate(() => void (location.hash = `#s1=${"A".repeat(2 ** 20)}`));
    await notice(page).filter({ hasText: "This link is too long" }).waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await untilState(page, "ended: recovered");
    expect(await editorText(page)).toMatch(/^version: 1\nname: one port isolates/);
  });

  it("that is damaged, opened first, says so and shows the sample", async () => {
    const { page } = await openPage({ hash: "#s1=AAAAAAA" });
    await notice(page).filter({ hasText: "damaged" }).waitFor();
    expect(await page.locator(".title-bar .file").textContent()).toBe("first.yaml");
  });
});

describe.skipIf(pageUrl === "")("a trace that the command wrote", () => {
  usePage();
  let folder = "";
  let name = "";
  let bytes: Buffer = Buffer.alloc(0);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-page-"));
    const ended = await run(process.execPath, ["dist/src/cli/main.js", "run", "scenarios/isolation/a-link-down.yaml", "--trace", "on", "--output", folder], repository);
    expect(ended.status, ended.stderr).toBe(0);
    name = readdirSync(folder).find((one) => one.endsWith(".trace")) ?? "";
    bytes = readFileSync(join(folder, name));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const pageOf = sharedPage();

  /** Goes to a record of the list, and sees the machine there. */
  async function lookAt(page: Page): Promise<void> {
    const { result } = await runScenario(new URL("../../scenarios/isolation/a-link-down.yaml", import.meta.url));
    await page.locator(".title-bar .file", { hasText: "a-link-down.yaml" }).waitFor();
    await page.locator("#panel-timeline [aria-label^='Time line of']").waitFor();
    const panel = await showPanel(page, "records");
    await panel.getByRole("row").nth(3).waitFor();
    await panel.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.locator(".title-bar .record").filter({ hasText: /^record (.+) of \1$/ }).waitFor();
    await page.getByRole("treeitem", { name: /rp0/ }).first().waitFor();
    await page.getByRole("button", { name: "To the end", exact: true }).click();
    await untilState(page, `ended: ${result.outcome}`);
    expect((await shownDigests(page)).trace).toBe(result.traceDigest);
  }

  it("opens by the file chooser: records, time line, and the machine at any of them", async () => {
    const { page } = await openPage();
    await openText(page, bytes, name);
    await lookAt(page);
  });

  it("cut short or changed is refused with a message, and what was open stays", async () => {
    const { page } = await pageOf();
    const { trace } = await shownDigests(page);
    const middle = Buffer.from(bytes);
    middle[bytes.length >> 1] = (middle[bytes.length >> 1] ?? 0) ^ 0xff;
    for (const [file, content] of [["cut.trace", bytes.subarray(0, bytes.length - 100)], ["head.trace", bytes.subarray(0, 12)], ["changed.trace", middle]] as const) {
      await openText(page, content, file);
      await notice(page).filter({ hasText: `${file}: ` }).waitFor();
    }
    expect(await page.locator(".title-bar .file").textContent()).toBe("first.yaml");
    expect((await shownDigests(page)).trace).toBe(trace);
  });

  it("opens by drag and drop", async () => {
    const { page } = await pageOf();
    const transfer = await page.evaluateHandle(({ letters, file }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0))], file));
      return data;
    }, { letters: bytes.toString("base64"), file: name });
    await page.dispatchEvent("main", "dragenter", { dataTransfer: transfer });
    await page.locator(".drop-hint").waitFor();
    await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
    await page.locator(".drop-hint").waitFor({ state: "detached" });
    await lookAt(page);
  });
});

/** Flags, markup, changes of direction and control characters. */
const evil = "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1</script>\u202egnp.exe\u0007\u001b[31m";

describe.skipIf(pageUrl === "")("a hostile scenario", () => {
  usePage();
  const pageOf = sharedPage();

  const text = (name: string, port: string): string => `version: 1
name: ${JSON.stringify(name)}
description: ${JSON.stringify(name)}
machine: { hostBridges: [{ rootPorts: [{ name: ${JSON.stringify(port)}, device: { volatile: 256MiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
workloads: []
expect: [{ outcome: unaffected }]
`;

  /** Nothing of it became an element, anywhere in the page or its shadow roots. */
  async function unharmed(page: Page): Promise<void> {
    expect(await page.evaluate(() => (window as unknown as { harmed?: number }).harmed)).toBe(undefined);
    const found = await page.evaluate(() => {
      const roots: (Document | ShadowRoot)[] = [document];
      const bad: string[] = [];
      for (const root of roots) {
        for (const element of root.querySelectorAll("*")) {
          if (element.shadowRoot !== null) roots.push(element.shadowRoot);
          if (element.matches("img:not([src^=blob]):not(.cm-widgetBuffer), script:not([src])") || [...element.attributes].some(({ name }) => name.startsWith("on"))) bad.push(element.outerHTML.slice(0, 200));
        }
      }
      return bad;
    });
    expect(found).toEqual([]);
  }

  it("with markup, changes of direction and control characters in its name is shown as text everywhere", async () => {
    const { page } = await pageOf();
    await openText(page, text(evil, "rp0"), "<img src=x onerror=window.harmed=1>.yaml");
    await untilOpen(page, "<img src=x");
    await untilState(page, "ended: unaffected");
    for (const id of ["library", "editor", "terminal", "memory", "host", "workloads", "machine", "registers", "log", "verdict", "outcome", "records", "compare", "timeline"]) {
      await showPanel(page, id);
      await unharmed(page);
    }
    const shown = await page.evaluate(() => document.body.innerText);
    // The editor marks them in the text; elsewhere they are replaced.
    // eslint-disable-next-line no-control-regex -- These are what must not be there.
    expect(/[\u202a-\u202e\u2066-\u2069\u0007\u001b]/.test(shown)).toBe(false);
  });

  it("with markup in a port's name is refused at its place, in words", async () => {
    const { page } = await pageOf();
    await openText(page, text("a", evil), "evil.yaml");
    const problems = page.locator(".editor-problems");
    await problems.waitFor();
    expect(await problems.textContent()).toMatch(/5?:\d+|name/);
    await unharmed(page);
  });

  it("markup that somehow came into the page does not run: the policy of the page and of the server forbid it", async () => {
    const { page, troubles } = await newReader({ expected: ({ kind, text: said }) => kind === "policy" || said.includes("Content Security Policy") || said.includes("404") });
    const answer = await page.goto(pageUrl);
    await untilState(page, "ended: recovered");
    expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
    const ran = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.harmed = 1";
      document.body.append(script);
      const place = document.createElement("div");
      place.innerHTML = "<img src=x onerror='window.harmed = 1'><iframe srcdoc='<script>parent.harmed = 1</script>'></iframe><a href='javascript:window.harmed = 1' id=hostile>x</a>";
      document.body.append(place);
      document.querySelector<HTMLElement>("#hostile")?.click();
      const foreign = await fetch("https://example.com/").then(() => "asked", () => "not asked");
      await new Promise((resolve) => void setTimeout(resolve, 200));
      return [(window as unknown as { harmed?: number }).harmed, foreign];
    });
    expect(ran).toEqual([undefined, "not asked"]);
    expect(troubles.filter(({ kind }) => kind === "policy").length).toBeGreaterThan(1);
  });
});
