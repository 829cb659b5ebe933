// A capture held against a scenario: the same topology, steps and preset give what the running Linux showed; what cannot be is one message with its remedy.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { conformance } from "../../tools/conformance/command.ts";
import type { LinuxOutcome } from "../../tools/conformance/linux/cases.ts";
import { casesIn, runCases } from "../../tools/conformance/linux/cases.ts";
import { modules } from "../support/machine.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const captures = join(root, "test/fixtures/captures/linux");
const scenarioOf = (name: string): string => join(root, `test/fixtures/linux-scenarios/${name}.yaml`);
const names = ["2a-one-volatile", "2b-two-way-ram", "3-ok-nosr", "3-ok-sr-region", "3-fail-missing-sr"];
const differencesOf = ({ results }: LinuxOutcome): unknown[] => results.flatMap(({ moments }) => moments.flatMap(({ different }) => different));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cxl-scenario-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A copy of a scenario with texts replaced. */
function changed(name: string, ...changes: readonly (readonly [from: string, to: string])[]): string {
  const path = join(folder, `${name}.yaml`);
  const text = changes.reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replace(from, to);
  }, readFileSync(scenarioOf(name), "utf8"));
  writeFileSync(path, text);
  return path;
}

describe("a scenario of the captured topology, steps and preset", () => {
  for (const name of names) {
    it(`${name}: gives what was captured`, () => {
      const outcome = runCases(modules.release, [join(captures, name)], scenarioOf(name));
      expect([differencesOf(outcome), outcome.errors]).toEqual([[], []]);
      expect(outcome.results[0]?.moments.reduce((sum, { equal }) => sum + equal, 0)).toBeGreaterThan(600);
    });
  }

  it("needs no command line; parts are then found by the capture's names", () => {
    cpSync(join(captures, "3-ok-sr-region"), join(folder, "case"), { recursive: true });
    rmSync(join(folder, "case/qemu-cmdline.txt"));
    const bare = runCases(modules.release, [join(folder, "case")], scenarioOf("3-ok-sr-region"));
    expect([differencesOf(bare), bare.errors]).toEqual([[], []]);
    const renamed = runCases(modules.release, [join(folder, "case")], changed("3-ok-sr-region", ["name: mem0", "name: left"], ["[mem1, mem0]", "[mem1, left]"]));
    expect(renamed.errors.map(({ message }) => message)).toEqual(['case, component "mem0": is no part of the machine; there are hb0, rp0, left, rp1, mem1; name the scenario\'s parts as the capture does']);
  });

  it("may name its parts otherwise where the command line is there", () => {
    const outcome = runCases(modules.release, [join(captures, "3-ok-sr-region")], changed("3-ok-sr-region", ["name: mem0", "name: left"], ["name: rp1", "name: right"], ["[mem1, mem0]", "[mem1, left]"]));
    expect([differencesOf(outcome), outcome.errors]).toEqual([[], []]);
  });

  it.each([
    ["other Soft Reserved memory", "3-fail-missing-sr", ["softReserved: true", "softReserved: false"]],
    ["another serial number", "2a-one-volatile", ["serial: 1", "serial: 5"]],
    ["another policy", "2b-two-way-ram", ["online: offline", "online: online_movable"]],
    ["the members in another order", "3-ok-nosr", ["[mem1, mem0]", "[mem0, mem1]"]],
  ] as const)("with %s differs", (_, name, change) => {
    expect(differencesOf(runCases(modules.release, [join(captures, name)], changed(name, change)))).not.toEqual([]);
  });
});

