// Every declared word can be asked for, by its whole name and by its last part, and what is said of it is the declaration.

import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { blocks } from "../../registers/blocks.ts";
import type { BlockDeclaration } from "../../registers/schema.ts";
import { steps } from "../../src/kernel/base/steps.ts";
import { consoleTerm, consoleTermList } from "../../src/report/glossary.ts";
import { defectNames } from "../../src/sandbox/defects.ts";
import { glossary } from "../../src/sandbox/glossary.ts";
import { expectation, outcomes } from "../../src/scenario/expectations/schema.ts";
import { allTerms, findTerms, nearestTerm, termKinds } from "../../src/scenario/glossary/term.ts";
import type { Found, TermKind } from "../../src/scenario/glossary/term.ts";
import { checkScenario } from "../../src/scenario/load.ts";
import { findField } from "../../src/scenario/machine-parts.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { policyNames, presetNames } from "../../src/scenario/policies.ts";
import { exitCodes } from "../../src/scenario/result.ts";
import { rules } from "../../src/scenario/rules.ts";
import { actionSchemas } from "../../src/scenario/schema.ts";
import { hostSettings } from "../../src/scenario/settings.ts";
import { when } from "../../src/scenario/faults/trigger-schema.ts";
import { acceptanceSettings, verdictSettings } from "../../src/scenario/verdict/settings.ts";
import { workloadSchema } from "../../src/scenario/workloads.ts";

const words = glossary();
const { terms } = words;
const find = (word: string, ...kinds: readonly TermKind[]): readonly Found[] => findTerms(words, word, kinds.length === 0 ? termKinds : kinds);

interface Shaped {
  readonly def: { readonly options?: readonly Shaped[]; readonly innerType?: Shaped; readonly shape?: Readonly<Record<string, Shaped>>; readonly type: string };
}

/** Keys of all alternatives of a schema, but those that only go with another. */
const keysOf = (schema: unknown, ...besides: readonly string[]): string[] => [...new Set(((schema as Shaped).def.options ?? []).flatMap((option) => Object.keys(option.def.shape ?? {})))].filter((key) => !besides.includes(key));

const registerNames = Object.values(blocks).flatMap((block: BlockDeclaration) =>
  Object.entries(block.placements).flatMap(([name, { structure }]) => [
    ["structure", name] as const,
    ...Object.entries(structure.registers).flatMap(([register, { fields }]) => [["register", `${name}.${register}`] as const, ...Object.keys(fields).map((field) => ["field", `${name}.${register}.${field}`] as const)]),
  ]));

const declared: readonly (readonly [TermKind, string])[] = [
  ...registerNames,
  ...policyNames.map((name) => ["policy", name] as const), ...presetNames.map((name) => ["preset", name] as const),
  ...Object.keys(hostSettings).map((name) => ["setting", `host.${name}`] as const), ...Object.keys(verdictSettings).map((name) => ["setting", `verdict.${name}`] as const),
  ...Object.keys(acceptanceSettings).map((name) => ["setting", `verdict.acceptance.${name}`] as const),
  ...Object.keys(actionSchemas).map((name) => ["fault", name] as const), ...keysOf(when, "from", "equals", "level").map((name) => ["trigger", name] as const), ...keysOf(expectation, "equals", "atLeast", "atMost", "contains", "level", "field", "from").map((name) => ["expectation", name] as const),
  ...outcomes.map((name) => ["outcome", name] as const), ...keysOf(workloadSchema).map((name) => ["workload", name] as const),
  ...Object.keys(steps).map((name) => ["kernel step", name] as const), ...defectNames.map((name) => ["defect", name] as const), ...rules.map(({ id }) => ["rule", id] as const),
  ...Object.keys(exitCodes).map((name) => ["status", name] as const),
];

/** A machine that has every part, with every structure that a part can have. */
const everything = planScenario("everything.yaml", `version: 1
name: everything
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: dev0, volatile: 256MiB } }
        - { name: rp1, switch: { name: sw0, ports: [{ name: dsp0, device: { volatile: 256MiB } }] } }
`).machine;

