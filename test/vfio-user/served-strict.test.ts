// What the driver of a served machine does against a rule, and nothing of what we do ourselves on the way to its device.

import { expect, test } from "vitest";
import { blocks, deviceBar } from "../../registers/blocks.ts";
import { bridgeHeader, endpointHeader } from "../../registers/pci.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { createStrict } from "../../src/sandbox/strict/strict.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { followStrictly, strictReport } from "../../src/vfio-user/served-strict.ts";
import { modules } from "../support/machine.ts";
import { command, commitDecoder, enable } from "../support/served-device.ts";

const text = `version: 1
name: a card below a switch
machine: { hostBridges: [{ rootPorts: [{ switch: { ports: [{ device: { name: mem0, volatile: 256MiB } }] } }] }] }
`;

const { at, structure } = blocks.deviceRegisters.placements.memoryDeviceStatus;
const status = deviceBar.device + at + structure.registers.status.offset;

function served() {
  const machine = serveMachine(modules.checked, planScenario("served.yaml", text));
  const violations = followStrictly(machine);
  let wall = 0;
  const pass = (): void => void machine.advanceTo((wall += 100_000_000));
  const [mem0] = machine.functions;
  if (mem0 === undefined) throw new Error("a device is served");
  pass();
  return { machine, mem0, pass, violations };
}

test("a driver that does what it should has no violations, also over a reset, which our bridge does", () => {
  const { mem0, pass, violations } = served();
  for (let life = 0; life < 2; life++) {
    enable(mem0);
    // As a guest's firmware does, with I/O space beside memory space and bus master.
    mem0.writeConfig(endpointHeader.registers.command.offset, 2, 7);
    // Whether the mailbox is ready is looked at anew after each reset.
    mem0.readBar(0, status, 8);
    expect(command(mem0, "identifyMemoryDevice", [], 0, pass)).toBe(0);
    commitDecoder(mem0, 0x4000_0000n, pass);
    mem0.reset();
  }
  expect(violations()).toEqual([]);
  expect(strictReport(violations())).toBe("strict: the driver did nothing against a rule\n");
});

test("[PCIe 7.5.1.1.3] I/O Space Enable may be written by who does not know that it is hardwired; a reserved bit beside it may not", () => {
  const { mem0, violations } = served();
  mem0.writeConfig(endpointHeader.registers.command.offset, 2, 7);
  expect(mem0.readConfig(endpointHeader.registers.command.offset, 2)).toBe(6);
  expect(violations()).toEqual([]);
  mem0.writeConfig(endpointHeader.registers.command.offset, 2, 0x8007);
  expect(violations().map(({ rule, register }) => [rule, register])).toEqual([["reserved", "endpointHeader.command"]]);
});

test("a command after a reset without a look at whether the mailbox is ready is named: our reset counts as one", () => {
  const { mem0, pass, violations } = served();
  enable(mem0);
  mem0.readBar(0, status, 8);
  command(mem0, "identifyMemoryDevice", [], 0, pass);
  mem0.reset();
  enable(mem0);
  expect(violations()).toEqual([]);
  command(mem0, "identifyMemoryDevice", [], 0, pass);
  expect(violations().map(({ rule }) => rule)).toEqual(["not-ready"]);
});

test("a client that does something else wrong each time makes nothing grow without end", () => {
  const { machine, mem0 } = served();
  const strict = createStrict(machine.hardware);
  machine.hardware.watchTrace((words) => strict.accept(words));
  enable(mem0);
  for (let offset = 0; offset < 12_000; offset += 2) mem0.writeBar(0, offset, 2, 1n);
  expect(strict.violations).toHaveLength(4096);
  expect(strict.remember().alike.size).toBeLessThanOrEqual(4096);
});

test("what is done to a port is not the driver's, whatever it is", () => {
  const { machine, mem0, violations } = served();
  machine.config.write16(mem0.placed.port.address, bridgeHeader.registers.bridgeControl.offset, 0xf000);
  expect(violations()).toEqual([]);
});

test("a second commit over a committed decoder is named, with its rule, device and time", () => {
  const { mem0, pass, violations } = served();
  enable(mem0);
  commitDecoder(mem0, 0x4000_0000n, pass);
  commitDecoder(mem0, 0x5000_0000n, pass);
  const found = violations();
  expect(new Set(found.map(({ part }) => part))).toEqual(new Set(["mem0"]));
  expect(found.map(({ rule }) => rule)).toContain("C10");
  expect(strictReport(found)).toMatch(/^strict: \d+ violations?: .*C10.*\n {2}\d+ ns: mem0 hdmDecoderDevice\./);
});
