// Opening files over a real run, without a page.

import { describe, expect, it } from "vitest";
import { modules } from "../../../test/support/machine.ts";
import { inThreadWorker } from "../../../test/support/page-in-thread.ts";
import { createStore } from "../store/create.ts";
import { openFiles } from "./open.ts";

const text = "version: 1\nname: one port\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, device: { volatile: 1GiB } }\nlimits: { time: 1ms }\n";

describe("a trace that is opened", () => {
  it("brings its scenario, and what was edited before can be had back", async () => {
    const store = createStore(() => inThreadWorker(modules.release));
    await store.openScenario("traced.yaml", text);
    await store.go({ kind: "end" });
    const bytes = await store.traceFile();
    const edited = `${text}# not kept anywhere else\n`;
    await store.openScenario("mine.yaml", text);
    store.document.value = { ...store.document.peek(), text: edited };
    await openFiles(store, [new File([bytes as Uint8Array<ArrayBuffer>], "run.trace")]);
    expect(store.document.value).toMatchObject({ file: "traced.yaml", text });
    expect(store.notice.value).toMatchObject({ kind: "info", text: "Opened run.trace.", action: { label: "Back to mine.yaml" } });
    store.notice.value?.action?.run();
    expect(store.document.value).toMatchObject({ file: "mine.yaml", text: edited });
  });
});
