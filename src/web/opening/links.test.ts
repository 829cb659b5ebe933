// What a link says of itself: it leads to the scenario, and to nothing that was done to its run.

import { describe, expect, it } from "vitest";
import { modules } from "../../../test/support/machine.ts";
import { inThreadWorker } from "../../../test/support/page-in-thread.ts";
import { createStore } from "../store/create.ts";
import { linkOf } from "./links.ts";

const text = "version: 1\nname: one port\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, device: { volatile: 1GiB } }\nlimits: { time: 1ms }\n";

describe("a link", () => {
  it("says that it leads without what was done by hand, as long as that is in the run", async () => {
    const store = createStore(() => inThreadWorker(modules.release));
    await store.openScenario("mine.yaml", text);
    await store.go({ kind: "ready" });
    expect(await linkOf(store, "http://page/")).toMatchObject({ kind: "link", without: "" });
    await store.touch({ kind: "line", line: "echo here" });
    expect(await linkOf(store, "http://page/")).toMatchObject({ kind: "link", without: "without what was done by hand" });
    await store.reset();
    expect(await linkOf(store, "http://page/")).toMatchObject({ kind: "link", without: "" });
  });
});
