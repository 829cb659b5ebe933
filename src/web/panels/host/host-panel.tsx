// The host at the position. Why ranges are whose they are costs a look at the log: it is asked while the run stands.

import type { PageStore } from "../../store/contract.ts";
import { useLook } from "../look.ts";
import { HostView } from "./host-view.tsx";

export function HostPanel({ store }: { readonly store: PageStore }) {
  const status = store.status.value;
  const host = useLook(store, "host", { withOwners: status !== null && !status.isMoving });
  if (host === undefined) return <p class="empty">{status === null ? "No run is open." : "Looking …"}</p>;
  return <HostView host={host} onGo={(atNs) => void store.go({ kind: "time", atNs })} />;
}
