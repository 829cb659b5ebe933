// CXL protocol errors as Linux 7.2 meets them: masked by default, then AER's walk with the votes of cxl_pci (error-recovery 1-4.1; observed.md).

import { describe, expect, it } from "vitest";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import { act, memdevs, pass, store, tracing } from "../support/memdev.ts";
import { linesSince, openMasks, rasAddress } from "../support/protocol-errors.ts";

const second = 1_000_000_000;
const first = "0000:0d:00.0";
const create = "cxl create-region -d decoder0.0 -m mem0 mem1 -w 2 -t ram";
const memoryStates = (booted: Booted): string[] => booted.files.list("/sys/devices/system/memory").filter((name) => /^memory\d+$/.test(name)).map((name) => booted.read(`/sys/devices/system/memory/${name}/state`).trim()).slice(-2);

/** Committed of a device's first decoder, as hardware has it. */
const committedBit = ({ system: { hardware } }: Booted, name: string): number => (hardware.peekComponent(hardware.entities.devices.get(name)?.id ?? 0, offsetOf("deviceComponent", "hdmDecoderDevice", "control")) >>> 10) & 1;

interface Setup {
  readonly policies?: Partial<KernelPolicies>;
  readonly hasContainment?: boolean;
  readonly isFatal?: boolean;
}

/** Two cards in a region of two ways, the first one's masks open, every event traced. */
function bootLoud({ policies = {}, hasContainment = false, isFatal = false }: Setup = {}): Booted {
  const port = (name: string, serial: bigint) => portOf(name, { dpc: hasContainment, slots: [deviceOf(`${name}-dev`, { serial })] });
  const booted = bootMachine(machineOf([port("rp0", 1n), port("rp1", 2n)]), { policies: { ...defaultPolicies, onlineType: "offline", memoryUse: "device-dax-only", ...policies } });
  expect(booted.command(create).exitCode).toBe(0);
  openMasks(booted, first, isFatal);
  expect(store(booted, `${tracing}/events/enable`, "1")).toBe("ok");
  return booted;
}

const traced = (booted: Booted): string[] => booted.read(`${tracing}/trace`).split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.replace(/^.*?: (\w+): /, "$1: "));
const fail = (booted: Booted, bit: number, header: readonly number[] = [], from = 3 * second): string[] => {
  const at = booted.kernel.log.length;
  act(booted, { kind: "uncorrectableError", function: "rp0-dev", bit, header: [...header] });
  pass(booted, from);
  booted.settle();
  return linesSince(booted, at, /AER|Bus Error|cxl_pci .*: mem|frozen|pciehp|DPC/);
};

