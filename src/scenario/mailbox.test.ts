// The command interface of a device as a machine file gives it, and every refusal with its place.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { commandNames, commands } from "../../registers/commands.ts";
import { isSwitch, mailboxOf } from "../platform/description.ts";
import type { MailboxDescription } from "../platform/description.ts";
import { ScenarioFileError } from "./load.ts";
import { mailboxExamples, mailboxPage } from "./mailbox-page.ts";
import { planScenario } from "./plan.ts";

const text = (mailbox: string, device = "volatile: 512MiB"): string => `version: 1
name: mailbox
machine:
  hostBridges:
    - rootPorts:
        - device: { ${device}, mailbox: { ${mailbox} } }
`;

function described(mailbox: string, device?: string): MailboxDescription {
  const slot = planScenario("m.yaml", text(mailbox, device)).machine.hostBridges[0]?.rootPorts[0]?.slots[0];
  if (slot === undefined || isSwitch(slot)) throw new Error("the machine has no device");
  return mailboxOf(slot);
}

function problem(mailbox: string, device?: string): string {
  try {
    planScenario("m.yaml", text(mailbox, device));
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

describe("mailbox keys of a machine file", () => {
  it("an empty mailbox is the one that a device without the key has", () => {
    const { commands: _, ...plain } = mailboxOf({});
    expect(described("")).toMatchObject(plain);
    expect([...described("").commands].toSorted()).toEqual([...mailboxOf({}).commands].toSorted());
  });

  it("every key reaches the description in its unit", () => {
    const keys = "payload: 4KiB, commandTime: 3us, readyTime: 2s, backgroundTime: 40ms, logs: { warning: 16 }, poisonList: 8, injectLimit: 0, partitionAlignment: 256MiB, firmware: [one, two], onlineActivation: false, dynamicExtents: 9";
    expect(described(keys)).toMatchObject({
      payloadSize: 4096, commandTime: 3000, readyTime: 2_000_000_000, backgroundTime: 40, logDepths: [8, 16, 8, 8, 0], poisonListSize: 8, injectPoisonLimit: 0, partitionAlignment: 256n << 20n, firmware: ["one", "two"], onlineActivation: false, dynamicExtents: 9,
    });
  });

  it("without leaves out commands by name and by set", () => {
    const { commands: left } = described("without: [firmware, getHealth]");
    expect(left.some((name) => commands[name].set === "firmware" || name === "getHealth")).toBe(false);
    expect(left).toHaveLength(mailboxOf({}).commands.length - commandNames.filter((name) => commands[name].set === "firmware").length - 1);
  });

  it("labels and dynamic capacity bring their commands and their log, without takes them away again", () => {
    const regions = "dynamicRegions: [{ length: 1GiB, block: 2MiB }, { length: 256MiB }]";
    const { commands: all, dynamicRegions, logDepths } = described(regions, "persistent: 256MiB");
    expect(dynamicRegions).toEqual([{ length: 1n << 30n, blockSize: 2n << 20n }, { length: 256n << 20n, blockSize: 2n << 20n }]);
    expect([logDepths[4], all.includes("getExtentList"), all.includes("getLabels")]).toEqual([8, true, true]);
    expect(all.filter((name) => commands[name].set === "labels")).toEqual(commandNames.filter((name) => commands[name].set === "labels"));
    expect(described(`${regions}, without: [dynamicCapacity]`).commands.filter((name) => commands[name].set === "dynamicCapacity")).toEqual([]);
  });

  const refusals: readonly (readonly [what: string, place: string, message: RegExp])[] = [
    ["payload: 128", "payload", /128 bytes is not a power of two from 256 bytes to 1 MiB/],
    ["payload: 3000", "payload", /3000 bytes is not a power of two/],
    ["payload: 2MiB", "payload", /not a power of two from 256 bytes to 1 MiB/],
    ["payload: 128KiB", "payload", /131072 bytes end at 262720 of BAR 0, which has 262144; give the device a barSize of 524288, or take a smaller payload/],
    ["readyTime: 256s", "readyTime", /is not in 0\.\.255000000000 ns/],
    ["backgroundTime: 100us", "backgroundTime", /0\.1 is not in 0\.\.4294967295 whole milliseconds/],
    ["logs: { fatal: 0 }", "logs.fatal", /0 is not in 1\.\.4096 records of the fatal log/],
    ["logs: { warning: 5000 }", "logs.warning", /5000 is not in 1\.\.4096/],
    ["dynamicRegions: [{ length: 256MiB }], logs: { dynamicCapacity: 0 }", "logs.dynamicCapacity", /0 is not in 1\.\.4096 records of the dynamicCapacity log/],
    ["poisonList: 0", "poisonList", /0 is not in 1\.\.4096 media error records/],
    ["injectLimit: 70000", "injectLimit", /70000 is not in 0\.\.65535 lines; 0 is no limit/],
    ["partitionAlignment: 100MiB", "partitionAlignment", /no multiple of 256 MiB; 0 is a device that cannot be partitioned/],
    ["partitionAlignment: 1GiB", "partitionAlignment", /a capacity of 536870912 bytes is no multiple of 1073741824/],
    ["firmware: [one]", "firmware", /1 slots; a device has 2 to 4/],
    ["firmware: ['', two]", "firmware.0", /slot 1 is the active one; give it a revision/],
    ["firmware: [one, 'a revision too long']", "firmware.1", /not a revision of at most 16 ASCII characters/],
    ["dynamicRegions: [{ length: 100MiB }]", "dynamicRegions.0", /not a positive multiple of 256 MiB/],
    ["dynamicRegions: [{ length: 256MiB, block: 48 }]", "dynamicRegions.0", /a block of 48 bytes is not a power of two of at least 64/],
    ["dynamicRegions: [{ length: 256MiB, block: 512MiB }]", "dynamicRegions.0", /no whole number of blocks/],
    [`dynamicRegions: [${Array.from({ length: 9 }, () => "{ length: 256MiB }").join(", ")}]`, "dynamicRegions", /9 regions; a device has 8 at most/],
    ["dynamicRegions: [{ length: 4096TiB }]", "dynamicRegions", /more than 2\^52 bytes; make the regions shorter/],
    ["dynamicExtents: 0", "dynamicExtents", /0 is not in 1\.\.4096 extents/],
    ["without: [gethealt]", "without.0", /no command or set of commands "gethealt"; did you mean "getHealth"\?/],
    ["paylod: 1KiB", "paylod", /unknown key "paylod"; did you mean "payload"\?/],
  ];
  it.each(refusals)("%s is refused at its place", (what, place, message) => {
    const lines = problem(what).split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`device.mailbox.${place}: `);
    expect(lines[0]).toMatch(/^m\.yaml:6:\d+: /);
    expect(lines[0]).toMatch(message);
  });

  it("a larger BAR takes a larger payload", () => {
    expect(described("payload: 128KiB", "volatile: 512MiB, barSize: 512KiB").payloadSize).toBe(131_072);
  });
});

describe("docs/mailbox.md", () => {
  it("is what the schema has", () => {
    expect(readFileSync(new URL("../../docs/mailbox.md", import.meta.url), "utf8")).toBe(mailboxPage());
  });

  it.each(Object.entries(mailboxExamples))("%s: the example is legal", (_, example) => {
    expect(problem(example)).toBe("");
  });
});
