// What twins needed of machine files: where ports and registers stand, and how a device leaves the factory.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { captureOf } from "../support/twin.ts";

const file = (ports: string, more = "", window = "{ targets: [hb0], size: 4GiB }"): string => `version: 1\nname: places\nmachine: { hostBridges: [{ ${more} rootPorts: [${ports}] }] }\nfirmware: { windows: [${window}] }\n`;

function problem(text: string): string {
  try {
    planScenario("places.yaml", text);
  } catch (thrown) {
    if (thrown instanceof ScenarioFileError) return thrown.message;
    throw thrown;
  }
  return "";
}

const card = "device: { volatile: 256MiB }";

describe("ports of a machine file", () => {
  it("have the port and device numbers that they are given, in the listing and in config space", () => {
    const { cxlList, lspci } = captureOf("places.yaml", file(`{ portNumber: 4, deviceNumber: 2, ${card} }, { portNumber: 1, deviceNumber: 5, ${card} }`)) ?? { cxlList: { text: "" }, lspci: { text: "" } };
    expect([...cxlList.text.matchAll(/"dport":"(0000[^"]*)",\s+"id":(\d+)/g)].map(([, name, id]) => [name, id])).toEqual([["0000:0c:02.0", "4"], ["0000:0c:05.0", "1"]]);
    expect(lspci.text).toMatch(/^0c:02\.0 /m);
  });

  it.each([
    ["two of one number", `{ portNumber: 1 }, {}`, /rootPorts\.1\.portNumber: .*has the number 1/],
    ["device numbers that fall", `{ deviceNumber: 3 }, { deviceNumber: 2 }`, /rootPorts\.1\.deviceNumber: device 2 does not come after device 3/],
    ["a device number above 31", `{ deviceNumber: 32 }`, /deviceNumber/],
  ])("%s: refused with the place", (_, ports, message) => {
    expect(problem(file(ports))).toMatch(message);
  });
});

describe("registers of a host bridge", () => {
  it("lie where the file says, and windows may begin right behind 4GiB then", () => {
    const { machine } = planScenario("places.yaml", file(`{ ${card} }`, "registers: 0x100000000,", "{ targets: [hb0], size: 4GiB, base: 0x110000000 }"));
    expect([machine.hostBridges[0]?.componentBase, machine.windows[0]?.base]).toEqual([0x1_0000_0000n, 0x1_1000_0000n]);
  });

  it.each([
    ["in host memory", "registers: 0x10000000,", /lies in the range at 0x0/],
    ["not at 64KiB", "registers: 0x500001000,", /multiple of 64KiB/],
    ["in a window", "registers: 0x120000000,", /lies in the range at 0x1[12]0000000/],
  ])("%s: refused with the place", (_, more, message) => {
    expect(problem(file(`{ ${card} }`, more, "{ targets: [hb0], size: 4GiB, base: 0x120000000 }"))).toMatch(message);
  });
});

describe("a device as it leaves the factory", () => {
  const mailbox = "mailbox: { firmware: [one, two], activeSlot: 2, revision: BIOS 9, health: { temperature: -7, lifeUsed: 11, dirtyShutdownCount: 3 }, alerts: { overCritical: 88, underWarning: -3, valid: 4 } }";

  it("answers Identify, Get FW Info, Get Health Info and Get Alert Configuration so", () => {
    const text = captureOf("places.yaml", file(`{ device: { volatile: 256MiB, ${mailbox} } }`))?.cxlList.text ?? "";
    for (const part of ['"firmware_version":"BIOS 9"', '"active_slot":2', '"temperature":-7', '"life_used_percent":11', '"dirty_shutdowns":3', '"dev_over_temperature_crit_alert_threshold":88', '"dev_under_temperature_prog_warn_threshold":65533', '"dev_under_temperature_prog_warn_threshold_valid":true', '"life_used_crit_alert_threshold":95']) {
      expect(text).toContain(part);
    }
  });

  it.each([
    ["activeSlot: 3, firmware: [a, b]", /slot 3 is not there/],
    ["activeSlot: 2, firmware: [a, \"\"]", /slot 2 is the active one/],
    ["health: { temperature: 40000 }", /temperature is -32768\.\.32767, not 40000/],
    ["alerts: { lifeUsedCritical: 256 }", /lifeUsedCritical is 0\.\.255, not 256/],
    ["revision: a name of more than 16 letters", /not a revision of 1 to 16/],
  ])("%s: refused with the place", (keys, message) => {
    expect(problem(file(`{ device: { volatile: 256MiB, mailbox: { ${keys} } } }`))).toMatch(message);
  });
});
