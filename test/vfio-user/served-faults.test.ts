// Faults of a served machine, injected while a driver outside is at work: what the driver sees of each.

import { describe, expect, test } from "vitest";
import { deviceBar } from "../../registers/constants.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { InterruptWrite } from "../../src/vfio-user/contract.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { createRandom, nextBelow, nextUint32 } from "../../src/sim/random.ts";
import { modules } from "../support/machine.ts";
import { command, commitDecoder, committed, decoderBase, enable, errorNotCommitted, memoryStatus, message } from "../support/served-device.ts";

const text = `version: 1
name: cards that come and go
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: mem0, volatile: 256MiB }, alternates: [{ name: spare, volatile: 256MiB }] }
        - name: rp1
          switch:
            name: sw0
            ports:
              - { name: dp0, device: { name: mem1, volatile: 256MiB } }
              - { name: dp1, present: false, device: { name: late, volatile: 256MiB } }
faults:
  - { id: boot, when: { at: 1s, from: boot }, do: { changeHealth: { of: mem0, temperature: 70 } } }
  - { id: readied, when: { at: 1ms }, do: { changeHealth: { of: mem0, temperature: 71 } } }
  - { id: log, when: { log: nobody says this }, do: { linkDown: rp0 } }
`;
const here = 0x0c03_1e98;
const gone = 0xffff_ffff;
const event = { of: "mem0", log: "warning", flags: 0, dpa: 0x1000, descriptor: 1, type: 0, "transaction-type": 0 };

