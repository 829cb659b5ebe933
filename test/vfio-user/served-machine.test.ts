// The served machine through its contract: config space, BARs, resets, links, interrupts, as a vfio-user client has them.

import { beforeAll, describe, expect, test } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { InterruptWrite } from "../../src/vfio-user/contract.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadModule("checked"));
});

const text = `version: 1
name: two cards
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: mem0, volatile: 256MiB } }
        - name: rp1
          switch:
            name: sw0
            ports:
              - { name: dp0, device: { name: mem1, volatile: 256MiB, messages: msix } }
              - { name: dp1, device: { name: mem2, volatile: 256MiB } }
`;

const serve = (source = text) => serveMachine(module, planScenario("served.yaml", source));

const functionOf = (machine: ReturnType<typeof serve>, name: string) => {
  const found = machine.functions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
};

describe("config space", () => {
  test("every device answers with its class, also below a switch", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    expect(machine.functions.map(({ name }) => name)).toEqual(["mem0", "mem1", "mem2"]);
    for (const one of machine.functions) {
      expect(one.readConfig(0, 4)).toBe(0x0c03_1e98);
      expect(one.readConfig(8, 4) >>> 8).toBe(0x050210);
    }
  });

  test("[PCIe 7.5.1.2.1] a BAR is sized and keeps what was written, and the device stays where it is", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    const one = functionOf(machine, "mem1");
    expect(one.readConfig(0x10, 4)).toBe(0xc);
    one.writeConfig(0x10, 4, 0xffff_ffff);
    one.writeConfig(0x14, 4, 0xffff_ffff);
    expect(one.readConfig(0x10, 4)).toBe(((0x1_0000_0000 - (one.bars[0]?.size ?? 0)) | 0xc) >>> 0);
    expect(one.readConfig(0x14, 4)).toBe(0xffff_ffff);
    one.writeConfig(0x10, 4, 0xe000_0000);
    one.writeConfig(0x14, 4, 0);
    expect(one.readConfig(0x12, 2)).toBe(0xe000);
    one.writeConfig(4, 2, 6);
    expect(one.readBar(0, 0x1000, 4)).not.toBe(0xffff_ffffn);
  });
});

describe("BARs", () => {
  test("[PCIe 7.5.1.1.3] registers answer while memory space is on, and all ones while it is off", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    for (const one of machine.functions) {
      expect(one.readBar(0, 0x1000, 4)).toBe(0xffff_ffffn);
      expect(one.readBar(0, 0x1000, 8)).toBe(0xffff_ffff_ffff_ffffn);
      one.writeConfig(4, 2, 2);
      expect(one.readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
    }
  });
});

