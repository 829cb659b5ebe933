// The conformance tool over the project's captures: everything is equal, explained or a known finding; every rule is used, and says what it may.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { blocks } from "../../registers/blocks.ts";
import { commands, dynamicCapacityTail } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { eventLogs, eventRecords, recordFields } from "../../registers/events.ts";
import type { EventRecordName } from "../../registers/events.ts";
import { features } from "../../registers/features.ts";
import type { FeatureName } from "../../registers/features.ts";
import { commandEffects } from "../../registers/payload-schema.ts";
import type { CommandDeclaration } from "../../registers/payload-schema.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import { deviceStructures } from "../../tools/conformance/device-layout.ts";
import { explanations } from "../../tools/conformance/explanations.ts";
import type { Explanation } from "../../tools/conformance/explanations.ts";
import { findings } from "../../tools/conformance/findings.ts";
import { runFolder } from "../../tools/conformance/folder.ts";
import { pageOf } from "../../tools/conformance/page.ts";
import { staleRules } from "../../tools/conformance/report.ts";
import { partsOf } from "../../tools/conformance/payload-fields.ts";
import { undeclared } from "../../tools/conformance/undeclared.ts";
import { fieldsOf } from "../../tools/conformance/structures.ts";
import { modules } from "../support/machine.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const outcome = runFolder(modules.release, join(root, "test/fixtures/captures"));
const structures = [...deviceStructures, ...Object.values(blocks).flatMap((block) => Object.values(block.placements).map(({ structure }: { structure: StructureDeclaration }) => structure))];

/** Names of what a rule of a command, a record, a feature or the log of command effects can be about. */
function commandFields(structure: string, register: string): ReadonlySet<string> {
  if (structure === "commandEffects") return new Set(Object.hasOwn(commands, register) ? [...Object.keys(commandEffects), "listed"] : []);
  if (register === "record" || (eventLogs as readonly string[]).includes(register)) return new Set(Object.hasOwn(eventRecords, structure) ? [...Object.keys(recordFields), ...Object.keys(eventRecords[structure as EventRecordName].fields), "logged"] : []);
  if (register === "readable") return new Set(Object.keys(features[structure as FeatureName]?.readable.fields ?? {}));
  const command = (commands as Readonly<Record<string, CommandDeclaration>>)[structure];
  if (command === undefined) return new Set();
  const { output } = command;
  const parts = Object.entries(partsOf[structure as CommandName] ?? {}).flatMap(([field, bits]) => Object.keys(bits).map((part) => `${field} ${part}`));
  const known: Readonly<Record<string, readonly string[]>> = { returnCode: ["value"], limit: ["injected"], output: [...Object.keys(output.fields), ...(structure === "getDynamicCapacity" ? Object.keys(dynamicCapacityTail.fields) : []), ...parts, ...(output.hasData === true ? ["data"] : [])], item: [...Object.keys(output.items?.fields ?? {}), "listed", "source"] };
  return new Set(known[register] ?? []);
}

const rules: readonly Explanation[] = [...explanations, ...findings];

describe("the project's captures", () => {
  it("no difference is unexplained; what the model lacks is a finding of the list", () => {
    expect(outcome.errors).toEqual([]);
    expect(outcome.results.flatMap(({ file, tally }) => tally.open.filter((one) => one.finding === undefined).map((one) => `${file} ${one.text} ${one.structure}.${one.register}.${one.field}`))).toEqual([]);
    expect(new Set(outcome.results.flatMap(({ tally }) => tally.open.flatMap((one) => one.finding ?? [])))).toEqual(new Set(findings.map((one) => one.id)));
  });

  it.each([
    ["qemu/config_reset.json", 2620], ["qemu/component_reset.json", 203], ["qemu/component_masks.json", 261], ["qemu/cedt.json", 12], ["qemu/doe_cdat.json", 104], ["qemu/datapath_sample.json", 2191],
    ["qemu/device_registers.json", 190], ["qemu/mailbox_volA.json", 349], ["linux/2b-two-way-ram/mmio.ndjson", 3914], ["linux/2b-two-way-ram/CEDT.bin", 3], ["linux/3-ok-nosr/s1-programmed.hdm-regs.txt", 17],
  ] as const)("%s: every entry is counted once, and some are equal", (file, entries) => {
    const tally = outcome.results.find((one) => one.file === file)?.tally;
    if (tally === undefined) throw new Error(`${file} was not run`);
    expect([tally.entries, tally.equal + tally.explained + tally.unexplained + tally.notModelled + tally.repeated]).toEqual([entries, entries + tally.lists + tally.zeros]);
    expect(tally.equal).toBeGreaterThan(0);
  });

  it("of the driver's accesses to what is modelled, seven in ten read the same value", () => {
    const tally = outcome.results.find((one) => one.file.endsWith("mmio.ndjson"))?.tally;
    expect((tally?.equal ?? 0) / ((tally?.entries ?? 1) - (tally?.repeated ?? 0) - (tally?.notModelled ?? 0))).toBeGreaterThan(0.7);
  });

  it("the firmware's CEDT is equal in every structure, and the decoders of every moment read back as the driver left them", () => {
    for (const { file, tally } of outcome.results.filter((one) => one.file.endsWith("CEDT.bin"))) expect([file, tally.explained]).toEqual([file, 0]);
    const decoders = outcome.results.filter((one) => one.file.endsWith(".hdm-regs.txt"));
    expect(decoders.length).toBeGreaterThan(10);
    for (const { file, tally } of decoders) expect([file, [...tally.used.keys()].toSorted()]).toEqual([file, ["targets of a device's decoders", "their component 0x5 (HDM decoders) on rp"]]);
  });

  it("nothing is left that is not modelled", () => {
    expect(outcome.results.filter(({ tally }) => tally.notModelled > 0).map(({ file }) => file)).toEqual([]);
  });

  it("every rule explains something, but for those that only documents speak of, which explain nothing", () => {
    expect(staleRules(outcome.results)).toEqual([]);
    const used = new Set(outcome.results.flatMap(({ tally }) => [...tally.used.keys()]));
    expect(explanations.filter((one) => one.documentedOnly === true && used.has(one.id)).map((one) => one.id)).toEqual([]);
  });
});

