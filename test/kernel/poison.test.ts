// Poison lists, injection and clearing through sysfs and debugfs, on the real module (error-recovery 7; mailbox.md 14; capture 4-events; cxl-poison.sh
// in user-interface.md 7).

import { describe, expect, it } from "vitest";
import { poisonRanges } from "../../src/kernel/cxl/poison.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB } from "../support/machine.ts";
import { act, debug, memdevWith, memdevs, sent, stateOf, store, traced, tracing, twoDevices } from "../support/memdev.ts";

const size = 256n * MiB;

function booted(mailbox = {}, overrides = {}): Booted {
  const made = bootMachine(twoDevices(mailbox, overrides), { restrictions: { persistent: true } });
  expect(store(made, `${tracing}/events/cxl/cxl_poison/enable`, "1")).toBe("ok");
  return made;
}

function withRegion(mailbox = {}): Booted {
  const made = booted(mailbox);
  expect(made.command(`cxl create-region -d decoder0.0 -w 2 -g 256 -m -t ram ${memdevWith(made, 1n)} ${memdevWith(made, 2n)}`).exitCode).toBe(0);
  return made;
}

const trigger = (made: Booted, name: string, text = "1") => store(made, `${memdevs}/${name}/trigger_poison_list`, text);
const poisons = (made: Booted): string[] => traced(made, "cxl_poison");
const opened = (line: string | undefined): string => (line ?? "").replace(/^.* trace_type=/, "").replace("region_uuid=00000000-0000-0000-0000-000000000000 ", "").replace("hpa_alias0=0xffffffffffffffff ", "");

