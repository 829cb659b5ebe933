import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileRange } from "../mm/mapping.ts";
import { freeSpans, grow, shrink, sizeOf, spanOf, totalOf } from "./layout.ts";

const region = { start: 0x1000n, end: 0x1000n + 64n };

describe("ranges of dax devices", () => {
  it("[S27] growing and shrinking in any order keeps devices disjoint, file offsets without holes, and used + free = region", () => {
    const step = fc.record({ device: fc.integer({ min: 0, max: 2 }), size: fc.bigInt({ min: 0n, max: 64n }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const devices: FileRange[][] = [[], [], []];
        for (const { device, size } of steps) {
          const own = devices[device] ?? [];
          const free = freeSpans(region, devices.flat().map(spanOf));
          const changed = size <= sizeOf(own) ? shrink(own, size) : grow(own, free, size - sizeOf(own));
          if (changed === undefined) expect(size - sizeOf(own)).toBeGreaterThan(totalOf(free));
          else {
            devices[device] = changed;
            expect(sizeOf(changed)).toBe(size);
          }
          for (const ranges of devices) {
            let offset = 0n;
            for (const range of ranges) {
              expect(range.fileOffset).toBe(offset);
              expect(range.size).toBeGreaterThan(0n);
              offset += range.size;
            }
          }
          const used = devices.flat().map(spanOf).toSorted((a, b) => (a.start < b.start ? -1 : 1));
          for (const [i, span] of used.entries()) if (i > 0) expect(span.start).toBeGreaterThanOrEqual(used[i - 1]?.end ?? 0n);
          expect(totalOf(used) + totalOf(freeSpans(region, used))).toBe(64n);
        }
      }),
    );
  });

  it("[S27] a device grows into the gap behind itself without a second mapping", () => {
    const own = [{ start: 0x1000n, size: 16n, fileOffset: 0n }];
    expect(grow(own, freeSpans(region, own.map(spanOf)), 8n)).toEqual([{ start: 0x1000n, size: 24n, fileOffset: 0n }]);
  });

  it("[S27] a gap elsewhere becomes a second mapping", () => {
    const own = [{ start: 0x1000n, size: 16n, fileOffset: 0n }];
    const other = { start: 0x1010n, end: 0x1020n };
    expect(grow(own, freeSpans(region, [...own.map(spanOf), other]), 8n)).toEqual([own[0], { start: 0x1020n, size: 8n, fileOffset: 16n }]);
  });
});
