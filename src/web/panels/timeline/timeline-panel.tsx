// The time line of the run, joined to the store: what is picked here is picked everywhere.

import { useEffect, useMemo } from "preact/hooks";
import { signal } from "@preact/signals";
import type { RecordLine } from "../../../sandbox/live/records-look.ts";
import type { PageStore } from "../../store/contract.ts";
import { useIsShown } from "../shown.ts";
import { LineCache } from "../records/line-cache.ts";
import { createFeed } from "./feed.ts";
import { TimelineView } from "./timeline-view.tsx";

function createTimeline(store: PageStore) {
  const version = signal(0);
  const feed = createFeed((question) => store.look("columns", question), () => version.value++);
  const lines = new LineCache((question) => store.look("records", question));
  const lineOf = async (record: number): Promise<RecordLine | undefined> => {
    lines.keepTo(feed.data.generation);
    await lines.want([record]);
    return lines.get(record);
  };
  return { version, feed, lineOf };
}

export function TimelinePanel({ store }: { readonly store: PageStore }) {
  const { version, feed, lineOf } = useMemo(() => createTimeline(store), [store]);
  const isShown = useIsShown();
  const moment = isShown ? store.moment.value : -1;
  useEffect(() => {
    if (isShown) void feed.update();
  }, [moment, feed, isShown]);
  const status = store.status.value;
  if (status === null) return <p class="empty">There is no run yet. Run the scenario, or open a trace: what happens is drawn here.</p>;
  return (
    <TimelineView
      data={feed.data} version={version.value} positionNs={status.position.atNs} record={store.record.value} range={store.range.value} part={store.part.value} lineOf={lineOf}
      onRecord={(record) => void (store.record.value = record)}
      onGoToRecord={(index) => void store.go({ kind: "record", index })}
      onGoToTime={(atNs) => void store.go({ kind: "time", atNs })}
      onRange={(range) => void (store.range.value = range)}
      onPart={(part) => void (store.part.value = part)}
      onList={(range) => {
        store.range.value = range;
        store.show("records");
      }}
    />
  );
}
