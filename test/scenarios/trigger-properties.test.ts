// Properties of triggers and of expectations over lines: moments that are drawn, series, order and `never` against plain definitions over whole lists.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FollowedExpectation, SaidLine } from "../../src/scenario/expectations/sequence.ts";
import { follow, take } from "../../src/scenario/expectations/sequence.ts";
import type { MomentFacts } from "../../src/scenario/expectations/judge.ts";
import { judgeFollowed } from "../../src/scenario/expectations/records.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { Trigger } from "../../src/scenario/faults/trigger.ts";
import { drawDelay } from "../../src/scenario/faults/trigger.ts";
import { armProbe, callProbe, disarmProbe, probeEvidence } from "../../src/hardware/probes.ts";
import { createFaults } from "../../src/sandbox/faults.ts";
import { delayOf } from "../../src/sandbox/faults.ts";
import { machineOf, portOf, setUp } from "../support/machine.ts";

const trigger = (least: number, most: number): Trigger => ({ cause: { kind: "time" }, from: "ready", nth: 1, times: 1, every: null, delay: { least, most } });

describe("a moment that the seed picks", () => {
  it("is in its window, both ends included, and always the same", () => {
    fc.assert(fc.property(fc.nat(1e12), fc.nat(1e13), fc.nat(0xffff_ffff), fc.string({ minLength: 1, maxLength: 12 }), (least, width, seed, id) => {
      const drawn = drawDelay(trigger(least, least + width), id, seed);
      expect(drawn >= least && drawn <= least + width && Number.isSafeInteger(drawn)).toBe(true);
      expect(drawDelay(trigger(least, least + width), id, seed)).toBe(drawn);
    }), { numRuns: 500 });
  });

  it("comes to every place of a small window, as often as any other within a third", () => {
    const counts = new Map<number, number>();
    for (let seed = 0; seed < 8000; seed++) {
      const drawn = drawDelay(trigger(3, 10), "fault", seed);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(333);
  });

  it("does not depend on the other faults of a file, nor on their order", () => {
    const file = (ids: readonly string[]): string => `version: 1\nname: x\nmachine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }\nfaults:\n${ids.map((id) => `  - { id: ${id}, when: { at: { between: [1ms, 900ms] } }, do: { linkDown: rp0 } }\n`).join("")}`;
    const bench = setUp(machineOf([portOf("rp0")]));
    const momentsOf = (ids: readonly string[], seed: number): Record<string, number> => {
      const plan = planScenario("x.yaml", file(ids));
      const table = createFaults(plan, bench.hardware, null, seed);
      return Object.fromEntries(plan.faults.map((fault) => [fault.id, delayOf(table, fault)]));
    };
    const names = ["a", "b", "c", "cable-out", "cable-in", "x1", "x2"] as const;
    fc.assert(fc.property(fc.shuffledSubarray([...names], { minLength: 1 }), fc.nat(1000), (ids, seed) => {
      const all = momentsOf(names, seed);
      expect(momentsOf(ids, seed)).toEqual(Object.fromEntries(ids.map((id) => [id, all[id]])));
    }), { numRuns: 40 });
    expect(new Set(Object.values(momentsOf(names, 1))).size).toBe(names.length);
  });
});

describe("a probe that acts in a series", () => {
  const bench = setUp(machineOf([portOf("rp0")]));
  const { hardware } = bench;

  it("acts as often as it says, at its delay and then a period apart, whatever steps time takes", () => {
    fc.assert(fc.property(fc.nat(5000), fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 12 }), fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 30 }), (delay, period, count, steps) => {
      disarmProbe(hardware, 3);
      armProbe(hardware, 3, { match: { kind: "call" }, action: { kind: "neverRetrain", port: "rp0" }, count, delay, period });
      const start = hardware.now;
      callProbe(hardware, 3);
      callProbe(hardware, 3);
      for (const step of steps) {
        hardware.advanceTo(hardware.now + step);
        const passed = hardware.now - start - delay;
        const acts = passed < 0 ? 0 : Math.min(count, 1 + (passed - (passed % period)) / period);
        const last = start + delay + (acts - 1) * period;
        expect(probeEvidence(hardware, 3)).toEqual({ matches: 1, fired: acts, firstAt: acts === 0 ? null : start + delay, lastAt: acts === 0 ? null : last });
      }
    }), { numRuns: 200 });
  });

  it("without a period it acts once for each call that finds it waiting", () => {
    fc.assert(fc.property(fc.nat(3), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 50 }), fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 30 }), (skip, count, delay, steps) => {
      disarmProbe(hardware, 3);
      armProbe(hardware, 3, { match: { kind: "call" }, action: { kind: "neverRetrain", port: "rp0" }, skip, count, delay });
      let matches = 0;
      let acts = 0;
      let due = -1;
      for (const step of steps) {
        callProbe(hardware, 3);
        if (due < 0 && acts < count && ++matches > skip) due = hardware.now + delay;
        hardware.advanceTo(hardware.now + step);
        if (due >= 0 && due <= hardware.now) {
          acts++;
          due = -1;
        }
        // An instant that does not move does nothing: what is due acts when time, or an access, comes by.
        expect(probeEvidence(hardware, 3)).toMatchObject({ matches, fired: acts });
      }
    }), { numRuns: 200 });
  });
});