describe("the glossary", () => {
  it("has every declared word, by its kind and whole name, in any case", () => {
    const missing = declared.filter(([kind, name]) => [name, name.toUpperCase()].some((word) => find(word, kind).map((one) => `${one.kind} ${one.name}`).join() !== `${kind} ${name}`));
    expect(missing).toEqual([]);
    expect(declared.length).toBeGreaterThan(1400);
  });

  it("has no word besides", () => {
    const known = new Set(declared.map(([kind, name]) => `${kind} ${name}`));
    const metrics = ["machineChecks", "droppedWrites", "killed", "survived", "bytesLost", "bytesServed"].map((name) => `metric ${name}`);
    expect([...new Set(terms.map(({ kind, name }) => `${kind} ${name}`))].filter((one) => !known.has(one))).toEqual(metrics);
  });

  it("finds each by its shorter names, and says of every one what it is and where more is said", () => {
    expect(terms.filter((term) => term.also.some((word) => find(word, term.kind).every(({ variants }) => !variants.includes(term))))).toEqual([]);
    for (const found of allTerms(words)) {
      const text = consoleTerm(found);
      expect(text.startsWith(`${found.name}, ${found.kind}\n`), text).toBe(true);
      expect(found.variants.every(({ meaning, page }) => meaning.trim() !== "" && text.includes(meaning) && text.includes(`See ${page}.`)), text).toBe(true);
    }
  });

  it("gives lines that a scenario takes, with registers that the part has", () => {
    const base = { version: 1, name: "example", machine: { hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] } };
    const wrong = terms.filter(({ kind }) => !["structure", "register", "field"].includes(kind)).flatMap(({ kind, name, examples }) => examples.flatMap((example) => {
      try {
        checkScenario({ ...base, ...(parse(example) as object) });
        return [];
      } catch (error) {
        return [`${kind} ${name}: ${String(error)}`];
      }
    }));
    expect(wrong).toEqual([]);
    const fields = terms.flatMap(({ examples }) => examples).flatMap((example) => [.../\{ of: (\w+), field: ([\w.]+)/.exec(example)?.slice(1, 3) ?? []]);
    const named = fields.flatMap((of, index) => (index % 2 === 0 ? [[of, fields[index + 1] ?? ""] as const] : []));
    expect(named.length).toBeGreaterThan(1000);
    expect(named.map(([of, path]) => findField(everything, of, path)).filter((found) => typeof found === "string")).toEqual([]);
  });

  it("a part's name before a register, the specification's short words and numbers of instances do not matter", () => {
    for (const word of ["rp0.timeoutIsolation.status.memIsolation", "timeoutisolation.status.MEMORYISOLATION", "status.memoryIsolation"]) expect(find(word).map(({ name }) => name), word).toEqual(["timeoutIsolation.status.memoryIsolation"]);
    expect(find("hb0.hdmDecoderPort.control[1].committed").map(({ name }) => name)).toEqual(["hdmDecoderPort.control.committed"]);
    expect(find("POL-ASM").map(({ kind, name }) => [kind, name])).toEqual([["policy", "asm"]]);
    expect(find("[S30]").map(({ name }) => name)).toEqual(["S30"]);
  });

  it("a word for several things gives them all, each with what narrows it", () => {
    const found = find("memIsolation");
    expect(found.map(({ name }) => name)).toEqual(["timeoutIsolation.capability.memoryIsolation", "timeoutIsolation.status.memoryIsolation"]);
    expect(consoleTermList(found)).toMatch(/^term +kind +meaning\n(timeoutIsolation\.\w+\.memoryIsolation +field .+\n){2}$/);
    expect(find("register").map(({ kind }) => kind)).toEqual(["trigger", "expectation"]);
    expect(find("register", "trigger")).toHaveLength(1);
  });

  it("a register has its offset, width, fields with bits, access, reset, meaning and values, and who has it", () => {
    const [found] = find("timeoutIsolation.control");
    const text = consoleTerm(found as Found);
    expect(text).toContain("What is enabled (CXL 8.2.4.24.2)\n");
    expect(text).toMatch(/offset +0x8 in its structure\n +width +32 bits\n +on +root ports, 0x128 of their CXL\.cache\/mem registers/);
    expect(text).toMatch(/16 +memoryIsolationEnable +RW +0 +Isolate on a detected timeout or on link down.* writable where capability\.memoryIsolation is not 0\n/);
    expect(text).toMatch(/memoryTimeoutValue +0 +50 us \.\. 10 ms \(default\)\n/);
    expect(consoleTerm(find("hdmDecoderPort.control")[0] as Found)).toMatch(/repeated +\d+ times, 32 bytes apart, as many as \w+ says/);
  });

  it("what is not there has a word near it, or none", () => {
    expect(nearestTerm(words, "hungTaskTim")).toBe("hungTaskTime");
    expect(nearestTerm(words, "rp0.timeoutIsolation.statu.memoryIsolation")).toBe("timeoutIsolation.status.memoryIsolation");
    expect(nearestTerm(words, "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq")).toBeUndefined();
  });
});
