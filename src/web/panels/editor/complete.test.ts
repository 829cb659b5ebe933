import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { bundledScenarios } from "../../../../test/support/library.ts";
import { scenarioJsonSchema } from "../../../scenario/json-schema.ts";
import type { Path } from "../../../scenario/yaml-text.ts";
import { aboutKey, completionsAt } from "./complete.ts";
import { contextAt } from "./context.ts";
import type { Schema } from "./schema-walk.ts";
import { readTree } from "./yaml-tree.ts";

const schema = scenarioJsonSchema() as unknown as Schema;

/** Completions at the place marked by ‸. */
const at = (text: string): ReturnType<typeof completionsAt> => completionsAt(schema, text.replace("‸", ""), text.indexOf("‸"));
const labels = (text: string): readonly string[] => at(text)?.options.map(({ label }) => label) ?? [];
/** The text once one is chosen, with the cursor as ‸. */
function chosen(text: string, label: string): string {
  const found = at(text);
  const option = found?.options.find((one) => one.label === label);
  if (found === null || found === undefined || option === undefined) return `no ${label} in ${labels(text).join(" ")}`;
  const place = text.indexOf("‸");
  return text.slice(0, found.from) + option.apply.slice(0, option.caret) + "‸" + option.apply.slice(option.caret) + text.slice(place + 1);
}

interface Key {
  readonly path: Path;
  readonly from: number;
  readonly to: number;
}

function keysOf(node: unknown, path: Path = []): readonly Key[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => keysOf(item, [...path, index]));
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const [from = 0, to = 0] = key.range ?? [];
    return [{ path: [...path, String(key.value)], from, to }, ...keysOf(value, [...path, String(key.value)])];
  });
}

describe("over all bundled scenarios", () => {
  const files = Object.entries(bundledScenarios());

  it("each key is read where it stands, and is among what can be written there", () => {
    let count = 0;
    for (const [index, [file, text]] of files.entries()) {
      const keys = keysOf(parseDocument(text).contents);
      // Every key of some files, some keys of every file.
      for (const { path, from, to } of keys.filter((_, number) => index % 8 === 0 || (number + index) % 9 === 0)) {
        for (const place of new Set([from, to])) {
          const context = contextAt(text, place);
          expect([file, place, context?.role, context?.path, context?.hasColon]).toEqual([file, place, "key", path.slice(0, -1), true]);
          const isFree = path.includes("arguments") || path.includes("parameters");
          if (!isFree) expect([file, path, completionsAt(schema, text, place)?.options.map(({ label }) => label).includes(String(path.at(-1)))]).toEqual([file, path, true]);
          count++;
        }
      }
    }
    expect(count).toBeGreaterThan(3000);
  });

  it("the words of a value are offered where the schema lists them, and each key has its help", () => {
    for (const [file, text] of files.filter((_, index) => index % 6 === 0)) {
      for (const { path, from } of keysOf(parseDocument(text).contents)) {
        if (path.includes("arguments")) continue;
        expect([file, path, aboutKey(schema, text, from)?.key]).toEqual([file, path, path.at(-1)]);
      }
      const outcome = text.indexOf("outcome: ");
      if (outcome >= 0) expect(completionsAt(schema, text, outcome + 9)?.options.map(({ label }) => label)).toContain("recovered");
    }
  });

  it("a text that breaks off anywhere is read without end or error", () => {
    fc.assert(fc.property(fc.constantFrom(...files), fc.nat(), fc.constantFrom("", "{", "[", "- ", '"', "|\n", ": ", "&a ", "\t"), ([, text], cut, more) => {
      const broken = text.slice(0, cut % text.length) + more;
      completionsAt(schema, broken, broken.length);
      completionsAt(schema, broken + text.slice(cut % text.length), broken.length);
    }), { numRuns: 200 });
  });
});

describe("keys", () => {
  it("of the top level, those that are there left out", () => {
    expect(labels("version: 1\nmachine: {}\n‸")).toEqual(expect.arrayContaining(["name", "faults", "expect"]));
    expect(labels("version: 1\nmachine: {}\n‸")).not.toContain("machine");
    expect(labels("version: 1\n‸\nfaults: []\n")).not.toContain("faults");
    expect(labels("‸version: 1\n")).toContain("version");
  });
  it("in brackets and in lines, half written, with an unclosed bracket before the next key", () => {
    expect(labels("faults:\n  - { id: a, wh‸ }\n")).toEqual(["when", "do", "optional"]);
    expect(labels("faults:\n  - id: a\n    ‸\nexpect: []\n")).toEqual(["when", "do", "optional"]);
    expect(labels("faults:\n  - { id: a, when: { at: 5ms, ‸\nexpect:\n  - { outcome: dead }\n")).toEqual(["from", "times", "every"]);
    expect(labels("faults:\n  - ‸\n")).toEqual(["id", "when", "do", "optional"]);
    expect(labels("machine:\n  hostBridges:\n    - rootPorts:\n        - name: rp0\n          ‸\n")).toContain("isolation");
  });
  it("of an alternative that fits the keys beside it", () => {
    expect(labels("steps:\n  - { run: ls, ‸ }\n")).toEqual(["exit", "stdout", "stderr"]);
    expect(labels("steps:\n  - { until: x, ‸ }\n")).toEqual(["within"]);
    expect(labels("steps:\n  - ‸\n")).toEqual(expect.arrayContaining(["run", "advance", "settle", "until", "inject", "expect"]));
    expect(labels("faults:\n  - { id: a, do: ‸ }\n")).toEqual(expect.arrayContaining(["linkDown", "poison", "kernelStep"]));
    expect(labels("faults:\n  - id: a\n    when:\n      ‸\n")).toEqual(expect.arrayContaining(["at", "access", "register", "after"]));
  });
  it("are written as what they take: a list with its dash, a mapping in lines or brackets, a value", () => {
    expect(chosen("version: 1\nfau‸", "faults")).toBe("version: 1\nfaults:\n  - ‸");
    expect(chosen("steps:\n- run: ls\nfau‸", "faults")).toBe("steps:\n- run: ls\nfaults:\n- ‸");
    expect(chosen("ker‸", "kernel")).toBe("kernel:\n  ‸");
    expect(chosen("kernel: { ‸ }", "policies")).toBe("kernel: { policies: { ‸ } }");
    expect(chosen("kernel:\n  ‸", "preset")).toBe("kernel:\n  preset: ‸");
    expect(chosen("faults:\n  - { id: a, do: ‸ }\n", "linkDown")).toBe("faults:\n  - { id: a, do: { linkDown: ‸ } }\n");
    expect(chosen("faults:\n  - id: a\n    do: ‸\n", "linkFlap")).toBe("faults:\n  - id: a\n    do: { linkFlap: { ‸ } }\n");
    expect(chosen("ver‸: 1\n", "version")).toBe("version‸: 1\n");
  });
});

