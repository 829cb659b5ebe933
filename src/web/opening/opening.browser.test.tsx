import { HttpResponse, delay, http } from "msw";
import { setupWorker } from "msw/browser";
import { render } from "preact";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { textStore } from "../../../test/web/text-store.ts";
import type { TraceHeader } from "../../scenario/trace/file.ts";
import { encodeTrace } from "../../scenario/trace/file.ts";
import type { TraceLayer } from "../../sim/trace.ts";
import { traceLayers } from "../../sim/trace.ts";
import { packState } from "../share.ts";
import { openAddress, openFiles, openFromLocation, transferOf } from "./open.ts";
import { OpenButton, OpeningLayer, TransferBar } from "./opening-layer.tsx";
import { largestTrace } from "../store/document.ts";
import { largestScenario, longestScenario } from "./received.ts";
import { NoticeBar } from "../shell/notices.tsx";
import { ShareMenu } from "./share-menu.tsx";

const scenario = "version: 1\nname: fetched\n";
const digest = "0".repeat(16);
const digests = Object.fromEntries(traceLayers.map((layer) => [layer, digest])) as Record<TraceLayer, string>;
const header: TraceHeader = { format: 1, tool: { version: "0", moduleHash: digest }, file: "t.yaml", scenario, includes: {}, drivers: [], seed: 1, schedule: "fixed", choices: [], defects: [], digests, traceDigest: digest };
const trace = encodeTrace({ header, parts: new Map(), kinds: new Map(), strings: [], records: new Uint32Array(8 * 4000) });
const page = new URL("/page/index.html", location.href).href;
const at = (name: string): string => new URL(name, page).href;

/** Bytes that come in pieces, each after a while; `breaks`: the connection, after them. */
const slowly = (pieces: readonly (string | Uint8Array)[], wait: number, breaks = false): ReadableStream<Uint8Array> => {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      await delay(wait);
      const piece = pieces[next++];
      if (piece !== undefined) controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
      else if (breaks) controller.error(new Error("gone"));
      else controller.close();
    },
  });
};
/** More than anybody wants, for ever. */
const endless = (head: Uint8Array, each: number): ReadableStream<Uint8Array> => {
  let isBegun = false;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(isBegun ? new Uint8Array(each).fill(0x61) : head);
      isBegun = true;
    },
  });
};

const worker = setupWorker(
  http.get(at("good.yaml"), () => HttpResponse.text(scenario)),
  http.get(at("good.trace"), () => HttpResponse.arrayBuffer(trace.buffer as ArrayBuffer)),
  http.get(at("cut.trace"), () => HttpResponse.arrayBuffer(trace.slice(0, 60_000).buffer)),
  http.get(at("page.yaml"), () => HttpResponse.html("<!DOCTYPE html><title>viewer</title>")),
  http.get(at("binary.yaml"), () => HttpResponse.arrayBuffer(new Uint8Array([0xff, 0xfe, 0, 1, 2, 3, 4, 5, 6, 7, 8]).buffer)),
  http.get(at("none.yaml"), () => new HttpResponse(null, { status: 404 })),
  http.get(at("broken.yaml"), () => new HttpResponse(null, { status: 503 })),
  http.get(at("error.yaml"), () => HttpResponse.error()),
  http.get(at("endless.yaml"), () => new HttpResponse(endless(new TextEncoder().encode("version: 1\n"), 1 << 16))),
  http.get(at("slow.yaml"), () => new HttpResponse(slowly(["version: 1\n", "name: slow\n", ...Array.from({ length: 600 }, () => "#\n")], 100))),
  http.get(at("breaks.yaml"), () => new HttpResponse(slowly(["version: 1\n"], 10, true))),
);

beforeAll(() => worker.start({ quiet: true, onUnhandledRequest: "bypass", serviceWorker: { url: "/mockServiceWorker.js" } }));
afterAll(() => worker.stop());

const file = (name: string, content: string | Uint8Array): File => new File([content as string | Uint8Array<ArrayBuffer>], name);
const host = document.createElement("div");
document.body.append(host);
afterEach(() => render(null, host));

