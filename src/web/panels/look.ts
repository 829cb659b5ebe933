// A look that is taken again whenever what it shows may have changed; the newest answer counts.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { LookAnswer, LookName, LookQuestion } from "../../sandbox/live/looks.ts";
import type { PageStore } from "../store/contract.ts";

/** Undefined: nothing was seen yet, or there is no run. `question` is asked anew when its text changes. */
export function useLook<N extends LookName>(store: PageStore, name: N, question: LookQuestion<N>): LookAnswer<N> | undefined {
  const answer = useSignal<LookAnswer<N> | undefined>(undefined);
  const moment = store.moment.value;
  const isOpen = store.status.value !== null;
  const asked = JSON.stringify(question);
  useEffect(() => {
    let isNewest = true;
    void store.look(name, question).then((seen) => {
      if (isNewest) answer.value = seen;
    });
    return () => void (isNewest = false);
  }, [moment, isOpen, store, name, asked, answer]);
  return answer.value;
}

const units: readonly (readonly [string, bigint])[] = [["TiB", 1n << 40n], ["GiB", 1n << 30n], ["MiB", 1n << 20n], ["KiB", 1n << 10n]];

/** Bytes with at most two places of a larger unit: "1.5 GiB", "4 KiB". */
export function sizeWords(bytes: string): string {
  const value = BigInt(bytes);
  const [unit, size] = units.find(([, one]) => value >= one) ?? ["B", 1n];
  const hundredths = (value * 100n) / size;
  const rest = String(hundredths % 100n).padStart(2, "0").replace(/0+$/, "");
  return `${hundredths / 100n}${rest === "" ? "" : `.${rest}`} ${unit}`;
}