describe("what cannot be", () => {
  const message = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return error instanceof Error ? error.message.replaceAll(folder, "F").replaceAll(root, "") : "";
    }
    return "nothing";
  };

  it("is told with what to do: steps that do not match, several cases, no file, a bad file, a reference to nothing", () => {
    const one = [join(captures, "2a-one-volatile")];
    const more = changed("2a-one-volatile", ["steps:\n", "steps:\n  - run: cxl list\n"]);
    expect(runCases(modules.release, one, more).errors.map((error) => error.message.replaceAll(folder, "F"))).toEqual(["F/2a-one-volatile.yaml, steps: has 2 commands, 2a-one-volatile/steps.log has 1; give one step for each of them, or leave steps out to give the log's own"]);
    expect(message(() => runCases(modules.release, casesIn(captures), scenarioOf("3-ok-nosr")))).toBe("test/fixtures/linux-scenarios/3-ok-nosr.yaml: stands for one case, and there are 6; give the folder of one case (with steps.log and moments)");
    expect(message(() => runCases(modules.release, one, join(folder, "none.yaml")))).toBe("F/none.yaml: is no scenario file; give a .yaml file");
    expect(message(() => runCases(modules.release, one, changed("2a-one-volatile", ["serial: 1", "serial: one"])))).toMatch(/^F\/2a-one-volatile\.yaml:\d+:\d+: /);
    const outcome = runCases(modules.release, one, changed("2a-one-volatile", ["${mem:rp0}", "${mem:rp7}"]));
    expect(outcome.errors.map((error) => error.message)).toEqual(['${mem:rp7}: the machine has no port "rp7"']);
  });

  it("a folder without a case, or a case without its log, is no case", () => {
    mkdirSync(join(folder, "empty"));
    expect(casesIn(join(folder, "empty"))).toEqual([]);
    expect(message(() => casesIn(join(folder, "none")))).toBe("F/none: is no folder; give one with captures");
    writeFileSync(join(folder, "steps.log"), "$ cxl list\n[]\n[rc=0, uptime=1.00]\n");
    expect(runCases(modules.release, casesIn(folder)).errors.map((error) => error.message)).toEqual([expect.stringMatching(/qemu-cmdline\.txt: is not in the folder; a case has qemu-cmdline\.txt and steps\.log$/) as unknown]);
  });
});

describe("npm run conformance over a case", () => {
  // In this process; as a process of its own it is asked in formats.test.ts.
  const run = (...argv: string[]) => conformance(argv, root);

  it("has registers and Linux with totals for both, and --scenario the case alone", async () => {
    const both = await run(join(captures, "2a-one-volatile"));
    expect(both).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^Linux\n\n2a-one-volatile\n[^]*\ntotal {2}[1-9]\d{2} entries: [1-9]\d{2} equal, \d+ explained, 0 different\n$/) as unknown });
    expect((await run(join(captures, "3-ok-nosr"))).stdout).toMatch(/^Registers\n[^]*\ntotal {2}\d+ entries[^]*\n\nLinux\n[^]*\ntotal {2}[1-9]\d{3} entries: \d+ equal, \d+ explained, 0 different/);
    expect((await run(join(captures, "3-ok-nosr"), "--scenario", scenarioOf("3-ok-nosr"))).stdout).toMatch(/^Linux\n/);
    const { linux } = JSON.parse((await run(join(captures, "2a-one-volatile"), "--json")).stdout) as { readonly linux: readonly { readonly name: string }[] };
    expect(linux.map(({ name }) => name)).toEqual(["2a-one-volatile"]);
  });

  it("ends 1 for a difference, 2 for bad input, with one message", async () => {
    cpSync(join(captures, "2a-one-volatile"), join(folder, "case"), { recursive: true });
    writeFileSync(join(folder, "case/0-up.iomem"), readFileSync(join(captures, "2a-one-volatile/0-up.iomem"), "utf8").replace("CXL Window 0", "CXL Window 7"));
    expect(await run(folder)).toMatchObject({ status: 1, stderr: "", stdout: expect.stringContaining("theirs CXL Window 7, ours CXL Window 0 (0-up)") as unknown });
    writeFileSync(join(folder, "case/0-up.cxl-all.json"), "[{");
    expect(await run(folder)).toMatchObject({ status: 2, stderr: "conformance: case/0-up.cxl-all.json: is no JSON; is the file whole?\n" });
    expect(await run(folder, "--scenario", scenarioOf("2a-one-volatile"), "--file", "x")).toMatchObject({ status: 2, stderr: expect.stringMatching(/--file is about registers, --scenario about a case/) as unknown });
    expect(await run(join(root, "test/fixtures/captures/qemu"), "--scenario", scenarioOf("2a-one-volatile"))).toMatchObject({ status: 2, stderr: expect.stringMatching(/has no case; a case is a folder with steps\.log/) as unknown });
  });
});
