// Opening what comes from outside: files by drop or choice, links, addresses. What goes wrong becomes a notice; what was there before can be had back.

import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { libraryText, offerBack, openFromLibrary } from "../library/library.ts";
import { readLink } from "../share.ts";
import type { ReadLink, SharedState } from "../share.ts";
import type { Document, PageStore } from "../store/contract.ts";
import { OpeningError, isPart, readFile, scenarioText } from "./received.ts";
import type { Readable } from "./received.ts";
import type { Progress } from "./remote.ts";
import { fetchFile, ownAddress } from "./remote.ts";

/** A file that is being fetched. */
export interface Transfer extends Progress {
  readonly name: string;
  readonly cancel: () => void;
}

const transfers = new WeakMap<PageStore, Signal<Transfer | null>>();

/** What is fetched for a store at the moment. */
export function transferOf(store: PageStore): Signal<Transfer | null> {
  const known = transfers.get(store) ?? signal<Transfer | null>(null);
  transfers.set(store, known);
  return known;
}

const problem = (store: PageStore, text: string): void => void (store.notice.value = { kind: "problem", text });

/** True: it was opened. */
async function told(store: PageStore, work: () => Promise<void>): Promise<boolean> {
  store.notice.value = null;
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof OpeningError)) throw error;
    problem(store, error.message);
    return false;
  }
}

type Texts = Readonly<Record<string, string>>;

const includesOf = async (store: PageStore, file: string, text: string, files: Texts): Promise<Texts> => (Object.keys(files).length === 0 ? {} : ((await store.ask("includes", { file, text, files })) ?? {}));

/** Texts of parts alone: into the document that includes them. False: it includes none of them. */
async function addParts(store: PageStore, parts: Texts): Promise<boolean> {
  const { file, text, includes } = store.document.peek();
  const found = await includesOf(store, file, text, { ...includes, ...parts });
  if (!Object.entries(found).some(([path, part]) => includes[path] !== part)) return false;
  await store.openScenario(file, text, found);
  return true;
}

/** Several texts: one scenario with its parts. */
async function openTexts(store: PageStore, texts: Texts): Promise<void> {
  const names = Object.keys(texts);
  const parts = Object.fromEntries(names.filter(isPart).map((name) => [name, texts[name] ?? ""]));
  const scenarios = names.filter((name) => !isPart(name));
  if (scenarios.length > 1) throw new OpeningError(`${scenarios.length} of these files could be the scenario: ${scenarios.slice(0, 3).join(", ")}. Open one, with the parts that it includes (their names end in .inc.yaml).`);
  const [file] = scenarios.length === 1 ? scenarios : names;
  if (scenarios.length === 0 && (await addParts(store, parts))) return;
  if (file === undefined || (scenarios.length === 0 && names.length > 1)) throw new OpeningError("These are parts of scenarios, and the scenario includes none of them. Open them together with the one that does.");
  const text = texts[file] ?? "";
  await store.openScenario(file, text, await includesOf(store, file, text, parts));
}

/** Opens files that were dropped or chosen: a trace, or a scenario with parts. */
export function openFiles(store: PageStore, files: readonly Readable[]): Promise<boolean> {
  return told(store, async () => {
    if (files.length > mostFiles) throw new OpeningError(`These are ${files.length} files; a scenario has at most ${mostFiles - 1} parts. Open the scenario and the parts that it includes.`);
    transferOf(store).peek()?.cancel();
    const before = store.document.peek();
    const read = [];
    for (const file of files) read.push(await readFile(file));
    const traces = read.filter(({ kind }) => kind === "trace");
    const [trace] = traces;
    if (trace !== undefined && read.length > 1) throw new OpeningError("A trace is opened alone: it holds its scenario. Open one file.");
    if (trace !== undefined) return openTrace(store, trace.name, trace.bytes);
    if (read.length === 0) return;
    await openTexts(store, Object.fromEntries(read.map(({ name, bytes }) => [name, scenarioText(name, bytes)])));
    backTo(store, before);
    if (store.status.peek() !== null) void store.go({ kind: "end" });
  });
}

