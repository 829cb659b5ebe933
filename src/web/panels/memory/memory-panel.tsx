// Memory at the position.

import type { PageStore } from "../../store/contract.ts";
import { useLook } from "../look.ts";
import { MemoryView } from "./memory-view.tsx";

const mostRuns = 4000;

export function MemoryPanel({ store }: { readonly store: PageStore }) {
  const memory = useLook(store, "memory", { most: mostRuns });
  const host = useLook(store, "host", { withOwners: false });
  if (memory === undefined || host === undefined) return <p class="empty">{store.status.value === null ? "No run is open." : "Looking …"}</p>;
  return <MemoryView memory={memory} iomem={host.iomem} part={store.part.value} onPart={(part) => void (store.part.value = part)} />;
}