/** Lines of few words, so that texts are found often. */
const word = fc.constantFrom("A", "B", "C", "AB", "x");
const lines = fc.array(word, { maxLength: 25 }).map((words) => words.map((text, index): SaidLine => ({ source: "log", at: index * 10, text, level: "info" })));

const facts = (all: readonly SaidLine[], readyAt = 0): MomentFacts => ({
  readyAt,
  following: (expectation: FollowedExpectation) => {
    const state = follow(expectation);
    for (const line of all) take(state, line, readyAt);
    return state;
  },
}) as unknown as MomentFacts;

/** As docs/scenarios.md has it: there are lines, each after the one before, with these texts. */
function isInOrder(all: readonly string[], [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  return all.some((line, at) => line.includes(first) && isInOrder(all.slice(at + 1), rest));
}

/** As docs/scenarios.md has it: from each line with `after` on until the next with `before`, no line has the text; and a line with `after` came. */
function isNever(all: readonly string[], text: string, after: string | undefined, before: string | undefined): boolean {
  const begins = after === undefined ? [-1] : all.flatMap((line, at) => (line.includes(after) ? [at] : []));
  const isEnd = (at: number): boolean => before !== undefined && (all[at] ?? "").includes(before);
  const isFree = (from: number): boolean => {
    for (let at = from + 1; at < all.length && !isEnd(at); at++) if ((all[at] ?? "").includes(text)) return false;
    return true;
  };
  return (after === undefined || begins.length > 0) && begins.every(isFree);
}

describe("expectations over lines", () => {
  it("order: there is such a sequence of lines", () => {
    fc.assert(fc.property(lines, fc.array(word, { minLength: 2, maxLength: 4 }), (all, order) => {
      expect(judgeFollowed({ order }, facts(all)).pass).toBe(isInOrder(all.map(({ text }) => text), order));
    }), { numRuns: 1000 });
  });

  it("never: no such line, in the whole run or in any of the spans", () => {
    // Texts that are no part of each other: a line either begins, ends or breaks.
    const single = fc.array(fc.constantFrom("A", "B", "C", "x"), { maxLength: 25 }).map((words) => words.map((text, index): SaidLine => ({ source: "mark", at: index, text, level: "" })));
    fc.assert(fc.property(single, fc.constantFrom(undefined, "A"), fc.constantFrom(undefined, "B"), (all, after, before) => {
      const never = { text: "C", ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) };
      expect(judgeFollowed({ never }, facts(all)).pass).toBe(isNever(all.map(({ text }) => text), "C", after, before));
    }), { numRuns: 1000 });
  });

  it("counts: so many lines of the kind in the time", () => {
    fc.assert(fc.property(lines, word, fc.nat(300), fc.nat(300), fc.constantFrom(-1, 0, 50), (all, hardware, a, b, readyAt) => {
      const between: [number, number] = [Math.min(a, b), Math.max(a, b)];
      const said = all.map((line): SaidLine => ({ ...line, source: "hardware" }));
      const count = readyAt < 0 ? 0 : said.filter(({ text, at }) => text.includes(hardware) && at - readyAt >= between[0] && at - readyAt <= between[1]).length;
      expect(judgeFollowed({ hardware, between, equals: count }, facts(said, readyAt)).pass).toBe(true);
      expect(judgeFollowed({ hardware, between, equals: count + 1 }, facts(said, readyAt)).pass).toBe(false);
    }), { numRuns: 500 });
  });
});
