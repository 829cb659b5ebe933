// What the page shows first: a sample, run to its end, so that there is something to look at at once.

import sample from "../../docs/examples/first.yaml?raw";
import type { PageStore } from "./store/contract.ts";

/** Without the line for editors, whose path leads nowhere from here. */
const sampleText = sample.replace(/^# yaml-language-server:.*\n/, "");

export async function start(store: PageStore): Promise<void> {
  await store.openScenario("first.yaml", sampleText);
  if (store.status.peek() !== null) await store.go({ kind: "end" });
}
