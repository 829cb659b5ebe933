// What the page shows first: what its address names, otherwise a sample, run to its end, so that there is something to look at at once.

import sample from "../../docs/examples/first.yaml?raw";
import { followLocation, openFromLocation } from "./opening/open.ts";
import type { PageStore } from "./store/contract.ts";

/** Without the line for editors, whose path leads nowhere from here. */
const sampleText = sample.replace(/^# yaml-language-server:.*\n/, "");

export async function start(store: PageStore): Promise<void> {
  followLocation(store);
  if (await openFromLocation(store)) return;
  // Why what was asked for is not there stays to be read.
  const said = store.notice.peek();
  await store.openScenario("first.yaml", sampleText);
  if (store.status.peek() !== null) await store.go({ kind: "end" });
  if (said !== null) store.notice.value = said;
}
