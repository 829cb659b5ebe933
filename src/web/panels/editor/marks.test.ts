import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../../scenario/lint.ts";
import { lintScenario } from "../../../scenario/lint.ts";
import { changeBetween, lineBreakOf, marksOf, withPlainBreaks } from "./marks.ts";

const finding = (line: number, column: number, file = "a.yaml"): Finding => ({ file, line, column, message: "wrong", source: "", severity: "error", rule: "scenario" });
const marked = (text: string, line: number, column: number): string => {
  const [mark] = marksOf(text, "a.yaml", [finding(line, column)]);
  return text.slice(mark?.from, mark?.to);
};

describe("a finding marks the whole word at its place", () => {
  it("a key without its colon, a bare value, a quoted value with blanks, a name before a comma", () => {
    const text = 'version: 1\nname: "a b: c" # d\nfaults: [{ id: cable, do: { linkDown: rp0 } }]\n';
    expect(marked(text, 1, 1)).toBe("version");
    expect(marked(text, 1, 10)).toBe("1");
    expect(marked(text, 2, 7)).toBe('"a b: c"');
    expect(marked(text, 3, 16)).toBe("cable");
    expect(marked(text, 3, 39)).toBe("rp0");
    expect(marked(text, 3, 9)).toBe("[");
  });
  it("a quoted value that has no end marks the rest of its line alone", () => expect(marked('name: "ab\nnext: 1\n', 1, 7)).toBe('"ab'));
  it("a place behind the text, behind its line or before the first letter marks nothing outside", () => {
    for (const [line, column] of [[9, 1], [1, 99], [0, 0], [2, 1]] as const) {
      const [mark] = marksOf("ab: 1\n", "a.yaml", [finding(line, column)]);
      expect(mark?.from).toBeGreaterThanOrEqual(0);
      expect(mark?.to).toBeLessThanOrEqual(6);
    }
    expect(marksOf("", "a.yaml", [finding(1, 1)])).toEqual([expect.objectContaining({ from: 0, to: 0 })]);
  });
  it("findings of an included file mark nothing", () => expect(marksOf("a: 1\n", "a.yaml", [finding(1, 1, "b.inc.yaml")])).toEqual([]));
  it("what the loader says of a wrong key marks that key", () => {
    const text = "version: 1\nname: x\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, isolaton: { mem: true } }\n";
    const [mark] = marksOf(text, "first.yaml", lintScenario("first.yaml", text, {}));
    expect(text.slice(mark?.from, mark?.to)).toBe("isolaton");
  });
});

describe("a change between two texts", () => {
  it("makes the one of the other, whatever they are", () => {
    fc.assert(fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (head, a, b, tail) => {
      const [before, after] = [head + a + tail, head + b + tail];
      const change = changeBetween(before, after);
      const made = change === undefined ? before : before.slice(0, change.from) + change.insert + before.slice(change.to);
      expect(made).toBe(after);
      expect(change?.insert.length ?? 0).toBeLessThanOrEqual(b.length);
    }));
  });
});

describe("line ends", () => {
  it("are \\r\\n only where they are so everywhere", () => {
    expect(["a\r\nb\r\n", "a\nb\r\n", "a\nb", "a", "a\rb\r\n"].map(lineBreakOf)).toEqual(["\r\n", "\n", "\n", "\n", "\n"]);
    expect(withPlainBreaks("a\r\nb\rc\n")).toBe("a\nb\nc\n");
  });
});
