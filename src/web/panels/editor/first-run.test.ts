import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import type { LiveStatus } from "../../../sandbox/live/contract.ts";
import type { Finding } from "../../../scenario/lint.ts";
import type { Document, Notice } from "../../store/contract.ts";
import { emptyDocument } from "../../store/document.ts";
import type { FirstRun } from "./first-run.ts";
import { afterFirstRun } from "./first-run.ts";

const page = (text = "") => ({
  document: signal<Document>({ ...emptyDocument, text }), status: signal<LiveStatus | null>(null), notice: signal<Notice | null>(null), findings: signal<readonly Finding[]>([]), death: signal<string | null>(null),
}) satisfies FirstRun;
const at = (records: number, isMoving: boolean): LiveStatus => ({ position: { records }, isMoving }) as LiveStatus;

/** Until `calls` says so; false: not within half a second. */
async function comes(calls: readonly number[]): Promise<boolean> {
  for (let turn = 0; turn < 50 && calls.length === 0; turn++) await new Promise((done) => setTimeout(done, 10));
  return calls.length > 0;
}

describe("the editor", () => {
  it("waits until the first run is over, not only opened or under way", async () => {
    const [store, calls] = [page(), [] as number[]];
    afterFirstRun(store, () => calls.push(1));
    store.status.value = at(0, false);
    store.status.value = at(100, true);
    await new Promise((done) => setTimeout(done, 300));
    expect(calls).toEqual([]);
    store.status.value = at(3598, false);
    expect(await comes(calls)).toBe(true);
  });

  it.each(["notice", "death"] as const)("comes when no run will be shown: %s", async (what) => {
    const [store, calls] = [page(), [] as number[]];
    afterFirstRun(store, () => calls.push(1));
    if (what === "notice") store.notice.value = { kind: "problem", text: "line 1" };
    else store.death.value = "it ended";
    expect(await comes(calls)).toBe(true);
  });

  it("comes at once where something was opened before, and for who turns to it; only once", () => {
    const calls: string[] = [];
    afterFirstRun(page("version: 1"), () => calls.push("opened"));
    const store = page();
    const now = afterFirstRun(store, () => calls.push("wanted"));
    now();
    now();
    expect(calls).toEqual(["opened", "wanted"]);
  });
});
