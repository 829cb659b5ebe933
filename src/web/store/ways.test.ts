// Ways of the run that are changed or broken off while they last, and what is said of them.

import { describe, expect, it } from "vitest";
import { storm } from "../../../test/page/storm.ts";
import { modules } from "../../../test/support/machine.ts";
import { inThreadWorker } from "../../../test/support/page-in-thread.ts";
import type { PageWorker } from "../../../workers/page-client.ts";
import { runToMark, step } from "../shell/actions.ts";
import type { PageStore } from "./contract.ts";
import { createStore } from "./create.ts";


/** A store with an open run, and the worker that it talks to. */
async function opened(): Promise<{ readonly store: PageStore; readonly worker: PageWorker }> {
  const worker = inThreadWorker(modules.release);
  const store = createStore(() => worker);
  await store.openScenario("storm.yaml", storm);
  return { store, worker };
}

describe("another pace", () => {
  it("goes for the way that the run is on, also before the run has told that it moves", async () => {
    const { store } = await opened();
    store.pace.value = 1;
    const first = store.go({ kind: "ready" });
    store.pace.value = null;
    expect(await first).toBe("paused");
    await expect.poll(() => store.status.value, { timeout: 20_000 }).toMatchObject({ phase: "running", isMoving: false });
  });

  it("leaves a line of the terminal alone", async () => {
    const { store } = await opened();
    await store.go({ kind: "ready" });
    const line = store.touch({ kind: "line", line: "sleep 3000" });
    await expect.poll(() => store.status.value?.isMoving, { interval: 5, timeout: 20_000 }).toBe(true);
    let isOver = false;
    void line.then(() => (isOver = true));
    store.pace.value = 1e3;
    for (let told = 0; told < 3; told++) await new Promise<void>((resolve) => {
      const end = store.hear(() => (end(), resolve()));
    });
    expect(isOver).toBe(false);
    await store.touch({ kind: "interrupt" });
    expect((await line).kind).toBe("done");
  });
});

describe("a way that breaks off in the worker", () => {
  it("is told as what it is, and not as the end of the run or a mark that is not there", async () => {
    const { store, worker } = await opened();
    Object.assign(worker.host, { go: () => Promise.reject(new Error("the machine is broken")), touch: () => Promise.reject(new Error("the line is broken")) });
    for (const act of [() => step(store, "event"), () => runToMark(store, "Linux")]) {
      store.notice.value = null;
      await act();
      expect(store.notice.value).toMatchObject({ kind: "problem", text: "the machine is broken" });
    }
    expect(await store.touch({ kind: "line", line: "true" })).toEqual({ kind: "refused", reason: "the line is broken" });
  });
});

describe("a text that was emptied", () => {
  it("has the findings of an empty text, and no more those of the one before", async () => {
    const { store } = await opened();
    store.document.value = { ...store.document.peek(), text: "version: 1\nnmae: x\n" };
    await expect.poll(() => store.findings.value.length, { timeout: 20_000 }).toBeGreaterThan(0);
    store.document.value = { ...store.document.peek(), text: "" };
    await expect.poll(() => store.findings.value.some(({ message }) => message.includes("nmae")), { timeout: 20_000 }).toBe(false);
  });
});