describe("a file of this host, by address", () => {
  it("a scenario and a trace are opened", async () => {
    const { store, opened } = textStore({ text: "old: 1\n", seed: 9 });
    expect(await openAddress(store, "good.yaml", page)).toBe(true);
    expect([store.document.value.file, store.document.value.text, store.notice.value?.action?.label]).toEqual(["good.yaml", scenario, "Back to a.yaml"]);
    expect(await openAddress(store, "./good.trace", page)).toBe(true);
    expect(opened).toEqual(["good.yaml", "good.trace"]);
    expect(transferOf(store).value).toBe(null);
  });

  it.each([
    ["that is not there", "none.yaml", /none\.yaml is not there; look whether the address is right \(HTTP 404\)/],
    ["that the host fails to give", "broken.yaml", /HTTP 503/],
    ["that cannot be reached", "error.yaml", /could not be fetched.*Look whether you are online/],
    ["that is a web page", "page.yaml", /is a web page, not a scenario.*raw/],
    ["that is no text", "binary.yaml", /its bytes are no text/],
    ["that never ends: it is counted, and no more is taken", "endless.yaml", /too large for a scenario/],
    ["whose connection breaks", "breaks.yaml", /came only in part: the connection broke after 11 bytes/],
    ["that is a trace cut short", "cut.trace", /cut\.trace: /],
    ["of another host", "https://example.com/a.yaml", /example\.com is another host.*Download the file there/],
    ["of no host", "data:text/plain,version", /another host/],
    ["of a script", "javascript:alert(1)", /another host/],
    ["of no address at all", "http://[", /is no address/],
  ])("%s: nothing is opened, and it is said why", async (_, address, reason) => {
    const { store, opened } = textStore({ text: "old: 1\n" });
    await openAddress(store, address, page);
    expect(opened).toEqual([]);
    expect(store.notice.value).toMatchObject({ kind: "problem", text: expect.stringMatching(reason) });
    expect([store.document.value.text, transferOf(store).value]).toEqual(["old: 1\n", null]);
  });

  it("that is slow shows how far it is, and can be ended", async () => {
    const { store, opened } = textStore({ text: "old: 1\n" });
    render(<OpeningLayer store={store} />, host);
    const opening = openAddress(store, "slow.yaml", page);
    await expect.poll(() => host.querySelector(".transfer")?.textContent).toMatch(/Fetching \/page\/slow\.yaml: 1 KiB/);
    expect(host.querySelector("progress")?.getAttribute("aria-label")).toBe("Fetching /page/slow.yaml");
    host.querySelector<HTMLElement>(".transfer button")?.focus();
    await userEvent.keyboard("{Enter}");
    expect(await opening).toBe(false);
    expect([opened, store.notice.value?.text]).toEqual([[], "/page/slow.yaml: fetching was ended; nothing was opened."]);
    await expect.poll(() => host.querySelector(".transfer")).toBe(null);
  });

  it("gives way to another one that is asked for meanwhile", async () => {
    const { store, opened } = textStore();
    const first = openAddress(store, "slow.yaml", page);
    await expect.poll(() => transferOf(store).value?.received).toBeGreaterThan(0);
    expect(await openAddress(store, "good.yaml", page)).toBe(true);
    expect([await first, opened, transferOf(store).value]).toEqual([false, ["good.yaml"], null]);
  });
});

describe("hostile names", () => {
  it("are seen as what they are, in notices and in the bar of a transfer", async () => {
    const { store } = textStore();
    const name = "a\u202elmay.<img src=x onerror=alert(1)>";
    await openFiles(store, [file(name, new Uint8Array(9))]);
    render(<NoticeBar store={store} />, host);
    expect(host.textContent).toContain("a<U+202E>lmay.<img src=x onerror=alert(1)> is neither a scenario nor a trace");
    render(<TransferBar name={name} received={5000} total={10_000} cancel={() => undefined} />, host);
    expect(host.querySelector("progress")?.getAttribute("aria-label")).toBe("Fetching a<U+202E>lmay.<img src=x onerror=alert(1)>");
    expect(host.querySelectorAll("img").length).toBe(0);
  });
});