describe("by default", () => {
  it("nothing is heard of a protocol error: RAS and AER mask it", () => {
    const booted = bootMachine(machineOf([portOf("rp0"), portOf("rp1")]), { policies: defaultPolicies });
    const from = booted.kernel.log.length;
    act(booted, { kind: "correctableError", function: "rp0-dev", bit: 1 });
    act(booted, { kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    pass(booted, second);
    expect(booted.dmesg().slice(from)).toEqual([]);
    expect(booted.read(`/sys/bus/pci/devices/${first}/aer_dev_nonfatal`)).toContain("TOTAL_ERR_NONFATAL 0");
  });

  it("nor with the masks of AER alone opened", () => {
    const booted = bootMachine(machineOf([portOf("rp0"), portOf("rp1")]), { policies: defaultPolicies });
    booted.command(`setpci -s ${first} ECAP_AER+8.l=0 ECAP_AER+14.l=0`);
    const from = booted.kernel.log.length;
    act(booted, { kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    pass(booted, second);
    expect(booted.dmesg().slice(from)).toEqual([]);
  });
});

describe("a correctable error", () => {
  it("is logged, traced by AER and by CXL, counted, and cleared", () => {
    const booted = bootLoud();
    const from = booted.kernel.log.length;
    act(booted, { kind: "correctableError", function: "rp0-dev", bit: 2 });
    pass(booted, second);
    expect(linesSince(booted, from, /./)).toEqual([
      `pcieport 0000:0c:00.0: AER: Correctable error message received from ${first}`,
      `cxl_pci ${first}: CXL Bus Error: severity=Correctable, type=Transaction Layer, (Receiver ID)`,
      expect.stringMatching(/^cxl_pci 0000:0d:00\.0:   device \[[0-9a-f]{4}:[0-9a-f]{4}\] error status\/mask=00004000\/00000000$/),
      `cxl_pci ${first}:    [14] CorrIntErr            `,
    ]);
    expect(traced(booted)).toEqual([`aer_event: ${first} CXL Bus Error: severity=Corrected, Corrected Internal Error, TLP Header=Not available`, `cxl_aer_correctable_error: memdev=mem0 host=${first} serial=1: status: 'CRC Threshold Hit'`]);
    expect(booted.read(`/sys/bus/pci/devices/${first}/aer_dev_correctable`)).toMatch(/CorrIntErr 1\n[^]*TOTAL_ERR_COR 1\n/);
    expect(booted.read("/sys/bus/pci/devices/0000:0c:00.0/aer_rootport_total_err_cor")).toBe("1\n");
    expect(booted.command(`setpci -s ${first} ECAP_AER+10.l`).stdout.trim()).toBe("00000000");
  });

  it("on a function whose memdev has no driver is given up", () => {
    const booted = bootLoud();
    expect(booted.command("cxl disable-memdev -f mem0").exitCode).toBe(0);
    act(booted, { kind: "correctableError", function: "rp0-dev", bit: 2 });
    pass(booted, second);
    expect(linesSince(booted, 0, /abort error handling/)).toEqual([`cxl_pci ${first}: mem0: memdev disabled, abort error handling`]);
    expect(traced(booted).filter((line) => line.startsWith("cxl_"))).toEqual([]);
  });
});

describe("an uncorrectable error that is not fatal", () => {
  it("unbinds the memdev, asks for a reset and binds it again; the region has lost the member and stays uncommitted", () => {
    const booted = bootLoud();
    expect(fail(booted, 7)).toEqual([
      `pcieport 0000:0c:00.0: AER: Uncorrectable (Non-Fatal) error message received from ${first}`,
      `cxl_pci ${first}: CXL Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Receiver ID)`,
      "pcieport 0000:0c:00.0: AER: Root Port link has been reset (0)",
      `cxl_pci ${first}: mem0: restart CXL.mem after slot reset`,
      `cxl_pci ${first}: mem0: error resume successful`,
      "pcieport 0000:0c:00.0: AER: device recovery successful",
    ]);
    expect(traced(booted)).toContain(`cxl_aer_uncorrectable_error: memdev=mem0 host=${first} serial=1: status: 'Memory Data ECC Error' first_error: 'Memory Data ECC Error'`);
    expect([booted.read(`${memdevs}/region0/commit`).trim(), booted.read(`${memdevs}/region0/target0`).trim(), booted.files.exists(`${memdevs}/mem0/driver`)]).toEqual(["0", "", true]);
  });

  it("of the root port asks everybody below: who has nothing of his own goes on, without a reset", () => {
    const booted = bootLoud();
    booted.command("setpci -s 0c:00.0 ECAP_AER+8.l=0 ECAP_AER+c.l=0");
    for (const register of ["uncorrectableMask", "uncorrectableSeverity"] as const) booted.command(`devmem 0x${rasAddress(booted, "0000:0c:00.0", register, "rootPortComponent").toString(16)} 32 0`);
    const from = booted.kernel.log.length;
    act(booted, { kind: "uncorrectableError", function: "rp0", bit: 9 });
    pass(booted, 3 * second);
    expect(linesSince(booted, from, /AER|Bus Error|CXL.mem/)).toEqual([
      "pcieport 0000:0c:00.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:0c:00.0",
      "pcieport 0000:0c:00.0: CXL Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Receiver ID)",
      "pcieport 0000:0c:00.0: AER: device recovery successful",
    ]);
    expect([booted.read(`${memdevs}/region0/commit`).trim(), traced(booted).filter((line) => line.startsWith("cxl_"))]).toEqual(["1", []]);
  });

  it("several at once are told with the first one's name, and headers are in the run's trace", () => {
    const booted = bootLoud();
    const marks: string[] = [];
    booted.kernel.trace.onText = (layer, _kind, text, detail) => void (layer === "kernel" && text.endsWith("header log") && marks.push(`${text}: ${detail}`));
    act(booted, { kind: "uncorrectableError", function: "rp0-dev", bit: 4, header: [0x11, 0x22] });
    act(booted, { kind: "uncorrectableError", function: "rp0-dev", bit: 7, header: [0x33] });
    pass(booted, 3 * second);
    expect(traced(booted).filter((line) => line.startsWith("cxl_aer_uncorrectable"))).toEqual([`cxl_aer_uncorrectable_error: memdev=mem0 host=${first} serial=1: status: 'Memory Data Parity Error | Memory Data ECC Error' first_error: 'Memory Data Parity Error'`]);
    expect(marks).toEqual([expect.stringMatching(/^mem0 header log: 00000011 00000022 00000000/)]);
  });
});

describe("a fatal error", () => {
  it("of a card whose region is online: the memdev goes, all decoders of the region are reset, the memory stays and is stranded, AER calls it a success", () => {
    const booted = bootLoud({ isFatal: true, policies: { onlineType: "online_movable", memoryUse: "system-ram-movable" } });
    const iomem = booted.read("/proc/iomem");
    const lines = fail(booted, 7);
    expect(lines.slice(0, 3)).toEqual([
      `pcieport 0000:0c:00.0: AER: Uncorrectable (Fatal) error message received from ${first}`,
      `cxl_pci ${first}: CXL Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)`,
      `cxl_pci ${first}: ${first}: frozen state error detected, disable CXL.mem`,
    ]);
    expect(lines.at(-1)).toBe("pcieport 0000:0c:00.0: AER: device recovery successful");
    expect(linesSince(booted, 0, /cannot be hotremoved|stuck online/)).not.toEqual([]);
    expect([memoryStates(booted), booted.read("/proc/iomem") === iomem]).toEqual([["online", "online"], true]);
    expect(booted.read(`${memdevs}/region0/commit`).trim()).toBe("0");
    expect(["port1", "endpoint3"].map((port) => booted.read(`${memdevs}/${port}/decoders_committed`).trim())).toEqual(["0", "0"]);
    expect(["rp0-dev", "rp1-dev"].map((name) => committedBit(booted, name))).toEqual([0, 0]);
  });

  it("of a card whose memory is in a kernel zone ends in a panic soon after", () => {
    const booted = bootLoud({ isFatal: true, policies: { onlineType: "online", memoryUse: "system-ram-normal" } });
    expect(() => fail(booted, 7)).toThrow(/panic/);
  });

  it("contained by the port: its link was down, so the card answers with ones, and comes back uncommitted", () => {
    const booted = bootLoud({ isFatal: true, hasContainment: true });
    const lines = fail(booted, 7, [], 6 * second);
    expect(lines).toEqual([
      `pcieport 0000:0c:00.0: DPC: containment event, status:0x0005, ERR_FATAL received from ${first}`,
      `cxl_pci ${first}: ${first}: frozen state error detected, disable CXL.mem`,
      `cxl_pci ${first}: mem0: restart CXL.mem after slot reset`,
      "pcieport 0000:0c:00.0: pciehp: Slot(1): Link Down/Up ignored (recovered by DPC)",
      `cxl_pci ${first}: mem0: error resume successful`,
      "pcieport 0000:0c:00.0: AER: device recovery successful",
    ]);
    expect(traced(booted).find((line) => line.startsWith("cxl_aer_uncorrectable"))).toMatch(/status: 'Cache Data Parity Error \|.*Received Error From Physical Layer|first_error: ''/);
  });
});

describe("[POL-UCE] panic-on-any", () => {
  const boot = (policies: Partial<KernelPolicies> = {}): Booted => bootMachine(machineOf([portOf("rp0", { dpc: false }), portOf("rp1", { dpc: false })]), { policies: { ...defaultPolicies, panicsOnUncorrectable: true, ...policies } });

  it("hears of errors without anybody opening masks: a correctable one is traced, an uncorrectable one ends the host though AER calls it non-fatal", () => {
    const booted = boot();
    store(booted, `${tracing}/events/enable`, "1");
    act(booted, { kind: "correctableError", function: "rp0-dev", bit: 1 });
    pass(booted, second);
    expect(traced(booted).filter((line) => line.startsWith("cxl_aer"))).toHaveLength(1);
    booted.command(`setpci -s ${first} ECAP_AER+c.l=0`);
    expect(() => fail(booted, 7)).toThrow(/panic/);
    expect(booted.kernel.panic?.message).toBe("CXL cachemem error.");
  });

  it("root ports are heard of too, under their own events", () => {
    const booted = boot();
    store(booted, `${tracing}/events/enable`, "1");
    act(booted, { kind: "correctableError", function: "rp0", bit: 3 });
    pass(booted, second);
    expect(traced(booted).filter((line) => line.startsWith("cxl_port"))).toEqual(["cxl_port_aer_correctable_error: device=0000:0c:00.0 host=pci0000:0c status='Retry Threshold'"]);
    expect(() => {
      act(booted, { kind: "uncorrectableError", function: "rp0", bit: 9 });
      pass(booted, second);
    }).toThrow(/panic/);
  });
});
