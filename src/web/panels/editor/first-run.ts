// When the editor is fetched: behind the first run of a page, which is what the reader came for. Both together would make each other wait.

import { effect } from "@preact/signals";
import type { PageStore } from "../../store/contract.ts";

/** Milliseconds after which the editor comes though the first run goes on. */
const longestWait = 3000;
/** Milliseconds that what the run showed gets to be drawn, at most. */
const drawing = 500;

/** As much of the store as tells of the first run. */
export type FirstRun = Pick<PageStore, "document" | "status" | "notice" | "findings" | "death">;

/** Something stands on the page, or will not come. */
const isShown = ({ status, notice, findings, death }: FirstRun): boolean =>
  (status.value !== null && !status.value.isMoving && status.value.position.records > 0) || notice.value !== null || findings.value.length > 0 || death.value !== null;

const whenIdle = (act: () => void): void => {
  if (typeof requestIdleCallback === "function") requestIdleCallback(act, { timeout: drawing });
  // Safari has none.
  else setTimeout(act, drawing / 2);
};

/** Calls `act` once the first run is over, at once where something was opened before, or after three seconds; what it gives calls at once, where that did not happen yet. */
export function afterFirstRun(store: FirstRun, act: () => void): () => void {
  let isDone = false;
  let stop = (): void => undefined;
  const now = (): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    stop();
    act();
  };
  const timer = setTimeout(now, longestWait);
  if (store.document.peek().text !== "") now();
  else stop = effect(() => void (isShown(store) && whenIdle(now)));
  return now;
}
