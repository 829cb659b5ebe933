// From what a run came to to the moment that decided it.

import { describe, expect, it } from "vitest";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { outcomeLook } from "../../src/sandbox/live/outcome-look.ts";
import { readRecord } from "../../src/sim/trace.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { redScenario } from "../support/red-scenario.ts";

const open = (text: string): Live => createLive(modules.release, { file: "red.yaml", text, includes: {}, seed: 1, schedule: "fixed" });
function ended(text: string): Live {
  const live = open(text);
  live.go({ kind: "end" }).goOn(() => false);
  return live;
}

describe("moments of a result", () => {
  const live = ended(redScenario);
  const look = outcomeLook(live, {});
  const { result } = live.status;

  it("name a record for each expectation: where it was judged, and what decided it", () => {
    expect(result?.status).toBe("fail");
    expect(result?.expectations.map(({ pass }) => pass)).toEqual([true, false, false, false, false, expect.any(Boolean)]);
    expect(look.expectations).toHaveLength(6);
    for (const [index, { judged }] of look.expectations.entries()) expect(judged?.text).toContain(result?.expectations[index]?.text);
    expect(look.expectations.map(({ decided }) => decided?.text ?? null)).toEqual([expect.stringMatching(/RECOVERED$/), expect.stringMatching(/^process .* killed/), expect.stringMatching(/^process .* killed/), expect.stringMatching(/timeoutIsolation\.status|isolation/), null, look.expectations[5]?.decided?.text ?? null]);
  });

  it("are those of the trace", () => {
    for (const { judged, decided } of look.expectations) for (const one of [judged, decided]) if (one !== null) expect(readRecord(live.trace.words(one.record, 1), 0).time).toBe(one.atNs);
  });

  it("name first acts of faults and deaths of workloads", () => {
    expect(look.faults.map((one) => one?.atNs)).toEqual(result?.faults.map(({ firstAtNs }) => firstAtNs));
    expect(look.faults[0]?.text).toContain("linkDown");
    expect(look.deaths.map((one) => one?.atNs ?? null)).toEqual(result?.workloads.map(({ killedAtNs }) => killedAtNs));
    expect(look.end).toBeNull();
  });

  it.each(["reset", "panic"])("name what ended the host: %s", (outcome) => {
    const text = Object.values(bundledScenarios()).find((one) => one.includes(`{ outcome: ${outcome} }`)) ?? "";
    const stopped = ended(text);
    const found = outcomeLook(stopped, {});
    expect(stopped.status.result?.outcome).toBe(outcome);
    expect(found.end?.text).toMatch(outcome === "reset" ? /^host reset$/ : /^Kernel panic/);
    const index = stopped.status.result?.expectations.findIndex((one) => one.text.startsWith("outcome")) ?? -1;
    expect(index).toBeGreaterThanOrEqual(0);
    expect(found.expectations[index]?.decided).toEqual(found.end);
  });

  it("are those of steps too: each at its own time, in order of the result", () => {
    const steps = ended(redScenario.replace("workloads:", "  - expect: [{ metric: killed, equals: 0 }]\nworkloads:"));
    const found = outcomeLook(steps, {});
    expect(steps.status.result?.expectations[0]?.text).toMatch(/^step 3/);
    expect(found.expectations[0]?.decided).toEqual(found.expectations[0]?.judged);
    expect(found.expectations[0]?.judged?.atNs).toBeLessThan(steps.run.readyAt + 1);
    expect(found.expectations[1]?.decided?.text).toMatch(/RECOVERED$/);
  });

  it("are none before the end", () => {
    const young = open(redScenario);
    young.go({ kind: "ready" }).goOn(() => false);
    expect(outcomeLook(young, {})).toEqual({ expectations: [], faults: [], deaths: [], end: null });
  });
});
