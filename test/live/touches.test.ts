// What is done to a live run by hand: it is kept with its place, cuts off what was known beyond, and is done again on every way back.

import { describe, expect, it } from "vitest";
import type { LiveInput, Target, Touch, TouchResult } from "../../src/sandbox/live/contract.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { hashText } from "../../src/sim/hash.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { twoCards } from "../support/session.ts";

const file = "cards.yaml";
const inputOf = (text: string): LiveInput => ({ file, text, includes: {}, seed: 3, schedule: "seeded" });

/** A run with what it printed. */
function open(text = twoCards()): { readonly live: Live; readonly said: string[] } {
  const said: string[] = [];
  const live = createLive(modules.release, inputOf(text), { tell: (stream, words) => void said.push(`${stream}: ${words}`) });
  return { live, said };
}
function go(live: Live, target: Target) {
  const way = live.go(target);
  for (;;) {
    const arrival = way.goOn(() => false);
    if (arrival !== "paused") return arrival;
  }
}
function touch(live: Live, what: Touch, shouldPause = () => false): TouchResult {
  const way = live.touch(what);
  for (;;) {
    const result = way.goOn(shouldPause);
    if (result !== null) return result;
  }
}
const line = (text: string): Touch => ({ kind: "line", line: text });
const sumOf = (live: Live): string => {
  const words = live.trace.words(0, live.status.position.records);
  return JSON.stringify(hashText([...words].join()));
};
const state = (live: Live): string => JSON.stringify([sumOf(live), live.status.position, live.status.prompt, live.run.system.hardware.digest("hardware"), live.run.system.kernel.log.length]);

