// Workloads at the position.

import type { PageStore } from "../../store/contract.ts";
import { useLook } from "../look.ts";
import { WorkloadsView } from "./workloads-view.tsx";

export function WorkloadsPanel({ store }: { readonly store: PageStore }) {
  const look = useLook(store, "workloads", {});
  if (look === undefined) return <p class="empty">{store.status.value === null ? "No run is open." : "Looking …"}</p>;
  return <WorkloadsView look={look} readyAtNs={store.status.value?.readyAtNs ?? -1} onGo={(atNs) => void store.go({ kind: "time", atNs })} />;
}
