// Fuzz of scenario files. CXL_SANDBOX_FUZZ_SCENARIOS: how many files (600), CXL_SANDBOX_FUZZ_SCENARIO_SEED: of which seed (1), CXL_SANDBOX_FUZZ_SCENARIO_RUNS: one in so many that plan is run (8).

import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { faultExamples } from "../../src/scenario/faults/page.ts";
import { scenarioJsonSchema } from "../../src/scenario/json-schema.ts";
import { bundledScenarios } from "../support/library.ts";
import type { FuzzedFile } from "../support/scenario-fuzz.ts";
import { fateOf, fuzzSource, fuzzedFile } from "../support/scenario-fuzz.ts";

const count = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIOS"] ?? "600");
const seed = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIO_SEED"] ?? "1");
const runsOneIn = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIO_RUNS"] ?? "8");
const mostShown = 5;

const validate = new Ajv({ strict: false }).compile(scenarioJsonSchema());
/** What the loader takes, the JSON Schema takes: an editor gives no false alarm. Values that YAML writes and JSON cannot, and parts, are left out. */
function isValid({ kind, text }: FuzzedFile): string | undefined {
  if (kind === "include") return undefined;
  const value: unknown = parse(text, { schema: "core", merge: false, resolveKnownTags: false, uniqueKeys: false, logLevel: "silent" });
  return validate(value) ? undefined : `planned, but the JSON Schema says: ${JSON.stringify(validate.errors).slice(0, 300)}`;
}

const tree = `version: 1
name: every name
machine: { hostBridges: [{ rootPorts: [{ name: rp0, isolation: {}, device: { name: dev0, volatile: 256MiB, mailbox: { dynamicRegions: [{ length: 512MiB }] } }, alternates: [{ name: spare, volatile: 256MiB }] }] }] }
kernel: { preset: linux-7.2, policies: { asm: leave, quiesce: delay }, modules: [cxl_port] }
firmware: { windows: [{ targets: [hb0], size: 4GiB, restrictions: [volatile] }], regions: [{ targets: [rp0] }] }
host: { processor: intel }
workloads: [{ vm: { name: vm0, memory: m } }, { pin: { name: p, memory: m, owner: vm0 } }]
expect: [{ workload: vm0, field: killed, equals: true }, { register: rp0.timeoutIsolation.status.memoryIsolation, equals: 0 }, { cxl: { list: -R, path: "[0].region", equals: region0 } }, { metric: killed, equals: 0 }, { outcome: unaffected }]
`;
/** Every text of a value, or a part of one between dots, in turn in place of which a name stands. */
function* renamed(value: unknown, name: string): Generator<unknown> {
  if (typeof value === "string") {
    yield name;
    const parts = value.split(".");
    if (parts.length > 1) for (const index of parts.keys()) yield parts.with(index, name).join(".");
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    for (const changed of renamed(one, name)) yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
    if (!Array.isArray(value)) yield Object.fromEntries(Object.entries(value).map(([other, kept]) => [other === key ? name : other, kept]));
  }
}

describe("fuzzed scenario files", () => {
  it("names that every object has by itself are in no table: everywhere they are refused, or names like others", () => {
    const broken: string[] = [];
    const look = (value: unknown): void => {
      const fate = fateOf({ kind: "tree", text: JSON.stringify(value), includes: {} }, false);
      if (typeof fate !== "string") broken.push(`${JSON.stringify(value)}: ${fate.broken}`);
    };
    const base = parse(tree) as Record<string, unknown>;
    for (const name of ["constructor", "__proto__", "toString"]) {
      for (const value of renamed(base, name)) look(value);
      for (const example of name === "constructor" ? Object.values(faultExamples) : []) for (const action of renamed(parse(`{ ${example} }`), name)) look({ ...base, faults: [{ id: "x", when: { at: "1ms" }, do: action }] });
    }
    expect(broken).toEqual([]);
    for (const [key, value] of [["preset", "constructor"], ["policies", { asm: "constructor" }], ["policies", { quiesce: "toString(5s)" }]] as const) expect([key, fateOf({ kind: "tree", text: JSON.stringify({ ...base, kernel: { [key]: value } }), includes: {} }, false)]).toEqual([key, "refused"]);
  });

  it(`[fuzz] ${count} files of seed ${seed} are refused with a place, or run to a result: no crash, no hang, no stack trace`, { timeout: 24 * 3_600_000 }, () => {
    const scenarios = Object.values(bundledScenarios()).map(fuzzSource);
    const fates: Record<string, number> = {};
    const broken: string[] = [];
    let planned = 0;
    let slowest = { number: -1, ms: 0 };
    for (let number = 0; number < count; number++) {
      const file = fuzzedFile(seed, number, scenarios);
      const began = performance.now();
      const fate = fateOf(file, planned % runsOneIn === 0, isValid);
      const ms = performance.now() - began;
      if (ms > slowest.ms) slowest = { number, ms };
      if (fate !== "refused") planned++;
      const name = typeof fate === "string" ? fate : "broken";
      fates[`${file.kind} ${name}`] = (fates[`${file.kind} ${name}`] ?? 0) + 1;
      if (typeof fate !== "string" && broken.length < mostShown) broken.push(`seed ${seed} file ${number}: ${fate.broken}\n${file.text.slice(0, 2000)}`);
    }
    if (count > 1000) console.log(`fuzz: ${count} scenario files of seed ${seed}: ${Object.entries(fates).toSorted().map(([name, times]) => `${name} ${times}`).join(", ")}; slowest: file ${slowest.number}, ${slowest.ms.toFixed(0)} ms`);
    expect(broken).toEqual([]);
    for (const kind of ["tree", "text", "include"]) expect(fates[`${kind} refused`]).toBeGreaterThan(0);
    expect(planned).toBeGreaterThan(count / 20);
  });
});