const mostFiles = 33;

const backTo = (store: PageStore, before: Document): void => offerBack(store, before, store.document.peek().file);

/** A trace brings its own scenario; one that cannot be opened leaves what is there. */
async function openTrace(store: PageStore, name: string, bytes: Uint8Array): Promise<void> {
  const before = store.document.peek();
  await store.openFile(name, bytes);
  if (store.document.peek() !== before) offerBack(store, before, name);
}

/** Fetches and opens what is at an address of this page's host. `page`: this page's own. */
export function openAddress(store: PageStore, address: string, page: string): Promise<boolean> {
  return told(store, async () => {
    const url = ownAddress(address, page);
    const transfer = transferOf(store);
    transfer.peek()?.cancel();
    const abort = new AbortController();
    const own: Transfer = { name: url.pathname, received: 0, total: null, cancel: () => abort.abort() };
    transfer.value = own;
    try {
      const { name, kind, bytes } = await fetchFile(url, abort.signal, (progress) => {
        if (!abort.signal.aborted) transfer.value = { ...own, ...progress };
      });
      const before = store.document.peek();
      if (kind === "trace") await openTrace(store, name, bytes);
      else {
        await store.openScenario(name, scenarioText(name, bytes));
        backTo(store, before);
        if (store.status.peek() !== null) void store.go({ kind: "end" });
      }
    } catch (error) {
      if (abort.signal.aborted) throw new OpeningError(`${url.pathname}: fetching was ended; nothing was opened.`);
      throw error;
    } finally {
      if (transfer.peek()?.cancel === own.cancel) transfer.value = null;
    }
  });
}

/** Goes where a link says, once its scenario is open. */
async function goTo(store: PageStore, { atNs, panel }: Pick<SharedState, "atNs" | "panel">): Promise<void> {
  if (panel !== undefined) store.show(panel);
  if (store.status.peek() !== null) await store.go(atNs === undefined ? { kind: "end" } : { kind: "time", atNs });
}

async function openLink(store: PageStore, link: Exclude<ReadLink, { readonly kind: "open" | "none" }>): Promise<boolean> {
  store.notice.value = null;
  if (link.kind === "refused") {
    problem(store, link.reason);
    return false;
  }
  const before = store.document.peek();
  const { seed, schedule } = link.kind === "state" ? link.state : link.library;
  if (link.kind === "library" && (await isUnknown(link.library.path))) return openFromLibrary(store, link.library.path);
  store.document.value = { ...before, seed, schedule };
  if (link.kind === "state") {
    const { file, text, includes } = link.state;
    await store.openScenario(file, text, includes);
    backTo(store, before);
  } else await openFromLibrary(store, link.library.path, before);
  await goTo(store, link.kind === "state" ? link.state : link.library);
  return true;
}

const isUnknown = async (path: string): Promise<boolean> => (await libraryText(path).catch(() => undefined)) === undefined;

/** Opens what the page's address names: a link's #, `#open=FILE` or `?open=FILE`. False: nothing was opened, and a notice says why where something was meant. */
export async function openFromLocation(store: PageStore, page: string = location.href): Promise<boolean> {
  const { hash, searchParams } = new URL(page);
  const link = await readLink(hash);
  if (link.kind === "open") return openAddress(store, link.url, page);
  if (link.kind !== "none") return openLink(store, link);
  const address = searchParams.get("open");
  return address === null || address === "" ? false : openAddress(store, address, page);
}

/** Opens what a new # of the page's address names. Gives what ends that. */
export function followLocation(store: PageStore): () => void {
  const follow = (): void => void openFromLocation(store);
  addEventListener("hashchange", follow);
  return () => removeEventListener("hashchange", follow);
}
