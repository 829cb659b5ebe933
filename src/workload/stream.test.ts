import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StreamPlan } from "./stream.ts";
import { countBefore, entriesHeld, isRead, offsetAt, readsBefore } from "./stream.ts";

const plan = (overrides: Partial<StreamPlan>): StreamPlan => ({ requester: 0, period: 10, reads: 1, of: 2, stride: 64, lines: 16, firstLine: 0, lineStep: 1, outstanding: 4, ...overrides });
const ratio = fc.integer({ min: 1, max: 20 }).chain((of) => fc.record({ of: fc.constant(of), reads: fc.integer({ min: 0, max: of }) }));

describe("a stream in closed form", () => {
  it("[rule 7] reads counted by arithmetic are the reads counted one by one", () => {
    fc.assert(
      fc.property(ratio, fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 }), (mix, from, count) => {
        const stream = plan(mix);
        let reads = 0;
        for (let i = from; i < from + count; i++) if (isRead(stream, i)) reads++;
        expect(readsBefore(stream, from + count) - readsBefore(stream, from)).toBe(reads);
      }),
    );
  });

  it("[rule 7] requests before an instant counted by arithmetic are those counted one by one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 1000 }), (first, period, until) => {
        let count = 0;
        for (let at = first; at < until; at += period) count++;
        expect(countBefore(first, period, until)).toBe(count);
      }),
    );
  });

  it("[rule 7] entries held at once by arithmetic are those of a simulation in which an answer comes before the next request of its instant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 50 }), (latency, period) => {
        let most = 0;
        for (let at = 0; at <= latency * 2; at += period) {
          let held = 0;
          for (let issued = 0; issued <= at; issued += period) if (issued + latency > at) held++;
          most = Math.max(most, held);
        }
        expect(entriesHeld(latency, period)).toBe(most);
      }),
    );
  });

  it("exactly the stated share is read, whatever the length of the run", () => {
    expect([...Array(10).keys()].map((i) => isRead(plan({ reads: 7, of: 10 }), i)).filter(Boolean)).toHaveLength(7);
    expect(readsBefore(plan({ reads: 7, of: 10 }), 10_000_000_000_001)).toBe(7_000_000_000_000);
  });

  it("threads that take turns touch every line of the walk once per round", () => {
    const threads = [0, 1, 2].map((firstLine) => plan({ firstLine, lineStep: 3, lines: 12 }));
    const touched = threads.flatMap((thread) => [0, 1, 2, 3].map((i) => offsetAt(thread, i) / 64));
    expect(touched.toSorted((a, b) => a - b)).toEqual([...Array(12).keys()]);
  });
});
