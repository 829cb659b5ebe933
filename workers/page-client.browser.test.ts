// The page's worker in a browser: it runs to Node's digests, is paused and sent back, and its death is told.

import { describe, expect, inject, it } from "vitest";
import type { LiveInput, LiveUpdate } from "../src/sandbox/live/contract.ts";
import { WorkerDiedError } from "./lifeline.ts";
import type { PageWorker } from "./page-client.ts";
import { startPageWorker } from "./page-client.ts";

const texts = import.meta.glob<string>("../scenarios/{isolation,device}/*.yaml", { query: "?raw", import: "default", eager: true });
const inputOf = (name: string): LiveInput => ({ file: name, text: texts[`../scenarios/${name}`] ?? "", includes: {}, seed: 1, schedule: "fixed" });

async function opened(name: string): Promise<{ readonly worker: PageWorker; readonly heard: LiveUpdate[] }> {
  const worker = startPageWorker();
  const heard: LiveUpdate[] = [];
  await worker.listen((update) => void heard.push(update));
  expect(await worker.lifeline.during(worker.host.open(inputOf(name)))).toMatchObject({ kind: "open" });
  return { worker, heard };
}

describe("the page's worker in a browser", () => {
  it("comes to Node's digests over pauses and ways back, and gives a trace that opens again", async () => {
    const name = "device/commands.yaml";
    const { worker: { host, lifeline, close }, heard } = await opened(name);
    const running = host.go({ kind: "end" }, 1_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await host.look("log", { from: 0, most: 3 });
    await host.pause();
    expect((await running).arrival).toBe("paused");
    await host.go({ kind: "start" }, null);
    await host.go({ kind: "record", index: 700 }, null);
    const { arrival, status } = await lifeline.during(host.go({ kind: "end" }, null));
    const expected = inject("scenarioDigests")[name];
    expect([arrival, status.result?.traceDigest, status.result?.digests]).toEqual(["there", expected?.traceDigest, expected?.digests]);
    expect(heard.at(-1)).toMatchObject({ kind: "status", status: { isMoving: false } });
    const tool = await host.tool();
    expect(tool.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(tool.moduleHash).toMatch(/^[0-9a-f]{16}$/);
    const bytes = await host.traceFile();
    if (bytes === null) throw new Error("no trace");
    expect(await host.openTrace(bytes)).toMatchObject({ kind: "open", trace: { isSameTool: true, tool, records: status.reached.records } });
    await close();
  });

  it("prints what lines print before it says that they are done, and answers a service beside", async () => {
    const { worker: { host, close }, heard } = await opened("isolation/d-kernel-page.yaml");
    await host.go({ kind: "ready" }, null);
    expect(await host.touch({ kind: "line", line: "echo hello" })).toEqual({ kind: "done", said: "" });
    expect(heard).toContainEqual({ kind: "output", stream: "out", text: "hello\n" });
    expect(await host.ask("check", { file: "x.yaml", text: "version: 1\n", includes: {} })).not.toEqual([]);
    await close();
  });

  it("whatever waits for a worker that dies is told so, and another can be started", async () => {
    const { worker } = await opened("device/commands.yaml");
    const running = worker.lifeline.during(worker.host.go({ kind: "end" }, 1));
    const death = expect(running).rejects.toThrow(WorkerDiedError);
    await worker.lifeline.end("it was ended by the test");
    await death;
    await expect(worker.lifeline.during(worker.host.pause())).rejects.toThrow(/ended by the test/);
    const next = await opened("isolation/d-kernel-page.yaml");
    expect(await next.worker.lifeline.during(next.worker.host.go({ kind: "ready" }, null))).toMatchObject({ arrival: "there" });
    await next.worker.close();
  });

  it("opens one run after the other, as often as somebody likes, and goes back as often", { timeout: 120_000 }, async () => {
    const { worker: { host, close } } = await opened("isolation/d-kernel-page.yaml");
    for (let times = 0; times < 110; times++) expect(await host.open(inputOf("isolation/d-kernel-page.yaml"))).toMatchObject({ kind: "open" });
    for (let times = 0; times < 10; times++) {
      await host.go({ kind: "record", index: 300 }, null);
      expect((await host.go({ kind: "start" }, null)).arrival).toBe("there");
    }
    await close();
  });
});