describe("the page's address", () => {
  it("?open= and #open= name a file of this host", async () => {
    const { store, opened, ways } = textStore();
    expect(await openFromLocation(store, `${page}?open=good.yaml`)).toBe(true);
    // Like a file that is dropped: run, so that there is something to look at.
    expect(ways).toEqual([{ kind: "end" }]);
    expect(await openFromLocation(store, `${page}#open=good.trace`)).toBe(true);
    expect(opened).toEqual(["good.yaml", "good.trace"]);
    expect(await openFromLocation(store, page)).toBe(false);
  });

  it("a link's state is there, with seed, schedule, panel and position, and a way back", async () => {
    const { store, ways } = textStore({ text: "old: 1\n", seed: 9 });
    const packed = await packState({ file: "b.yaml", text: scenario, includes: { "p.inc.yaml": "a: 1\n" }, seed: 5, schedule: "seeded", atNs: 77, panel: "log" });
    expect(await openFromLocation(store, page + (packed.kind === "link" ? packed.hash : ""))).toBe(true);
    expect(store.document.value).toEqual({ file: "b.yaml", text: scenario, includes: { "p.inc.yaml": "a: 1\n" }, seed: 5, schedule: "seeded" });
    expect(ways).toEqual(["log", { kind: "time", atNs: 77 }]);
    store.notice.value?.action?.run();
    expect(store.document.value).toMatchObject({ file: "a.yaml", text: "old: 1\n", seed: 9, schedule: "fixed" });
  });

  it("a bundled scenario by name; one that is not there changes nothing", async () => {
    const { store } = textStore({ text: "old: 1\n", seed: 9 });
    expect(await openFromLocation(store, `${page}#lib=nothing.yaml&seed=3`)).toBe(false);
    expect([store.document.value.seed, store.notice.value?.kind]).toEqual([9, "problem"]);
    expect(await openFromLocation(store, `${page}#lib=isolation/a-link-down.yaml&seed=3`)).toBe(true);
    expect(store.document.value).toMatchObject({ file: "scenarios/isolation/a-link-down.yaml", seed: 3 });
  });

  it("a damaged link is told, and what was there stays", async () => {
    const { store, opened } = textStore({ text: "old: 1\n" });
    expect(await openFromLocation(store, `${page}#s1=AAAAAAA`)).toBe(false);
    expect([opened, store.notice.value?.kind]).toEqual([[], "problem"]);
  });
});

