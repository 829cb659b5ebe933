import { describe, expect, it } from "vitest";
import { hashText } from "./hash.ts";
import { createTraceWriter, layerIndex, readRecord, traceText } from "./trace.ts";

function recorder() {
  const records: number[][] = [];
  return { records, write: (...words: number[]): void => { records.push(words); } };
}

describe("trace records", () => {
  it("[rule 14] the digested words of a text depend on content, not on the order of interning", () => {
    const first = recorder();
    const second = recorder();
    const a = createTraceWriter(first);
    const b = createTraceWriter(second);
    traceText(b, "log", 1, "something else first");
    traceText(a, "log", 1, "hello", "mem0", 5);
    traceText(b, "log", 1, "hello", "mem0", 5);
    const [, , idA, , ...restA] = first.records[0] ?? [];
    const [, , idB, , ...restB] = second.records[1] ?? [];
    expect(idA).not.toBe(idB);
    expect(restA).toEqual(restB);
  });

  it("text and detail cannot be swapped unnoticed", () => {
    const ring = recorder();
    const writer = createTraceWriter(ring);
    traceText(writer, "log", 1, "a", "b");
    traceText(writer, "log", 1, "b", "a");
    expect(ring.records[0]?.slice(4, 6)).not.toEqual(ring.records[1]?.slice(4, 6));
  });

  it("unpacks time beyond 32 bits, layer and kind", () => {
    const words = new Uint32Array([0xdeadbeef, (0x1abcde | (layerIndex.result << 21) | (9 << 24)) >>> 0, 1, 2, 3, 4, 5, 6]);
    expect(readRecord(words, 0)).toEqual({ time: 0x1abcde * 2 ** 32 + 0xdeadbeef, layer: "result", kind: 9, a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 });
  });

  it("hashes are unsigned and differ for near texts", () => {
    const texts = ["", "a", "b", "ab", "ba", "mem0", "mem1", "region0", "region1"];
    const seen = new Set(texts.map((text) => `${hashText(text).high}:${hashText(text).low}`));
    expect(seen.size).toBe(texts.length);
    expect(hashText("mem0").low).toBeGreaterThanOrEqual(0);
  });
});
