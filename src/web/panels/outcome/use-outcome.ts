// The moments of a run's result, looked up once for each result.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { OutcomeLook } from "../../../sandbox/live/outcome-look.ts";
import type { PageStore } from "../../store/contract.ts";

/** Null: there is no result, or its moments are not known yet. */
export function useOutcome(store: PageStore): ReadonlySignal<OutcomeLook | null> {
  const look = useSignal<OutcomeLook | null>(null);
  const status = store.status.value;
  const result = status?.result ?? null;
  // One result is one object per run; its digest tells runs apart where it was cloned anew.
  const key = result === null || status === null ? "" : `${status.generation} ${result.file} ${result.traceDigest}`;
  useEffect(() => {
    let isOver = false;
    look.value = null;
    if (key !== "") {
      void store.look("outcome", {}).then((found) => {
        if (!isOver && found !== undefined) look.value = found;
      });
    }
    return () => {
      isOver = true;
    };
  }, [store, key, look]);
  return look;
}
