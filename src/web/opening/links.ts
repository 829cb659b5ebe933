// Links and commands that lead somebody else to what this page shows.

import { repeatCommand } from "../../scenario/shell-word.ts";
import { libraryPathOf } from "../library/library.ts";
import { libraryHash, packState } from "../share.ts";
import type { PageStore } from "../store/contract.ts";
import { fileNameOf } from "./download.ts";

/** `without`: what of the run the link does not bring along, as the end of a sentence; "" where it leads to the same run. */
export type Link = { readonly kind: "link"; readonly url: string; readonly without: string } | { readonly kind: "refused"; readonly reason: string };

/** What of the open run is neither scenario nor seed nor schedule. Recorded choices are what seed and schedule give, but in traces of the explorer. */
function notInLinks(store: PageStore): string {
  const touched = (store.status.peek()?.touches.length ?? 0) > 0;
  const input = store.isChanged.peek() ? null : store.opened.peek();
  const left = [...(touched ? ["what was done by hand"] : []), ...((input?.defects?.length ?? 0) > 0 ? ["the defects of the trace"] : [])];
  return left.length === 0 ? "" : `without ${left.join(" and ")}`;
}

/** A link to the document as it is edited; with the position of its run, where that is of this text and neither at its beginning nor at its end. `page`: the address of this page. */
export async function linkOf(store: PageStore, page: string, panel?: string): Promise<Link> {
  const document = store.document.peek();
  const status = store.status.peek();
  const isWithin = status !== null && !store.isChanged.peek() && status.phase !== "done" && status.position.turns > 0;
  const more = { ...(isWithin ? { atNs: status.position.atNs } : {}), ...(panel === undefined ? {} : { panel }) };
  const path = await libraryPathOf(document);
  const { seed, schedule } = document;
  const packed = path === undefined ? await packState({ ...document, ...more }) : ({ kind: "link", hash: libraryHash({ path, seed, schedule, ...more }) } as const);
  if (packed.kind === "refused") return packed;
  const url = new URL(page);
  url.search = "";
  url.hash = packed.hash;
  return { kind: "link", url: url.href, without: notInLinks(store) };
}

/** The command that repeats the run. `isOwn`: the text is no bundled one, so that its file is needed beside it. */
export async function commandOf(store: PageStore): Promise<{ readonly command: string; readonly isOwn: boolean }> {
  const document = store.document.peek();
  const isOwn = (await libraryPathOf(document)) === undefined;
  return { command: repeatCommand(isOwn ? fileNameOf(document.file, "scenario.yaml") : document.file, document.seed, document.schedule, ""), isOwn };
}
