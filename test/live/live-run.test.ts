// A live run comes to what the command's run comes to, however it is driven back and forth.

import { describe, expect, it } from "vitest";
import { startScenario } from "../../src/sandbox.ts";
import type { LiveInput, Target } from "../../src/sandbox/live/contract.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { encodeTrace } from "../../src/scenario/trace/file.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { readRecord } from "../../src/sim/trace.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const texts = Object.entries(bundledScenarios());
const inputs = (): LiveInput[] => {
  const folders = new Map<string, [string, string]>();
  for (const [file, text] of texts) if (!/^drivers:/m.test(text)) folders.set(file.split("/")[1] ?? "", [file, text]);
  return [...folders.values()].map(([file, text]) => ({ file, text, includes: {}, seed: 1, schedule: "fixed" }));
};
const scenario = (part: string, more: Partial<LiveInput> = {}): LiveInput => {
  const found = texts.find(([path]) => path.includes(part));
  if (found === undefined) throw new Error(`no scenario ${part}`);
  return { file: found[0], text: found[1], includes: {}, seed: 1, schedule: "fixed", ...more };
};
const tool = { version: "1", moduleHash: "00" };
const go = (live: Live, target: Target, shouldPause = () => false) => {
  const way = live.go(target);
  for (;;) {
    const arrival = way.goOn(shouldPause);
    if (arrival !== "paused") return arrival;
  }
};
/** What can be seen of hardware at the position. */
const seen = (live: Live): string => live.atHardware((hardware) => `${[...hardware.entities.ports.keys()].map((name) => JSON.stringify(hardware.port(name))).join()} ${hardware.digest("hardware")} ${hardware.digest("access")}`);