describe("the poison list of a memdev", () => {
  it("shows what the device found, four injections as four records, and nothing after they are cleared", () => {
    const made = booted();
    act(made, { kind: "poison", device: "d0", dpa: 0x3040n, length: 128 });
    for (const dpa of ["0x4000", "0x5000", "0x6000", "0x7000"]) expect(store(made, `${debug}/mem0/inject_poison`, dpa)).toBe("ok");
    store(made, `${tracing}/trace`, "");
    expect(trigger(made, "mem0")).toBe("ok");
    expect(poisons(made).map(opened)).toEqual([
      ...["7000", "6000", "5000", "4000"].map((dpa) => `List region= hpa=0xffffffffffffffff dpa=0x${dpa} dpa_length=0x40 source=Injected flags= overflow_time=0`),
      "List region= hpa=0xffffffffffffffff dpa=0x3040 dpa_length=0x80 source=Internal flags= overflow_time=0",
    ]);
    for (const dpa of ["0x3040", "0x3080", "0x4000", "0x5000", "0x6000", "0x7000"]) expect(store(made, `${debug}/mem0/clear_poison`, dpa)).toBe("ok");
    store(made, `${tracing}/trace`, "");
    expect(trigger(made, "mem0")).toBe("ok");
    expect(poisons(made)).toEqual([]);
  });

  it("is read per partition without committed decoders, and a RAM partition without a list is no error", () => {
    const made = booted({}, { persistentCapacity: size });
    const from = made.dmesg().length;
    expect(trigger(made, "mem0")).toBe("ok");
    expect(sent(made, from)).toEqual(["4300", "4300"]);
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", value: 0x0f, count: 1 });
    expect(trigger(made, "mem0")).toBe("ok");
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", value: 0x0f, skip: 1, count: 1 });
    expect(trigger(made, "mem0")).toBe("EFAULT");
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", value: 0x04, count: 1 });
    expect(trigger(made, "mem0")).toBe("ENXIO");
  });

  it("is read by decoder in order of id, and what no decoder holds after them", () => {
    const made = booted({}, { volatileCapacity: GiB, persistentCapacity: size });
    const state = stateOf(made, "mem0");
    const deviceNamed = (name: string) => [...made.kernel.devices.values()].find((device) => device.name === name);
    const endpoint = deviceNamed("endpoint2");
    if (endpoint === undefined) throw new Error("no endpoint2");
    expect(poisonRanges(state, endpoint)).toEqual([{ start: 0n, size: GiB, isRam: true, region: null }, { start: GiB, size, isRam: false, region: null }]);
    for (let n = 0; n < 2; n++) expect(made.command("cxl create-region -d decoder0.0 -t ram -s 268435456 -m mem0").exitCode).toBe(0);
    expect(poisonRanges(state, endpoint)).toEqual([
      { start: 0n, size, isRam: true, region: deviceNamed("region0") }, { start: size, size, isRam: true, region: deviceNamed("region1") },
      { start: 2n * size, size: GiB - 2n * size, isRam: true, region: null }, { start: GiB, size, isRam: false, region: null },
    ]);
    // Held by a decoder that is not committed: in nobody's range.
    expect(made.command("cxl reserve-dpa mem0 -t ram -s 268435456").exitCode).toBe(0);
    expect(poisonRanges(state, endpoint).slice(2)).toEqual([{ start: 3n * size, size: GiB - 3n * size, isRam: true, region: null }, { start: GiB, size, isRam: false, region: null }]);
  });

  it("longer than the payload comes in pieces; a list that lost records says so with the time", () => {
    const made = booted({ payloadSize: 256, poisonListSize: 20 });
    for (let n = 0; n < 22; n++) act(made, { kind: "poison", device: "d0", dpa: BigInt(n) * 0x1000n, length: 64 });
    const from = made.dmesg().length;
    expect(trigger(made, "mem0")).toBe("ok");
    expect(poisons(made)).toHaveLength(20);
    expect(opened(poisons(made)[0])).toMatch(/ dpa=0x13000 dpa_length=0x40 source=Internal flags=More\|Overflow overflow_time=17672256\d+$/);
    expect(sent(made, from)).toEqual(["4300", "4300"]);
    expect(made.dmesg().at(-1)).toBe("cxl_mem mem0: Max Error Records reached: 20");
  });

  it("needs a true value and an endpoint", () => {
    const made = booted();
    expect([trigger(made, "mem0", "0"), trigger(made, "mem0", "x")]).toEqual(["EINVAL", "EINVAL"]);
    made.run(made.files.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0"));
    expect(trigger(made, "mem0")).toBe("ENOENT");
  });
});

describe("poison in a region", () => {
  it("carries region and HPA of its member, listed or made, by device or by offset, as captured", () => {
    const made = withRegion();
    expect(store(made, `${debug}/mem0/inject_poison`, "0x4000")).toBe("ok");
    expect(store(made, `${debug}/mem0/inject_poison`, "0x4000")).toBe("ok");
    expect(store(made, `${debug}/mem0/clear_poison`, "0x1000")).toBe("ok");
    expect(store(made, `${debug}/region0/inject_poison`, "0x100")).toBe("ok");
    expect(store(made, `${debug}/region0/clear_poison`, "0x100")).toBe("ok");
    expect(poisons(made).map((line) => /^memdev=(mem\d)/.exec(line)?.[1])).toEqual(["mem0", "mem0", "mem0", "mem1", "mem1"]);
    expect(poisons(made).map(opened)).toEqual([
      "Inject region=region0 hpa=0x400008000 dpa=0x4000 dpa_length=0x40 source=Unknown flags= overflow_time=0", "Inject region=region0 hpa=0x400008000 dpa=0x4000 dpa_length=0x40 source=Unknown flags= overflow_time=0",
      "Clear region=region0 hpa=0x400002000 dpa=0x1000 dpa_length=0x40 source=Unknown flags= overflow_time=0", "Inject region=region0 hpa=0x400000100 dpa=0x0 dpa_length=0x40 source=Unknown flags= overflow_time=0",
      "Clear region=region0 hpa=0x400000100 dpa=0x0 dpa_length=0x40 source=Unknown flags= overflow_time=0",
    ]);
    store(made, `${tracing}/trace`, "");
    expect([trigger(made, "mem0"), trigger(made, "mem1")]).toEqual(["ok", "ok"]);
    expect(poisons(made).map(opened)).toEqual(["List region=region0 hpa=0x400008000 dpa=0x4000 dpa_length=0x40 source=Injected flags= overflow_time=0"]);
  });

  it("is met by loads at the HPA that the trace names, and gone after clearing, which writes zeros", () => {
    const made = withRegion();
    const hpa = 0x4_0000_8000n;
    made.system.platform.memory.store(hpa, 8, 0x1234n);
    expect(store(made, `${debug}/mem0/inject_poison`, "0x4000")).toBe("ok");
    expect(made.system.platform.memory.load(hpa, 8).status).toBe("poison");
    expect(store(made, `${debug}/mem0/clear_poison`, "0x4000")).toBe("ok");
    expect(made.system.platform.memory.load(hpa, 8)).toEqual({ status: "ok", value: 0n });
  });

  it("warns of the first injection and the first clearing only", () => {
    const made = withRegion();
    for (const name of ["inject", "inject", "clear", "clear"]) store(made, `${debug}/mem0/${name}_poison`, "0x4000");
    expect(made.dmesg().filter((line) => line.includes(": poison "))).toEqual(["cxl_pci 0000:0d:00.0: poison inject dpa:0x4000 region: region0", "cxl_pci 0000:0d:00.0: poison clear dpa:0x4000 region: region0"]);
  });

  it("by offset is offered while the region's driver is bound and every member can inject and clear", () => {
    const made = withRegion();
    expect(made.files.list(debug)).toEqual(["mbox", "mem0", "mem1", "region0"]);
    expect([made.files.list(`${debug}/mem0`), made.files.list(`${debug}/region0`)]).toEqual([["clear_poison", "dpamem", "inject_poison"], ["clear_poison", "inject_poison"]]);
    expect(made.read(`${debug}/mem0/dpamem`)).toBe("00000000-0fffffff : ram\n  00000000-0fffffff : decoder2.0\n");
    expect(store(made, `${debug}/region0/inject_poison`, "0x20000000")).toBe("EINVAL");
    expect(made.command("cxl disable-region region0").exitCode).toBe(0);
    expect(made.files.list(debug)).toEqual(["mbox", "mem0", "mem1"]);
    const mute = withRegion({ commands: ["getSupportedLogs", "getLog", "identifyMemoryDevice", "getEventInterruptPolicy", "setEventInterruptPolicy", "getEventRecords", "injectPoison"] });
    expect(mute.files.list(debug)).toEqual(["mbox", "mem0", "mem1"]);
    expect(mute.files.list(`${debug}/mem0`)).toEqual(["dpamem", "inject_poison"]);
  });
});

describe("an injection", () => {
  it("is refused before the device is asked when it is unaligned or outside the device", () => {
    const made = booted();
    const from = made.dmesg().length;
    expect([store(made, `${debug}/mem0/inject_poison`, "0x4001"), store(made, `${debug}/mem0/inject_poison`, "0x20000000"), store(made, `${debug}/mem0/clear_poison`, "zero")]).toEqual(["EINVAL", "EINVAL", "EINVAL"]);
    expect(made.dmesg().slice(from)).toEqual(["cxl_pci 0000:0d:00.0: dpa:0x4001 is not 64-byte aligned", "cxl_pci 0000:0d:00.0: dpa:0x20000000 not in resource:[mem 0x00000000-0x0fffffff]"]);
  });

  it("beyond the device's limit fails with EBUSY", () => {
    const made = booted({ injectPoisonLimit: 1 });
    expect([store(made, `${debug}/mem0/inject_poison`, "0x4000"), store(made, `${debug}/mem0/inject_poison`, "0x5000")]).toEqual(["ok", "EBUSY"]);
  });
});