function served() {
  const dropped: string[] = [];
  const machine = serveMachine(modules.checked, planScenario("served.yaml", text), { onDrop: (device) => void dropped.push(device) });
  let wall = 0;
  const pass = (by = 1_000_000): void => void machine.advanceTo((wall += by));
  pass(200_000_000);
  const named = (name: string) => {
    const found = machine.functions.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no function ${name}`);
    return found;
  };
  const mem0 = named("mem0");
  enable(mem0);
  const sent: InterruptWrite[] = [];
  machine.attach("mem0", { send: (write) => sent.push(write) > 0 });
  const inject = (value: unknown): void => {
    expect(machine.faults.inject(value)).toHaveProperty("id");
    pass();
  };
  return { machine, pass, named, mem0, sent, inject, dropped };
}

describe("commits", () => {
  test.each([
    ["is refused", { refuseCommit: { of: "mem0" } }, errorNotCommitted],
    ["never ends", { neverCommit: { of: "mem0" } }, 0],
    ["ends late", { lateCommit: { of: "mem0", by: "30ms" } }, 0],
    ["goes well without a fault", { lateCommit: { of: "sw0", by: "30ms" } }, committed],
  ])("[C1] one %s", (_, fault, bits) => {
    const { mem0, inject, pass } = served();
    inject(fault);
    expect(commitDecoder(mem0, 0x4000_0000n, pass) & (committed | errorNotCommitted)).toBe(bits);
  });

  test("a late one ends when it was said", () => {
    const { mem0, inject, pass } = served();
    inject({ lateCommit: { of: "mem0", by: "30ms" } });
    commitDecoder(mem0, 0x4000_0000n, pass);
    expect(commitDecoder(mem0, 0x4000_0000n, () => pass(8_000_000)) & committed).toBe(committed);
  });

  test("a decoder can hold another base than was written", () => {
    const { mem0, inject, pass } = served();
    inject({ stuckRegister: { of: "mem0", field: "hdmDecoderDevice.baseHigh.base63to32", value: 7 } });
    expect(commitDecoder(mem0, 0x4000_0000n, pass) & committed).toBe(committed);
    expect(decoderBase(mem0)).toBe(0x7_4000_0000n);
  });
});

describe("mailbox, media and events", () => {
  test("a fault that an access brings about leaves the access where it was, in its area of the BAR", () => {
    const { mem0, machine } = served();
    const capabilities = (): bigint => mem0.readBar(0, deviceBar.device, 8);
    const before = capabilities();
    // The stuck field lies in config space, so what every handle reaches is looked for anew.
    const act = { stuckRegister: { of: "mem0", field: "dvsecDevice.range1SizeLow.memoryActive", value: 0 } };
    expect(machine.faults.inject({ do: act, when: { access: { of: "mem0", register: "deviceCapabilities.array", direction: "read" } } })).toHaveProperty("id");
    expect(capabilities()).toBe(before);
    expect(machine.faults.list().at(-1)?.evidence.fired).toBe(1);
  });

  test("a command fails with the return code that was asked for, the next one does not", () => {
    const { mem0, inject, pass } = served();
    inject({ commandError: { of: "mem0", command: "identifyMemoryDevice", code: "internalError" } });
    expect([command(mem0, "identifyMemoryDevice", [], 0, pass), command(mem0, "identifyMemoryDevice", [], 0, pass)]).toEqual([4, 0]);
  });

  test("a doorbell stays mute", () => {
    const { mem0, inject, pass } = served();
    inject({ commandTimeout: { of: "mem0" } });
    expect(command(mem0, "identifyMemoryDevice", [], 0, pass)).toBeNull();
  });

  test("media and mailbox are in the state that was asked for", () => {
    const { mem0, inject } = served();
    expect(memoryStatus(mem0)).toMatchObject({ media: 1, isMailboxReady: true });
    inject({ mediaState: { device: "mem0", state: "error" } });
    inject({ deviceStatus: { of: "mem0", status: "mailbox-not-ready" } });
    expect(memoryStatus(mem0)).toMatchObject({ media: 2, isMailboxReady: false });
  });

  test("an event comes with its interrupt, or without", () => {
    for (const isLost of [false, true]) {
      const { mem0, inject, pass, sent } = served();
      expect(command(mem0, "setEventInterruptPolicy", [0x0101_0101n], 4, pass)).toBe(0);
      if (isLost) inject({ loseInterrupt: { of: "mem0" } });
      inject({ injectGeneralMediaEvent: event });
      expect(sent).toEqual(isLost ? [] : [message]);
    }
  });
});

describe("cards and links", () => {
  test("[PCIe 2.9.1] a device behind a link that is down reads all ones, and is found again when it is back", () => {
    const { named, inject, pass } = served();
    const mem1 = named("mem1");
    enable(mem1);
    inject({ linkDown: "rp1" });
    expect([mem1.readConfig(0, 4), mem1.readConfig(0x10, 4), mem1.readBar(0, 0x1000, 8)]).toEqual([gone, gone, 0xffff_ffff_ffff_ffffn]);
    mem1.writeConfig(4, 2, 6);
    mem1.writeBar(0, 0x1000, 4, 1n);
    mem1.reset();
    inject({ linkUp: "rp1" });
    pass(500_000_000);
    expect([mem1.readConfig(0, 4), mem1.readConfig(0x10, 4), mem1.readConfig(4, 2)]).toEqual([here, 0xc, 0]);
    enable(mem1);
    expect(mem1.readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
  });

  test("[CXL 9.9] a card that is put in later, or in another's place, has its own function; who is out reads all ones", () => {
    const { named, inject, pass } = served();
    const answers = (): number[] => ["mem0", "spare", "mem1", "late"].map((name) => named(name).readConfig(0, 4));
    expect(answers()).toEqual([here, gone, here, gone]);
    inject({ plug: { port: "dp1", card: "late" } });
    inject({ replaceDevice: { port: "rp0", with: "spare" } });
    pass(500_000_000);
    expect(answers()).toEqual([gone, here, here, here]);
    for (const name of ["spare", "late"]) {
      enable(named(name));
      expect(named(name).readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
    }
    inject({ unplug: "rp1" });
    expect(answers()).toEqual([gone, here, gone, gone]);
  });

  test("[PCIe 6.6.2] a function level reset takes BAR and command, and the device is where it was", () => {
    const { mem0 } = served();
    const control = mem0.readConfig(0x48, 2);
    mem0.writeConfig(0x48, 2, control | 0x8000);
    expect([mem0.readConfig(4, 2), mem0.readConfig(0x10, 4)]).toEqual([0, 0xc]);
    enable(mem0);
    expect(mem0.readBar(0, 0x1000, 4) & 0xffffn).toBe(1n);
  });
});

describe("the control channel's part", () => {
  test("lists the scenario's faults and the injected ones, with what they came to", () => {
    const { machine, inject, pass } = served();
    inject({ unplug: "rp1" });
    const fired = (): [string, number][] => machine.faults.list().map(({ id, evidence }) => [id, evidence.fired]);
    expect(fired()).toEqual([["boot", 0], ["readied", 0], ["log", 0], ["inject-1", 1]]);
    machine.faults.ready();
    machine.faults.ready();
    pass(1_000_000_000);
    expect(fired()).toEqual([["boot", 1], ["readied", 1], ["log", 0], ["inject-1", 1]]);
    expect(machine.faults.list()[2]?.never).toMatch(/no kernel of ours runs/);
  });

  test.each([
    [{ linkDown: "rp9" }, /no port "rp9"/], [{ nonsense: 1 }, /nonsense/], [{ kernelStep: { step: "pci.enable" } }, /no kernel of ours/], [{ do: { unplug: "rp0" }, id: "x" }, /do: and when: alone/], [{}, /a fault does something/],
    [{ do: { unplug: "rp0" }, when: { log: "x" } }, /none is attached/], [{ drop: "mem9" }, /no device "mem9"; the machine has mem0/], [null, /object/], [[], /object/], ["unplug", /object/],
  ])("refuses %j with a reason", (value, problem) => {
    expect(served().machine.faults.inject(value)).toEqual({ problem: expect.stringMatching(problem) as string });
  });

  test("drop closes the socket of a device, and nothing else", () => {
    const { machine, dropped, mem0 } = served();
    expect(machine.faults.inject({ drop: "mem0" })).toEqual({ id: "drop-mem0" });
    expect(dropped).toEqual(["mem0"]);
    expect(mem0.readConfig(0, 4)).toBe(here);
  });
});

test("nothing that a client does throws: any access anywhere, times that go back, resets, attaching twice", () => {
  const { machine } = served();
  const random = createRandom(11, 1);
  const widths = [1, 2, 4, 8] as const;
  for (let turn = 0; turn < 20_000; turn++) {
    const one = machine.functions[nextBelow(random, machine.functions.length)];
    const width = widths[nextBelow(random, 4)] ?? 1;
    const value = nextUint32(random);
    const at = nextBelow(random, 0x4_0000 / width) * width;
    const inConfig = at % 4096;
    const bytes = width === 8 ? 4 : width;
    if (value % 7 < 2) one?.writeBar(nextBelow(random, 3) === 0 ? 5 : 0, at, width, BigInt(value));
    else if (value % 7 < 4) one?.readBar(0, at, width);
    else if (value % 7 === 4) one?.writeConfig(inConfig, bytes, value);
    else one?.readConfig(inConfig, bytes);
    if (turn % 1000 === 0) one?.reset();
    if (turn % 500 === 0) machine.advanceTo(nextUint32(random));
  }
  for (const time of [NaN, -1, Infinity, -Infinity]) machine.advanceTo(time);
  machine.attach("nobody", null);
  expect(machine.hardware.hostState).toBe("running");
});