describe("files that are dropped or chosen", () => {
  it("a trace goes by its first bytes, whatever its name", async () => {
    const { store, opened } = textStore();
    await openFiles(store, [file("run.yaml", trace)]);
    expect([opened, store.notice.value]).toEqual([["run.yaml"], null]);
    expect(store.document.value.file).toBe("a.yaml");
  });

  it("a scenario with its parts, wherever below its folder they belong", async () => {
    const { store } = textStore();
    await openFiles(store, [file("cards.inc.yaml", "x: 1\n"), file("s.yaml", "version: 1\ninclude: [parts/cards.inc.yaml, more.inc.yaml]\n"), file("more.inc.yaml", "y: 2\n"), file("unused.inc.yaml", "z: 3\n")]);
    expect(store.document.value).toMatchObject({ file: "s.yaml", includes: { "parts/cards.inc.yaml": "x: 1\n", "more.inc.yaml": "y: 2\n" } });
    expect(Object.keys(store.document.value.includes).length).toBe(2);
  });

  it("a part alone goes to the scenario that waits for it, or stands for itself", async () => {
    const { store } = textStore({ file: "s.yaml", text: "version: 1\ninclude: parts/cards.inc.yaml\n" });
    await openFiles(store, [file("cards.inc.yaml", "x: 1\n")]);
    expect(store.document.value).toMatchObject({ file: "s.yaml", includes: { "parts/cards.inc.yaml": "x: 1\n" } });
    await openFiles(store, [file("other.inc.yaml", "y: 1\n")]);
    expect(store.document.value).toMatchObject({ file: "other.inc.yaml", text: "y: 1\n" });
  });

  it.each([
    ["two scenarios", [file("a.yaml", "a: 1"), file("b.yaml", "b: 1")], /2 of these files could be the scenario: a\.yaml, b\.yaml/],
    ["a trace beside others", [file("t.trace", trace), file("b.yaml", "b: 1")], /A trace is opened alone/],
    ["parts of nothing", [file("a.inc.yaml", "a: 1"), file("b.inc.yaml", "b: 1")], /Open them together with the one that does/],
    ["a text that is too long", [file("a.yaml", "x".repeat(longestScenario + 1))], /has 262145 characters; a scenario has at most 262144/],
    ["bytes that are neither", [file("a.bin", new Uint8Array([0x80, 0, 0, 1]))], /neither a scenario nor a trace/],
    ["zeros", [file("a.bin", new Uint8Array(100))], /zero bytes/],
    ["forty files", Array.from({ length: 40 }, (_, index) => file(`${index}.inc.yaml`, "")), /40 files/],
  ])("%s: refused with the reason", async (_, files, reason) => {
    const { store, opened } = textStore({ text: "old: 1\n" });
    expect(await openFiles(store, files)).toBe(false);
    expect([opened, store.notice.value?.text]).toEqual([[], expect.stringMatching(reason)]);
  });

  it("what is too large is refused before it is read", async () => {
    const { store } = textStore();
    const huge = (size: number, head: Uint8Array) => ({ name: "huge", size, slice: () => ({ arrayBuffer: () => Promise.resolve(head.slice().buffer as ArrayBuffer) }), arrayBuffer: () => Promise.reject(new Error("was read")) });
    await openFiles(store, [huge(largestTrace + 1, trace.subarray(0, 8))]);
    expect(store.notice.value?.text).toMatch(/larger than 512 MiB/);
    await openFiles(store, [huge(largestScenario + 1, new Uint8Array(8))]);
    expect(store.notice.value?.text).toMatch(/too large for a scenario/);
    await openFiles(store, [huge(10, new Uint8Array(8))]);
    expect(store.notice.value?.text).toMatch(/cannot be read\. If it is a folder/);
  });

  it("a drop anywhere on the page opens, with a hint while the file hangs over it", async () => {
    const { store } = textStore();
    render(<OpeningLayer store={store} />, host);
    const transfer = new DataTransfer();
    transfer.items.add(file("dropped.yaml", scenario));
    const tell = (type: string): boolean => document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    // Effects of the first render are over by then.
    await expect.poll(() => (tell("dragenter"), host.querySelector(".drop-hint"))).not.toBe(null);
    expect(tell("dragover")).toBe(false);
    expect(tell("drop")).toBe(false);
    await expect.poll(() => store.document.value.file).toBe("dropped.yaml");
    expect(host.querySelector(".drop-hint")).toBe(null);
  });

  it("and the button does the same by keyboard", async () => {
    const { store } = textStore();
    render(<OpenButton store={store} />, host);
    expect(host.querySelector("button")?.textContent).toBe("Open file…");
    const field = host.querySelector<HTMLInputElement>("input[type=file]");
    const transfer = new DataTransfer();
    transfer.items.add(file("chosen.yaml", scenario));
    if (field !== null) field.files = transfer.files;
    field?.dispatchEvent(new Event("change", { bubbles: true }));
    await expect.poll(() => store.document.value.file).toBe("chosen.yaml");
  });
});

describe("sharing", () => {
  it("without a clipboard the text is there to be copied by hand, chosen", async () => {
    const { store } = textStore({ file: "my file.yaml", text: scenario, seed: 3 });
    render(<ShareMenu store={store} />, host);
    const [link, command] = host.querySelectorAll("button");
    link?.click();
    await expect.poll(() => host.querySelector(".share-said")?.textContent || host.querySelector(".share-by-hand")?.textContent).toMatch(/^Link/);
    command?.click();
    await expect.poll(() => host.querySelector(".share-said")?.textContent || host.querySelector<HTMLInputElement>(".share-by-hand input")?.value).toMatch(/^(Command .*copied\.|cxl-sandbox run 'my file\.yaml' --seed 3 --schedule fixed)$/);
  });
});
