// The same scenario twice, side by side: under two policies, presets, seeds or other values.

import { useEffect, useMemo } from "preact/hooks";
import { signal } from "@preact/signals";
import type { PolicyChoice } from "../../../sandbox/live/vary-service.ts";
import { startPageWorker } from "../../../../workers/page-client.ts";
import type { PageWorker } from "../../../../workers/page-client.ts";
import type { PageStore } from "../../store/contract.ts";
import { shownText } from "../../shown-text.ts";
import { useIsShown } from "../shown.ts";
import { Chooser } from "./chooser.tsx";
import { ComparisonView } from "./comparison-view.tsx";
import type { Comparison, Difference } from "./second-run.ts";
import { compareRuns, titleOf } from "./second-run.ts";
import "./compare.css";

/** Milliseconds without a change of the text before it is asked what can be varied. */
const quiet = 250;

type Stage = { readonly kind: "nothing" } | { readonly kind: "busy"; readonly words: string } | { readonly kind: "failed"; readonly reason: string } | { readonly kind: "done"; readonly comparison: Comparison };

/** One comparison at a time, with workers that live as long as it is shown. */
function createComparer(store: PageStore) {
  const stage = signal<Stage>({ kind: "nothing" });
  const policies = signal<readonly PolicyChoice[]>([]);
  const presets = signal<readonly string[]>([]);
  let workers: readonly [PageWorker, PageWorker] | null = null;
  const end = (): void => {
    for (const worker of workers ?? []) void worker.close();
    workers = null;
  };
  return {
    stage, policies, presets,
    get workers() {
      return workers;
    },
    /** Asks what can be varied of the text as it is. */
    learn: async (): Promise<void> => {
      const { file, text, includes } = store.document.peek();
      const answer = await store.ask("variations", { file, text, includes });
      if (answer?.kind !== "choices" || store.document.peek().text !== text) return;
      policies.value = answer.policies;
      presets.value = answer.presets;
    },
    compare: async (difference: Difference): Promise<void> => {
      end();
      const own: readonly [PageWorker, PageWorker] = [startPageWorker(), startPageWorker()];
      workers = own;
      const { path, values } = difference;
      stage.value = { kind: "busy", words: `Running with ${titleOf(path, values[0])} and with ${titleOf(path, values[1])} …` };
      try {
        stage.value = { kind: "done", comparison: await compareRuns(own, store.document.peek(), difference) };
      } catch (error) {
        if (workers === own) stage.value = { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
      }
    },
    stop: (): void => {
      end();
      stage.value = { kind: "nothing" };
    },
    end,
  };
}

export function ComparePanel({ store }: { readonly store: PageStore }) {
  const comparer = useMemo(() => createComparer(store), [store]);
  useEffect(() => comparer.end, [comparer]);
  const { text } = store.document.value;
  const isShown = useIsShown();
  useEffect(() => {
    if (!isShown) return undefined;
    const timer = setTimeout(() => void comparer.learn(), quiet);
    return () => clearTimeout(timer);
  }, [comparer, text, isShown]);
  const stage = comparer.stage.value;
  const isBusy = stage.kind === "busy";
  return (
    <div class="compare">
      <Chooser policies={comparer.policies.value} presets={comparer.presets.value} seed={store.document.value.seed} isBusy={isBusy} onCompare={(difference) => void comparer.compare(difference)} />
      <p role="status" class="quiet compare-note">
        {isBusy ? stage.words : stage.kind === "nothing" ? "Both runs begin at power-on, each in a worker of its own; the run on the page stays as it is." : ""}
        {isBusy ? <> <button type="button" onClick={comparer.stop}>Stop</button></> : null}
      </p>
      {stage.kind === "failed" ? <p role="alert" class="compare-problem">No comparison: {shownText(stage.reason)}</p> : null}
      {stage.kind === "done" ? <ComparisonView comparison={stage.comparison} workers={comparer.workers} onOpen={({ input: { file, text: own, includes, seed, schedule } }) => {
        const before = store.document.peek();
        store.document.value = { file, text: own, includes, seed, schedule };
        store.notice.value = { kind: "info", text: "The page has this side's scenario now.", action: { label: "Undo", run: () => (store.document.value = before) } };
        void store.run();
      }} /> : null}
    </div>
  );
}