describe("values", () => {
  const machine = "machine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, device: { name: dev0, volatile: 1GiB } }\n        - { device: {} }\n        - { name: rp2, switch: { ports: [{ name: low, device: {} }, { device: { name: far } }] } }\n";
  it("of lists of words, also in quotes; policies with their times", () => {
    expect(labels("kernel: { preset: ‸ }")).toContain("isolation-safe");
    expect(labels('kernel: { preset: "iso‸" }')).toContain("isolation-safe");
    expect(labels("kernel:\n  policies:\n    isoact: ‸\n")).toEqual(["none", "panic", "recover"]);
    expect(labels("kernel: { policies: { asm: ‸ } }")).toEqual(expect.arrayContaining(["leave", "timeout"]));
    expect(labels("machine: { hostBridges: [{ rootPorts: [{ hotplug: ‸ }] }] }")).toEqual(["true", "false"]);
    expect(labels("version: ‸")).toEqual(["1"]);
  });
  it("names of parts, where the schema asks for one: also those that the machine gives", () => {
    expect(labels(`${machine}faults: [{ id: a, do: { linkDown: ‸ } }]`)).toEqual(["rp0", "rp1", "rp2", "low", "dsp0"]);
    expect(labels(`${machine}faults: [{ id: a, do: { poison: { device: ‸ } } }]`)).toEqual(expect.arrayContaining(["dev0", "dev1", "far", "low-dev"]));
    expect(labels(`${machine}firmware: { windows: [{ targets: [‸] }] }`)).toEqual(["hb0"]);
    expect(labels(`${machine}faults:\n  - { id: one, when: { at: 1ms } }\n  - { id: two, when: { fault: ‸ } }\n`)).toContain("one");
    expect(labels("workloads:\n  - vm: { name: vm1 }\nexpect:\n  - { workload: ‸ }\n")).toEqual(["vm1"]);
  });
  it("references in commands and of memory, quoted inside brackets", () => {
    expect(chosen(`${machine}steps:\n  - run: cxl create-region -m \${me‸\n`, "${mem:rp0}")).toBe(`${machine}steps:\n  - run: cxl create-region -m \${mem:rp0}‸\n`);
    expect(chosen("steps:\n  - run: cxl create-region -w 1\nworkloads:\n  - vm: { memory: ‸ }\n", "${dax:region0}")).toContain('memory: "${dax:region0}"‸ }');
  });
  it("examples of the schema's words, as far as they are good ones", () => expect(labels("faults: [{ when: { at: ‸ } }]")).toContain("5ms"));
});

describe("nothing is offered", () => {
  it.each([
    ["in a comment", "version: 1 # na‸\n"],
    ["in a text over lines", "description: |\n  mach‸\n"],
    ["of a key that is not known", "nothing:\n  such: { ‸ }\n"],
    ["behind a bracket", "kernel: { preset: linux-7.2 }‸\n"],
    ["right behind a colon", "kernel:‸"],
    ["before a bracket", "kernel: ‸{ preset: linux-7.2 }\n"],
  ])("%s", (_, text) => expect(labels(text)).toEqual([]));
});

describe("help", () => {
  it("says of a key what it is, and of a value nothing", () => {
    const text = "faults:\n  - { id: cable, when: { at: 5ms }, do: { linkDown: rp0 } }\n";
    expect(aboutKey(schema, text, text.indexOf("linkDown") + 3)).toMatchObject({ key: "linkDown", info: expect.stringMatching(/^The cable of a port is pulled/) });
    expect(aboutKey(schema, text, text.indexOf("rp0") + 1)).toBe(null);
    expect(aboutKey(schema, "nothing: 1\n", 2)).toBe(null);
  });
});

describe("the reader of broken texts", () => {
  it("does not go deeper than it can", () => {
    expect(readTree("[".repeat(100_000))).not.toBe(null);
    expect(readTree(`a: ${"{ a: ".repeat(50_000)}`)).not.toBe(null);
    expect(readTree("- ".repeat(50_000))).not.toBe(null);
    expect(readTree("")).toBe(null);
  });
});