describe("reset", () => {
  test("[PCIe 6.6.1] a hot reset takes registers back, and the way to the device stays", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    for (const name of ["mem0", "mem2"]) {
      const one = functionOf(machine, name);
      one.writeConfig(0x10, 4, 0xe000_0000);
      one.writeConfig(4, 2, 6);
      expect(one.readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
      one.reset();
      expect(one.readConfig(4, 2)).toBe(0);
      expect(one.readConfig(0x10, 4)).toBe(0xc);
      one.writeConfig(4, 2, 6);
      expect(one.readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
    }
    expect(functionOf(machine, "mem1").readConfig(0, 4)).toBe(0x0c03_1e98);
  });
});

describe("interrupts", () => {
  const enable = (one: ReturnType<typeof functionOf>, order: number): void => {
    one.writeConfig(4, 2, 6);
    one.writeConfig(0x84, 4, 0xfee0_1000);
    one.writeConfig(0x88, 4, 0x1);
    one.writeConfig(0x8c, 2, 0x4040);
    one.writeConfig(0x82, 2, 1 | (order << 4));
  };
  /** Get Supported Logs by the mailbox, its doorbell interrupt on. */
  const command = (one: ReturnType<typeof functionOf>): void => {
    const mailbox = 0x2_0220;
    one.writeBar(0, mailbox + 8, 8, 0x0400n);
    one.writeBar(0, mailbox + 4, 4, 3n);
  };
  const capabilities = (one: ReturnType<typeof functionOf>): number[] => {
    const found: number[] = [];
    for (let at = one.readConfig(0x34, 1); at !== 0; at = one.readConfig(at + 1, 1)) found.push(one.readConfig(at, 1));
    return found;
  };

  test("[PCIe 7.7.1] a served device has MSI in its list and no MSI-X; one that says messages: msix has MSI-X and no MSI", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    expect(capabilities(functionOf(machine, "mem0"))).toEqual([0x10, 0x05]);
    expect(capabilities(functionOf(machine, "mem1"))).toEqual([0x10, 0x11]);
    expect(functionOf(machine, "mem0").messages).toBe(16);
    expect(functionOf(machine, "mem1").messages).toBe(0);
    expect(functionOf(machine, "mem0").readConfig(0x82, 2)).toBe(0x88);
  });

  test.each([[0, 0], [1, 1], [4, 1]])("[PCIe 7.7.1.2] with 2^%i messages granted the mailbox sends message %i, and says so", (order, number) => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    const one = functionOf(machine, "mem0");
    const sent: InterruptWrite[] = [];
    machine.attach("mem0", { send: (write) => sent.push(write) > 0 });
    enable(one, order);
    expect((Number(one.readBar(0, 0x2_0220, 4)) >> 7) & 15).toBe(number);
    command(one);
    machine.advanceTo(1_100_000_000);
    expect(sent).toEqual([{ address: 0x1_fee0_1000n, data: 0x4040 + number }]);
  });

  test("[PCIe 7.5.1.1.3] without bus master no message comes, nor while MSI is off", () => {
    for (const off of [() => [4, 2] as const, () => [0x82, 0] as const]) {
      const machine = serve();
      machine.advanceTo(1_000_000_000);
      const one = functionOf(machine, "mem0");
      const sent: InterruptWrite[] = [];
      machine.attach("mem0", { send: (write) => sent.push(write) > 0 });
      enable(one, 0);
      one.writeConfig(off()[0], 2, off()[1]);
      command(one);
      machine.advanceTo(1_100_000_000);
      expect(sent).toEqual([]);
    }
  });

  test("[PCIe 6.1.4] a message goes to the client of the function that sent it, whatever other functions have in their registers", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    const [first, second] = [functionOf(machine, "mem0"), functionOf(machine, "mem2")];
    const sent: string[] = [];
    for (const one of [first, second]) {
      machine.attach(one.name, { send: () => sent.push(one.name) > 0 });
      enable(one, 0);
    }
    command(second);
    machine.advanceTo(1_100_000_000);
    expect(sent).toEqual(["mem2"]);
    // As a driver that has let its device go leaves it: the guest has given the address and data to another.
    first.writeConfig(0x82, 2, 0);
    first.writeConfig(4, 2, 2);
    command(second);
    machine.advanceTo(1_200_000_000);
    expect(sent).toEqual(["mem2", "mem2"]);
  });

  test("[PCIe 6.1.4] a message that is under way arrives, also where the driver has turned MSI off meanwhile", () => {
    const machine = serve();
    machine.advanceTo(1_000_000_000);
    const one = functionOf(machine, "mem0");
    const sent: InterruptWrite[] = [];
    machine.attach("mem0", { send: (write) => sent.push(write) > 0 });
    enable(one, 0);
    expect(machine.faults.inject({ delayInterrupt: { of: "mem0", by: "50ms" } })).toHaveProperty("id");
    command(one);
    machine.advanceTo(1_010_000_000);
    expect(sent).toEqual([]);
    one.writeConfig(0x82, 2, 0);
    machine.advanceTo(1_100_000_000);
    expect(sent).toEqual([{ address: 0x1_fee0_1000n, data: 0x4040 }]);
  });
});
