import { describe, expect, it } from "vitest";
import { numberNodes, parseSrat } from "./srat.ts";

const GiB = 1n << 30n;

function number(value: bigint | number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
}

const memory = (domain: number, start: bigint, size: bigint, flags = 1): number[] => [1, 40, ...number(domain, 4), 0, 0, ...number(start, 8), ...number(size, 8), ...number(0, 4), ...number(flags, 4), ...number(0, 8)];
const processor = (domain: number): number[] => [0, 16, domain, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const table = (...entries: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([...number(0, 48), ...entries.flat()]);
const window = (base: bigint, size: bigint): { readonly base: bigint; readonly size: bigint } => ({ base, size });
const nodeAt = (ranges: ReturnType<typeof numberNodes>, address: bigint): number | undefined => ranges.find((range) => range.start <= address && address < range.start + range.size)?.node;

describe("nodes from SRAT and windows", () => {
  it("the captured machine: memory of domain 0 up to below the window, entries not enabled, and the window is node 1", () => {
    const srat = parseSrat(table(processor(0), memory(0, 0n, 0xa_0000n), memory(0, 0x10_0000n, 0x3ff0_0000n), memory(0, 0n, 0n, 0), memory(0, 0x1_0000_0000n, 0x3_c000_0000n, 3)));
    expect(srat.memory).toHaveLength(3);
    const ranges = numberNodes(srat, [window(0x4_d000_0000n, 4n * GiB)]);
    expect([nodeAt(ranges, 0n), nodeAt(ranges, 0x4_d000_0000n), nodeAt(ranges, 0x6_0000_0000n)]).toEqual([0, 1, undefined]);
  });

  it("domains are numbered as they appear, windows behind them in order, a window with a memory entry is that entry's", () => {
    const srat = parseSrat(table(processor(7), memory(3, 0n, GiB), memory(9, 16n * GiB, GiB)));
    const ranges = numberNodes(srat, [window(32n * GiB, GiB), window(16n * GiB, 4n * GiB), window(48n * GiB, GiB)]);
    expect([0n, 16n, 19n, 32n, 48n].map((at) => nodeAt(ranges, at * GiB))).toEqual([1, 2, 2, 3, 4]);
  });

  it("without a table windows begin at node 1, and an entry without a length ends the reading", () => {
    expect(nodeAt(numberNodes({ memory: [], genericPorts: [], domains: [] }, [window(0n, GiB)]), 0n)).toBe(1);
    expect(parseSrat(table([1, 0], memory(0, 0n, GiB))).memory).toEqual([]);
  });
});
