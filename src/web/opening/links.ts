// Links and commands that lead somebody else to what this page shows.

import { repeatCommand } from "../../scenario/shell-word.ts";
import { libraryPathOf } from "../library/library.ts";
import { libraryHash, packState } from "../share.ts";
import type { PageStore } from "../store/contract.ts";
import { fileNameOf } from "./download.ts";

export type Link = { readonly kind: "link"; readonly url: string } | { readonly kind: "refused"; readonly reason: string };

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
  return { kind: "link", url: url.href };
}

/** The command that repeats the run. `isOwn`: the text is no bundled one, so that its file is needed beside it. */
export async function commandOf(store: PageStore): Promise<{ readonly command: string; readonly isOwn: boolean }> {
  const document = store.document.peek();
  const isOwn = (await libraryPathOf(document)) === undefined;
  return { command: repeatCommand(isOwn ? fileNameOf(document.file, "scenario.yaml") : document.file, document.seed, document.schedule, ""), isOwn };
}