describe("a live run", () => {
  it.each(inputs().map((input) => [input.file, input] as const))("of %s comes to the command's digests and trace, with pauses and ways back and forth in between", (_, input) => {
    const command = startScenario(modules.release, { ...input, keepTrace: true, tool });
    command.run(() => false);
    const live = createLive(modules.release, input);
    const random = createRandom(input.text.length, 1);
    let steps = 0;
    const way = live.go({ kind: "end" });
    for (let slice = 0; slice < 20; slice++) way.goOn(() => nextBelow(random, 5) === 0);
    go(live, { kind: "record", index: nextBelow(random, live.status.reached.records) });
    go(live, { kind: "time", atNs: nextBelow(random, live.status.reached.atNs) });
    for (const unit of ["event", "access", "turn"] as const) go(live, { kind: "step", unit });
    go(live, { kind: "start" }, () => steps++ % 2 === 0);
    go(live, { kind: "ready" }, () => steps++ % 3 === 0);
    expect(go(live, { kind: "end" }, () => true)).toBe("there");
    const { result, position, reached, death } = live.status;
    const expected = command.result();
    expect([result?.traceDigest, result?.digests, result?.status]).toEqual([expected.traceDigest, expected.digests, expected.status]);
    expect(reached).toEqual(position);
    expect(result?.status === "pass" && expected.metrics.machineChecks === 0 ? death : null).toBeNull();
    const file = command.traceFile();
    const own = live.traceFile(tool);
    if (file === null || own === null) throw new Error("no trace");
    expect(Buffer.compare(encodeTrace(own), encodeTrace(file))).toBe(0);
  });

  it("stands behind exactly the record that was asked for, with the hardware as it was then, from either side", () => {
    const live = createLive(modules.release, scenario("recovery/again-after-cleared"));
    go(live, { kind: "end" });
    const { records } = live.status.reached;
    const other = createLive(modules.release, live.input);
    const indexes = Array.from({ length: 12 }, (_, place) => Math.floor(((place + 1) * (records - 1)) / 12) - 3);
    let inside = 0;
    for (const index of indexes) {
      go(live, { kind: "record", index });
      go(other, { kind: "record", index });
      expect(live.status.position.records).toBe(index + 1);
      expect(live.status.position).toEqual(other.status.position);
      expect(live.status.isInsideStep).toBe(other.status.isInsideStep);
      expect(seen(live)).toBe(seen(other));
      if (live.status.isInsideStep) inside++;
    }
    expect(inside).toBeGreaterThan(5);
    expect(live.status.reached.records).toBe(records);
  });

  it("walks through accesses and events one by one, inside steps too, and leaves none out", () => {
    const live = createLive(modules.release, scenario("isolation/d-kernel-page"));
    go(live, { kind: "record", index: 700 });
    for (const [unit, isWanted] of [["access", (layer: string) => layer === "access"], ["event", (layer: string) => layer !== "access"]] as const) {
      for (let count = 0; count < 150; count++) {
        const before = live.status.position.records;
        expect(go(live, { kind: "step", unit })).toBe("there");
        const after = live.status.position.records;
        const words = live.trace.words(before, after - before);
        const layers = Array.from({ length: after - before }, (_, index) => readRecord(words, index).layer);
        expect(layers.findIndex((layer) => isWanted(layer))).toBe(after - before - 1);
      }
    }
  });

  it("comes to a time to the nanosecond where nothing is at work, and never shows a record of later", () => {
    const live = createLive(modules.release, scenario("recovery/again-after-cleared"));
    go(live, { kind: "end" });
    const end = live.status.reached.atNs;
    for (const atNs of [1, 300_000, 45_000_000, end - 1_000_001, 12_345_678]) {
      expect(go(live, { kind: "time", atNs })).toBe("there");
      const { position } = live.status;
      expect(position.atNs).toBe(atNs);
      expect(live.atHardware(({ now }) => now)).toBeGreaterThanOrEqual(atNs);
      const words = live.trace.words(position.records - 1, 2);
      expect(readRecord(words, 0).time).toBeLessThanOrEqual(atNs);
      expect(readRecord(words, 1).time).toBeGreaterThan(atNs);
    }
    expect(go(live, { kind: "time", atNs: end + 1 })).toBe("missed");
    expect(live.status.phase).toBe("done");
  });

  it("finds the next mark forth, and none where there is none", () => {
    const live = createLive(modules.release, scenario("recovery/again-after-cleared"));
    expect(go(live, { kind: "mark", text: "RECOVERED" })).toBe("there");
    const first = live.status.position;
    const { a } = readRecord(live.trace.words(first.records - 1, 1), 0);
    expect(live.trace.strings[a]).toContain("RECOVERED");
    go(live, { kind: "start" });
    go(live, { kind: "mark", text: "RECOVERED" });
    expect(live.status.position).toEqual(first);
    expect(go(live, { kind: "mark", text: "no such words" })).toBe("missed");
  });

  it("a newer way ends the older, and what lies behind is looked for beside the run, which stays as it is meanwhile", () => {
    const live = createLive(modules.release, scenario("isolation/d-kernel-page"));
    go(live, { kind: "ready" });
    const { position } = live.status;
    const back = live.go({ kind: "record", index: 500 });
    expect(back.goOn(() => true)).toBe("paused");
    expect(live.status.position).toEqual(position);
    const forth = live.go({ kind: "end" });
    expect(back.goOn(() => false)).toBe("paused");
    expect(forth.goOn(() => false)).toBe("there");
    expect(live.status.isMoving).toBe(false);
  });

  it("refuses a scenario that brings drivers, and says where it does", () => {
    const text = scenario("isolation/d-kernel-page").text;
    expect(() => createLive(modules.release, { file: "d.yaml", text: `${text}\ndrivers: [./mine.mjs]\n`, includes: {}, seed: 1, schedule: "fixed" })).toThrow(/driver/);
  });

  it("keeps no more records than it has room for, and says so", () => {
    const live = createLive(modules.release, scenario("isolation/d-kernel-page"), { mostRecords: 900 });
    expect(go(live, { kind: "end" })).toBe("missed");
    expect(live.status.death).toMatch(/no more are kept/);
    expect(go(live, { kind: "record", index: 100 })).toBe("there");
    expect(live.status.death).toBeNull();
  });
});