describe("rules", () => {
  it("have ids, clauses and reasons of their own", () => {
    expect(new Set(rules.map((one) => one.id)).size).toBe(rules.length);
    for (const one of rules) expect([one.id, one.clause !== "", one.reason.endsWith("."), one.captures.length > 0]).toEqual([one.id, true, true, true]);
  });

  it("name one field that is declared, or one structure that only the other machine has: never several structures", () => {
    const special = new Set(["list", "function"]);
    const pseudo = /^(CDAT |data object|data path|no structure|function$|msi mask and pending bits$)/;
    const named = (one: Explanation): boolean => commandFields(one.structure, one.register).has(one.field);
    for (const one of rules) {
      if (pseudo.test(one.structure)) continue;
      if (one.isWhole === true) {
        expect([one.id, /^(cap|ext|dvsec|component) (0x)?[0-9a-f]+$/.test(one.structure)]).toEqual([one.id, true]);
        continue;
      }
      if (named(one) || one.field === "reserved" || one.field === "emulator ended") continue;
      const found = structures.filter((structure) => structure.name === one.structure);
      const fields = found.flatMap((structure) => Array.from({ length: Math.ceil(structure.length / 4) }, (_, index) => fieldsOf(structure, index * 4)).flat());
      expect([one.id, special.has(one.register) || fields.some(({ register, field }) => register === one.register && field === one.field)]).toEqual([one.id, true]);
    }
  });

  it("state values that differ, or in words what must hold", () => {
    for (const one of rules) {
      if (typeof one.expect === "object") for (const [theirs, ours] of one.expect) expect([one.id, theirs !== ours]).toEqual([one.id, true]);
      if (typeof one.expect === "function") expect([one.id, one.states !== undefined || one.documentedOnly === true]).toEqual([one.id, true]);
    }
  });

  it("that take any value are few, and stand for a choice or a circumstance", () => {
    const free = rules.filter((one) => one.expect === "any" && one.isWhole !== true && one.circumstance === undefined).map((one) => one.id);
    expect(free).toEqual(["slot number", "CDAT checksum"]);
    const circumstances = new Set(rules.filter((one) => one.expect === "any" && one.captures.includes("mailbox")).map((one) => one.circumstance));
    expect([...circumstances].toSorted()).toEqual(["clock runs", "firmware was transferred", "in the background here", "lists differ", "offset in entries", "same lines"]);
  });

  it("name no field twice: a field that the model declares is not in the list of undeclared ones", () => {
    for (const [name, registers] of Object.entries(undeclared)) {
      for (const structure of structures.filter((one) => one.name === name)) {
        for (let offset = 0; offset < structure.length; offset += 4) {
          let seen = 0;
          for (const { mask, register, field } of fieldsOf(structure, offset)) {
            expect([name, register, field, (seen & mask) >>> 0]).toEqual([name, register, field, 0]);
            seen |= mask;
          }
        }
      }
      expect(Object.keys(registers).length).toBeGreaterThan(0);
    }
  });

  it("docs/conformance.md is what they say", () => {
    expect(readFileSync(join(root, "docs/conformance.md"), "utf8")).toBe(pageOf());
  });
});
