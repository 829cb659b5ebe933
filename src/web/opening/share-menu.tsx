// What leads away from the page: a link, a command, files.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toClipboard } from "../clipboard.ts";
import type { PageStore } from "../store/contract.ts";
import { download, fileNameOf } from "./download.ts";
import { commandOf, linkOf } from "./links.ts";
import "./opening.css";

/** Something that was copied, or has to be by hand. */
interface Copied {
  readonly what: string;
  readonly text: string;
  readonly isCopied: boolean;
}

/** The run's trace as a file. */
async function downloadTrace(store: PageStore): Promise<void> {
  const bytes = await store.traceFile();
  if (bytes === null) store.notice.value = { kind: "problem", text: "There is no trace to download: let the run come to its end first. A run that was touched by hand has none." };
  else {
    const { file, seed } = store.document.peek();
    // As the command names it.
    download(`${fileNameOf(file, "scenario").replace(/\.ya?ml$/, "")}-seed${seed}.trace`, bytes);
  }
}

/** The scenario as files: its own and those that it includes. */
function downloadScenario(store: PageStore): void {
  const { file, text, includes } = store.document.peek();
  download(fileNameOf(file, "scenario.yaml"), text);
  for (const [name, included] of Object.entries(includes)) download(fileNameOf(name, "part.inc.yaml"), included);
}

export function ShareMenu({ store }: { readonly store: PageStore }) {
  const copied = useSignal<Copied | null>(null);
  const copy = async (what: string, text: string): Promise<void> => {
    copied.value = { what, text, isCopied: await toClipboard(text) };
  };
  const copyLink = async (): Promise<void> => {
    const link = await linkOf(store, location.href);
    if (link.kind === "link") await copy(link.without === "" ? "Link" : `Link ${link.without}`, link.url);
    else store.notice.value = { kind: "problem", text: link.reason, action: { label: "Download", run: () => downloadScenario(store) } };
  };
  const copyCommand = async (): Promise<void> => {
    const { command, isOwn } = await commandOf(store);
    await copy(isOwn ? "Command (download the scenario beside it)" : "Command", command);
  };
  return (
    <div class="share">
      <button type="button" onClick={() => void copyLink()}>Copy link</button>
      <button type="button" onClick={() => void copyCommand()}>Copy as command</button>
      <button type="button" onClick={() => downloadScenario(store)}>Download scenario</button>
      <button type="button" onClick={() => void downloadTrace(store)}>Download trace</button>
      <p class="share-said" role="status">{copied.value?.isCopied === true ? `${copied.value.what} copied.` : ""}</p>
      {copied.value?.isCopied === false && <ByHand {...copied.value} />}
    </div>
  );
}

/** For a browser without a clipboard: the text, chosen. */
function ByHand({ what, text }: Copied) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [text]);
  return (
    <label class="share-by-hand">
      {what}: the browser lets nothing be copied; copy it from here
      <input ref={field} readOnly value={text} list={undefined} />
    </label>
  );
}
