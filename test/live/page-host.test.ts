// The worker's side of the page, driven as the page drives it: calls are answered while the run goes on, and the newest command counts.

import { describe, expect, it } from "vitest";
import { startScenario } from "../../src/sandbox.ts";
import type { LiveInput, LiveUpdate } from "../../src/sandbox/live/contract.ts";
import { decodeTrace, encodeTrace } from "../../src/scenario/trace/file.ts";
import { createPageHost } from "../../workers/page-host.ts";
import { buffersIn } from "../../workers/page-transfer.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { twoCards } from "../support/session.ts";

const tool = { version: "9.9.9", moduleHash: "0123456789abcdef" };
const inputOf = (text: string, file = "page.yaml"): LiveInput => ({ file, text, includes: {}, seed: 1, schedule: "fixed" });
const scenario = (part: string): LiveInput => {
  const [file, text] = Object.entries(bundledScenarios()).find(([path]) => path.includes(part)) ?? ["", ""];
  return inputOf(text, file);
};
function start() {
  const host = createPageHost(Promise.resolve({ module: modules.release, tool }));
  const heard: LiveUpdate[] = [];
  host.listen((update) => void heard.push(update));
  return { host, heard };
}
describe("the page's worker", () => {
  it("runs to the command's digests and gives the command's trace file; its own trace opens with all records known", async () => {
    const { host } = start();
    const input = scenario("isolation/d-kernel-page");
    expect(await host.tool()).toEqual(tool);
    expect(await host.open(input)).toMatchObject({ kind: "open", trace: null });
    expect(await host.traceFile()).toBeNull();
    const { arrival, status } = await host.go({ kind: "end" }, null);
    const command = startScenario(modules.release, { ...input, keepTrace: true, tool });
    command.run(() => false);
    expect([arrival, status.result?.traceDigest]).toEqual(["there", command.result().traceDigest]);
    const file = command.traceFile();
    const bytes = await host.traceFile();
    if (file === null || bytes === null) throw new Error("no trace");
    expect(Buffer.compare(bytes, encodeTrace(file))).toBe(0);

    const opened = await host.openTrace(bytes);
    const records = file.records.length / 8;
    expect(opened).toMatchObject({ kind: "open", trace: { records, isSameTool: true, tool }, status: { position: { records: 0 }, reached: { records } } });
    expect((await host.go({ kind: "record", index: records - 40 }, null)).status).toMatchObject({ position: { records: records - 39 }, death: null });
    expect(await host.look("log", { from: 0, most: 5 })).toMatchObject({ from: 0 });
    expect((await host.go({ kind: "end" }, null)).status).toMatchObject({ position: { records }, result: { traceDigest: command.result().traceDigest } });
    expect(Buffer.compare((await host.traceFile()) ?? new Uint8Array(), bytes)).toBe(0);
  });

  it("a way that another run overtook is told with where that one stands", async () => {
    const { host } = start();
    const input = scenario("isolation/d-kernel-page");
    await host.open(input);
    const way = host.go({ kind: "end" }, 1);
    const opened = await host.open({ ...input, seed: 2 });
    const generation = opened.kind === "open" ? opened.status.generation : -1;
    expect(await way).toMatchObject({ arrival: "paused", status: { generation, position: { records: 0 } } });
  });

  it("tells each run's records from those of every run before it, another worker's too", async () => {
    const { host } = start();
    const input = scenario("isolation/d-kernel-page");
    const generations: number[] = [];
    const note = (opened: Awaited<ReturnType<typeof host.open>>): void => void generations.push(opened.kind === "open" ? opened.status.generation : -1);
    note(await host.open(input));
    const { length } = (await host.look("columns", { from: 0 })).times;
    note(await host.open(input));
    const again = await host.look("columns", { from: length });
    expect(again.generation).toBe(generations[1]);
    await new Promise((resolve) => void setTimeout(resolve, 2));
    note(await start().host.open(input));
    expect(generations).toEqual([...new Set(generations)].toSorted((a, b) => a - b));
    expect(generations).toHaveLength(3);
  });

  it("shows the records of a trace that is none of this machine's, and says from where on the machine differs", async () => {
    const { host } = start();
    const command = startScenario(modules.release, { ...scenario("isolation/d-kernel-page"), keepTrace: true, tool: { version: "0.0.1", moduleHash: "ff" } });
    command.run(() => false);
    const file = command.traceFile();
    if (file === null) throw new Error("no trace");
    const records = file.records.slice();
    records[900 * 8 + 4] = 77;
    expect(await host.openTrace(encodeTrace({ ...file, records }))).toMatchObject({ kind: "open", trace: { isSameTool: false } });
    const { arrival, status } = await host.go({ kind: "end" }, null);
    expect(arrival).toBe("missed");
    expect(status.death).toMatch(/differs from the trace from record 900 on: the trace was made by another release/);
    expect(status.reached.records).toBe(records.length / 8);
    expect(status.result).toBeNull();
  });

  it("goes through a trace that was made with drivers by its records alone", async () => {
    const { host } = start();
    const command = startScenario(modules.release, { ...scenario("isolation/d-kernel-page"), keepTrace: true, tool });
    command.run(() => false);
    const file = command.traceFile();
    if (file === null) throw new Error("no trace");
    const drivers = [{ file: "mine.wasm", digest: "0123456789abcdef" }];
    const opened = await host.openTrace(encodeTrace({ ...file, header: { ...file.header, drivers } }));
    expect(opened).toMatchObject({ kind: "open", status: { death: expect.stringMatching(/mine\.wasm.*cxl-sandbox replay/) } });
    expect(await host.go({ kind: "ready" }, null)).toMatchObject({ arrival: "there" });
    expect((await host.go({ kind: "step", unit: "event" }, null)).arrival).toBe("there");
    expect((await host.go({ kind: "end" }, null)).status.position.records).toBe(file.records.length / 8);
    // A command or an expectation is no mark: a run of the same trace stops at none either.
    await host.go({ kind: "start" }, null);
    expect((await host.go({ kind: "mark", text: "create-region" }, null)).arrival).toBe("missed");
    await expect(host.look("log", { from: 0, most: 1 })).rejects.toThrow(/mine\.wasm/);
    expect(await host.touch({ kind: "line", line: "ls" })).toMatchObject({ kind: "refused" });
  });

  it("answers looks and pauses while a run goes on, and tells where it is; a newer way ends the older", async () => {
    const { host, heard } = start();
    await host.open(scenario("device/commands"));
    await host.go({ kind: "ready" }, null);
    const running = host.go({ kind: "end" }, null);
    await new Promise((resolve) => setTimeout(resolve, 70));
    expect((await host.look("log", { from: 0, most: 1 })).total).toBeGreaterThan(10);
    const status = await host.pause();
    expect(await running).toMatchObject({ arrival: "paused" });
    expect(status).toMatchObject({ isMoving: false, phase: "running" });
    expect(heard.some((update) => update.kind === "status" && update.status.isMoving)).toBe(true);
    const again = host.go({ kind: "end" }, null);
    const back = await host.go({ kind: "start" }, null);
    expect([back.arrival, back.status.position.atNs, (await again).arrival]).toEqual(["there", 0, "paused"]);
  });

  it("tells nothing of a run that another one has taken the place of, and counts generations on", async () => {
    const { host } = start();
    await host.open(scenario("isolation/d-kernel-page"));
    await host.touch({ kind: "line", line: "echo" });
    const before = (await host.pause()).generation;
    const running = host.go({ kind: "end" }, 1);
    const opened = await host.open(inputOf(twoCards()));
    const { arrival, status } = await running;
    expect([arrival, status.position.records]).toEqual(["paused", opened.kind === "open" ? opened.status.position.records : -1]);
    expect(status.generation).toBeGreaterThan(before);
    expect(await host.look("columns", { from: 0 })).toMatchObject({ generation: status.generation });
  });

  it("goes no faster than the pace that was asked for", async () => {
    const { host } = start();
    await host.open(scenario("device/commands"));
    await host.go({ kind: "ready" }, null);
    const { readyAtNs } = await host.pause();
    const way = host.go({ kind: "end" }, 1000);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const early = (await host.pause()).position.atNs;
    await way;
    // One step may be as long as it likes, no more.
    expect(early - readyAtNs).toBeLessThan(200_000_000);
    expect((await host.go({ kind: "end" }, null)).status.position.atNs).toBeGreaterThan(readyAtNs + 1_000_000_000);
  });

  it("tells what a line prints before it answers, and Ctrl-C reaches a line under way", async () => {
    const { host, heard } = start();
    await host.open(inputOf(twoCards()));
    expect(await host.touch({ kind: "line", line: "ls" })).toMatchObject({ kind: "refused" });
    await host.go({ kind: "ready" }, null);
    expect(await host.complete("advan")).toEqual(["advance"]);
    expect(await host.touch({ kind: "line", line: "echo first; echo second" })).toEqual({ kind: "done", said: "" });
    expect(heard.filter(({ kind }) => kind === "output")).toEqual([{ kind: "output", stream: "out", text: "first\nsecond\n" }]);
    const line = host.touch({ kind: "line", line: "advance 3000s; echo never" });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await host.touch({ kind: "interrupt" })).toMatchObject({ kind: "done" });
    expect(await line).toMatchObject({ kind: "done" });
    expect(heard.filter(({ kind }) => kind === "output")).toHaveLength(1);
  });

  it("says what is wrong with a text or a file, and keeps the run that it has", async () => {
    const { host } = start();
    await expect(host.pause()).rejects.toThrow(/no run is open/);
    await host.open(inputOf(twoCards()));
    await host.go({ kind: "ready" }, null);
    expect(await host.open(inputOf("version: 1\nname: x\nmachine: 7\n"))).toMatchObject({ kind: "problems", problems: [{ file: "page.yaml" }] });
    expect(await host.open(inputOf(`${twoCards()}drivers: [./mine.mjs]\n`))).toMatchObject({ kind: "problems", problems: [{ message: expect.stringMatching(/driver/) }] });
    expect(await host.openTrace(new Uint8Array(40))).toMatchObject({ kind: "refused", reason: expect.stringMatching(/no trace of cxl-sandbox/) });
    expect(await host.look("log", { from: 0, most: 1 })).toMatchObject({ from: 0 });
    await expect(host.look("constructor" as "log", { from: 0, most: 1 })).rejects.toThrow(/no look/);
    expect(await host.ask("check", { file: "a.yaml", text: "version: 1\n", includes: {} })).not.toEqual([]);
  });

  it("a line whose program is still on its way goes to no other run, and not behind what was asked for later", async () => {
    const { host } = start();
    await host.open(inputOf(twoCards()));
    await host.go({ kind: "ready" }, null);
    const said = host.touch({ kind: "line", line: "echo x | xxd" });
    await host.open(inputOf(twoCards()));
    expect(await said).toEqual({ kind: "refused", reason: "something else was asked for meanwhile" });
    expect((await host.pause()).touches).toEqual([]);
  });

  it("hands over the buffers that an answer has for itself, and copies the rest", () => {
    const own = new Float64Array(4);
    const part = new Uint8Array(8).subarray(2);
    expect(buffersIn({ rows: [{ own }], part, text: "x" })).toEqual([own.buffer]);
  });

  it("opens a million records within two seconds", { timeout: 120_000 }, async () => {
    const { host } = start();
    const command = startScenario(modules.release, { ...scenario("isolation/d-kernel-page"), keepTrace: true, tool });
    command.run(() => false);
    const file = command.traceFile();
    if (file === null) throw new Error("no trace");
    const records = new Uint32Array(1_000_000 * 8);
    for (let at = 0; at < records.length; at += file.records.length) records.set(file.records.subarray(0, Math.min(file.records.length, records.length - at)), at);
    const bytes = encodeTrace({ ...file, records });
    const begun = performance.now();
    await host.openTrace(bytes);
    const took = performance.now() - begun;
    console.info(`a million records opened in ${took.toFixed(0)} ms`);
    expect(decodeTrace(bytes).records).toHaveLength(records.length);
  });
});
