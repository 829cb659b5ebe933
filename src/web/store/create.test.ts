// The store over a real run, without a page: actions that meet while others are under way.

import { describe, expect, it } from "vitest";
import { modules } from "../../../test/support/machine.ts";
import { inThreadWorker } from "../../../test/support/page-in-thread.ts";
import { createStore } from "./create.ts";

const text = "version: 1\nname: one port\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, device: { volatile: 1GiB } }\nlimits: { time: 1ms }\n";

describe("the store", () => {
  it("runs what is just being opened when it is asked to, once, and tells of no trouble", async () => {
    let opened = 0;
    const worker = inThreadWorker(modules.release);
    const open = worker.host.open.bind(worker.host);
    Object.assign(worker.host, { open: (input: Parameters<typeof open>[0]) => (opened++, open(input)) });
    const store = createStore(() => worker);
    await Promise.all([store.openScenario("one.yaml", text), store.run()]);
    expect(store.notice.value).toBeNull();
    expect(store.status.value).toMatchObject({ phase: "done", isMoving: false });
    expect(opened).toBe(1);
    // Another text is another run, though the one before is still being opened.
    await Promise.all([store.openScenario("one.yaml", text), store.openScenario("one.yaml", text.replace("one port", "another"))]);
    expect([opened, store.isChanged.value]).toEqual([3, false]);
  });
});