describe("touches of a live run", () => {
  it("an injection of which the host dies at once ends the run there: looking writes nothing, and its last records can be gone to", () => {
    const [, text = ""] = Object.entries(bundledScenarios()).find(([path]) => path.endsWith("isolation-policy/panic.yaml")) ?? [];
    const { live } = open(text);
    go(live, { kind: "ready" });
    touch(live, { kind: "inject", action: "linkDown: rp0" });
    const { position, death } = live.status;
    expect(death).toMatch(/panicked/);
    expect(live.status.position).toEqual(position);
    const last = live.trace.length - 1;
    expect(go(live, { kind: "record", index: last - 1 })).toBe("there");
    expect(live.status).toMatchObject({ position: { records: last }, isInsideStep: false, touches: [{}] });
  });

  it("a line prints, costs its place in the trace, and is made again without a word on every way back and forth", () => {
    const { live, said } = open();
    go(live, { kind: "ready" });
    expect(live.status.prompt).toBe("root@cxl-sandbox:/# ");
    expect(touch(live, line("cd /sys/bus/cxl; echo here; sh -c 'advance 3ms'"), () => true)).toEqual({ kind: "done", said: "" });
    expect(said.join("")).toMatch(/out: here/);
    expect(live.status).toMatchObject({ generation: 1, result: null, prompt: "root@cxl-sandbox:/sys/bus/cxl# " });
    expect(live.status.touches.map(({ touch: one }) => one)).toEqual([line("cd /sys/bus/cxl; echo here; sh -c 'advance 3ms'")]);
    expect(touch(live, { kind: "inject", action: "linkDown: rp0" })).toMatchObject({ kind: "done", said: expect.stringMatching(/^inject-1: fired once/) });
    go(live, { kind: "end" });
    expect(touch(live, line("faults; pwd"))).toEqual({ kind: "done", said: "" });
    const [before, words, { position, touches }] = [state(live), said.length, live.status];
    expect(touches).toHaveLength(3);
    for (const target of [{ kind: "start" }, { kind: "ready" }, { kind: "record", index: 20 }, { kind: "time", atNs: touches[1]?.position.atNs ?? 0 }] as const) {
      go(live, target);
      expect(live.status.position.records).toBeLessThan(position.records);
      expect(live.status.touches).toHaveLength(3);
      go(live, { kind: "time", atNs: position.atNs });
      expect(state(live)).toBe(before);
    }
    expect(said.length).toBe(words);
    expect(live.status.generation).toBe(3);
  });

  it("a touch where there was more cuts it off, with the touches there, and the file's own end comes no more", () => {
    const { live } = open();
    go(live, { kind: "end" });
    const { reached, result } = live.status;
    expect(result?.status).toBe("pass");
    go(live, { kind: "ready" });
    expect(live.status.result).toEqual(result);
    touch(live, line("echo one"));
    go(live, { kind: "end" });
    touch(live, line("echo two"));
    go(live, { kind: "ready" });
    touch(live, line("echo three"));
    expect(live.status.touches.map(({ touch: one }) => (one.kind === "line" ? one.line : ""))).toEqual(["echo three"]);
    expect(live.status.result).toBeNull();
    expect(live.trace.length).toBeLessThan(reached.records);
    expect(live.traceFile({ version: "", moduleHash: "" })).toBeNull();
  });

  it("a run that has come to its end is held open there, with the records that it had before it was judged", () => {
    const { live, said } = open();
    go(live, { kind: "end" });
    const { reached } = live.status;
    expect(live.status.prompt).toBe("root@cxl-sandbox:/# ");
    expect(live.status.death).toBeNull();
    expect(touch(live, line("echo still here"), () => true)).toEqual({ kind: "done", said: "" });
    expect(said).toContain("out: still here\n");
    expect(live.status.phase).toBe("running");
    expect(live.status.position.atNs).toBe(reached.atNs);
    const now = state(live);
    go(live, { kind: "start" });
    go(live, { kind: "time", atNs: reached.atNs });
    expect(state(live)).toBe(now);
  });

  it("a line is interrupted, at its place again on the way back; without a line there is nothing to interrupt", () => {
    const { live, said } = open();
    go(live, { kind: "ready" });
    expect(touch(live, { kind: "interrupt" })).toMatchObject({ kind: "refused" });
    const way = live.touch(line("advance 500ms; echo after"));
    let steps = 0;
    expect(way.goOn(() => ++steps > 40)).toBeNull();
    expect(live.status.prompt).toBe("");
    expect(touch(live, line("echo no"))).toMatchObject({ kind: "refused", reason: expect.stringMatching(/Ctrl-C/) });
    expect(touch(live, { kind: "interrupt" })).toEqual({ kind: "done", said: "" });
    expect(way.goOn(() => false)).toMatchObject({ kind: "done" });
    expect(live.status.prompt).not.toBe("");
    expect(said.join("")).not.toMatch(/after/);
    const before = state(live);
    go(live, { kind: "start" });
    go(live, { kind: "time", atNs: JSON.parse(before)[1].atNs });
    expect(state(live)).toBe(before);
  });

  it("what is refused leaves the run as it was: no line before ready, no fault that does not exist, no register that is not there", () => {
    const { live } = open();
    go(live, { kind: "time", atNs: 1_000_000 });
    expect(touch(live, line("echo"))).toMatchObject({ kind: "refused", reason: expect.stringMatching(/ready/) });
    expect(live.status.prompt).toBe("");
    go(live, { kind: "ready" });
    const before = state(live);
    expect(touch(live, { kind: "inject", action: "linkDown: rp9" })).toMatchObject({ kind: "refused", reason: expect.stringMatching(/rp9/) });
    expect(touch(live, { kind: "inject", action: "{{{" })).toMatchObject({ kind: "refused" });
    expect(touch(live, { kind: "write", of: "rp0", register: "nothing.here", value: "0x0" })).toMatchObject({ kind: "refused" });
    expect(state(live)).toBe(before);
    expect(live.status).toMatchObject({ touches: [], generation: 0 });
    go(live, { kind: "end" });
    expect(live.status.result?.status).toBe("pass");
  });

  it("a register written by hand is a touch like others", () => {
    const { live } = open();
    go(live, { kind: "ready" });
    const result = touch(live, { kind: "write", of: "rp1", register: "bridgeHeader.status", value: "0x0" });
    expect(result).toEqual({ kind: "done", said: expect.any(String) });
    const before = state(live);
    const { position } = live.status;
    go(live, { kind: "record", index: 3 });
    go(live, { kind: "time", atNs: position.atNs });
    expect(state(live)).toBe(before);
  });

  it("a touch acts where time stands, though the run's step went on to what was due next, and acts there again", () => {
    const { live } = open();
    go(live, { kind: "ready" });
    const atNs = live.status.readyAtNs + 2_000_000;
    go(live, { kind: "time", atNs });
    expect(live.status.isInsideStep).toBe(true);
    expect(touch(live, { kind: "inject", action: "unplug: rp1" }, () => true)).toEqual({ kind: "done", said: "inject-1: fired once, first at 2.00 ms after ready" });
    expect(live.status.touches[0]?.position.atNs).toBe(atNs);
    go(live, { kind: "time", atNs: atNs + 1_500_000 });
    expect(touch(live, line("echo hello"))).toEqual({ kind: "done", said: "" });
    expect(live.status.touches[1]?.position.atNs).toBe(atNs + 1_500_000);
    go(live, { kind: "time", atNs: atNs + 10_000_000 });
    const before = state(live);
    for (const target of [{ kind: "ready" }, { kind: "time", atNs }, { kind: "time", atNs: atNs + 700_000 }] as const) {
      go(live, target);
      expect(live.atHardware((hardware) => hardware.port("rp1").device !== null)).toBe(target.kind === "ready");
      go(live, { kind: "time", atNs: atNs + 10_000_000 });
      expect(state(live)).toBe(before);
    }
  });

  it("what is refused inside a step leaves the run where it is seen, and untouched", () => {
    const { live } = open();
    go(live, { kind: "ready" });
    go(live, { kind: "time", atNs: live.status.readyAtNs + 500_001 });
    expect(live.status.isInsideStep).toBe(true);
    const before = live.status;
    expect(touch(live, { kind: "inject", action: "linkDown: rp9" }, () => true)).toMatchObject({ kind: "refused" });
    expect(touch(live, { kind: "interrupt" })).toMatchObject({ kind: "refused" });
    expect(live.status).toEqual(before);
    go(live, { kind: "end" });
    expect(live.status.result?.status).toBe("pass");
  });

  it("a host that has panicked runs nothing; the sandbox's own words say why, and going back brings it to life", () => {
    const { live, said } = open(bundledScenarios()["scenarios/isolation/d-kernel-page.yaml"]);
    go(live, { kind: "ready" });
    touch(live, line("advance 100ms; echo not reached"));
    expect(live.status.prompt).toBe("(panicked) cxl-sandbox# ");
    const { death } = live.status;
    if (death === null) throw new Error("alive");
    expect(touch(live, line("ls /"))).toEqual({ kind: "done", said: "" });
    expect(said.join("")).toMatch(/the machine has stopped/);
    expect(touch(live, { kind: "inject", action: "linkDown: rp0" })).toMatchObject({ kind: "refused" });
    expect(live.status.touches).toHaveLength(1);
    const told = said.length;
    expect(touch(live, line("ls /"))).toEqual({ kind: "done", said: "" });
    expect(said.length).toBeGreaterThan(told);
    go(live, { kind: "ready" });
    expect(live.status.death).toBeNull();
    go(live, { kind: "end" });
    const again = said.length;
    expect(touch(live, line("ls /"))).toEqual({ kind: "done", said: "" });
    expect(said.slice(again).join("")).toMatch(/the machine has stopped/);
  });

  it("completes what the machine and the sandbox have, from ready on", () => {
    const { live } = open();
    expect(live.complete("inj")).toEqual([]);
    go(live, { kind: "ready" });
    expect(live.complete("inj")).toEqual(["inject"]);
    expect(live.complete("cat /sys/bus/cxl/dev")).toEqual(["/sys/bus/cxl/devices/"]);
  });
});
