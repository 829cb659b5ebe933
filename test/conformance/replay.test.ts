// Captures of whole systems: what a driver did, repeated across switches, other bus numbers and resets; and data paths of other set-ups, with
// points worked out here by the rules of the CEDT sheet.

import { describe, expect, it } from "vitest";
import { enumeratePci } from "../../src/firmware/enumerate.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import type { ConfigSpace } from "../../src/platform/platform.ts";
import { readAccesses, readCapture } from "../../tools/conformance/capture.ts";
import type { Tally } from "../../tools/conformance/compare.ts";
import { runCapture } from "../../tools/conformance/run.ts";
import { functionsOf, machineOf, readTopology } from "../../tools/conformance/topology.ts";
import { modules, offsetOf } from "../support/machine.ts";

const memory = (id: string, size = "256M"): string => `-object memory-backend-file,id=${id},share=on,size=${size}`;
const card = (id: string, bus: string, sn: number): string => `${memory(`${id}-vol`)} -device cxl-type3,bus=${bus},id=${id},sn=0x${sn.toString(16)},volatile-memdev=${id}-vol`;
const switched = `-device pxb-cxl,bus_nr=12,id=cxl.0 -device cxl-rp,port=0,bus=cxl.0,id=rp0 -device cxl-upstream,bus=rp0,id=us0,sn=0x5157 -device cxl-downstream,port=0,bus=us0,id=dsp0 ${card("c0", "dsp0", 0x10)} -device cxl-downstream,port=1,bus=us0,id=dsp1 ${card("c1", "dsp1", 0x11)} -device cxl-rp,port=1,bus=cxl.0,id=rp1 ${card("c2", "rp1", 0x12)} -M cxl-fmw.0.targets.0=cxl.0,cxl-fmw.0.size=4G`;
const chbcr = 0x4_c000_0000n;
const bridges = new Map([[12, chbcr]]);
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const devices: Readonly<Record<string, string>> = { rp: "cxl-rp", usp: "cxl-upstream", dsp: "cxl-downstream", type3: "cxl-type3" };

/** A machine of ours whose accesses are written down as a capture has them. */
function record(line: string) {
  const topology = readTopology("recorded", line);
  const machine = machineOf(topology, { bridges, windows: [] });
  const hardware = createHardware(modules.release, machine);
  const platform = createPlatform(hardware);
  const log: string[] = [];
  const kinds = new Map<PciAddress, string>();
  const text = (address: PciAddress): string => [[8, 0xff, ":"], [3, 0x1f, "."]].reduce((sum, [shift, mask, mark]) => `${sum}${((address >>> Number(shift)) & Number(mask)).toString(16).padStart(2, "0")}${mark}`, "") + (address & 7);
  const note = (address: PciAddress, op: string, off: number, w: number, val: number): void => {
    const dev = kinds.get(address);
    if (dev !== undefined) log.push(JSON.stringify({ k: "cfg", op, dev, bdf: text(address), off: hex(off), val: hex(val), w }));
  };
  const { config } = platform;
  const read = (width: number, from: (address: PciAddress, offset: number) => number) => (address: PciAddress, offset: number): number => {
    const value = from(address, offset);
    note(address, "r", offset, width, value);
    return value;
  };
  const write = (width: number, to: (address: PciAddress, offset: number, value: number) => void) => (address: PciAddress, offset: number, value: number): void => {
    to(address, offset, value);
    note(address, "w", offset, width, value >>> 0);
  };
  const logged: ConfigSpace = {
    read8: read(1, (a, o) => config.read8(a, o)), read16: read(2, (a, o) => config.read16(a, o)), read32: read(4, (a, o) => config.read32(a, o)),
    write8: write(1, (a, o, v) => config.write8(a, o, v)), write16: write(2, (a, o, v) => config.write16(a, o, v)), write32: write(4, (a, o, v) => config.write32(a, o, v)),
  };
  const memoryAccess = (block: string, op: "r" | "w", address: bigint, w: 4 | 8, value = 0n): bigint => {
    const handle = platform.ioremap(address & ~0xfffn, 0x1000n);
    const at = Number(address & 0xfffn);
    if (op === "w" && w === 8) handle.write64(at, value);
    else if (op === "w") handle.write32(at, Number(value));
    const seen = op === "w" ? value : w === 8 ? handle.read64(at) : BigInt(handle.read32(at));
    handle.unmap();
    log.push(JSON.stringify({ k: "mmio", op, block, addr: hex(address), w, val: hex(seen) }));
    return seen;
  };
  return { topology, machine, hardware, config: logged, kinds, log, memoryAccess };
}

const placed = (rp: PciAddress, usp: number, first: number) => ({ rp, us0: pciAddress(0, usp, 0, 0), dsp0: pciAddress(0, first, 0, 0), dsp1: pciAddress(0, first, 1, 0), c0: pciAddress(0, first + 1, 0, 0), c1: pciAddress(0, first + 2, 0, 0) });

/** Firmware, then a driver that walks lists, commits decoders, reads a CDAT entry and arms a vector; then other bus numbers, then a reset. */
function recording() {
  const recorded = record(switched);
  const { config, kinds, machine, memoryAccess, hardware } = recorded;
  const rp0 = pciAddress(0, 12, 0, 0);
  const before = placed(rp0, 13, 14);
  const after = placed(rp0, 40, 41);
  const [rp1, c2] = [pciAddress(0, 12, 1, 0), pciAddress(0, 17, 0, 0)];
  const name = (places: typeof before): void => {
    for (const [id, address] of [...Object.entries(places), ["rp1", rp1], ["c2", c2]] as const) kinds.set(address, devices[id === "rp" || id === "rp1" ? "rp" : (functionsOf(machine).get(id) ?? "")] ?? "");
  };
  name(before);
  const bridge = machine.hostBridges[0];
  if (bridge === undefined) throw new Error("no host bridge");
  const { rootPorts } = enumeratePci(config, bridge, 0x100_0000_0000n);
  const walk = (address: PciAddress): void => {
    for (let at = config.read8(address, 0x34); at !== 0; at = config.read16(address, at) >>> 8) config.read32(address, at + 4);
    for (let at = 0x100; at !== 0; at = config.read32(address, at) >>> 20) [4, 8].map((offset) => config.read32(address, at + offset));
  };
  for (const address of [...Object.values(before), rp1, c2]) walk(address);
  const component = (base: bigint): void => {
    const count = Number(memoryAccess("component", "r", base + 0x1000n, 4) >> 24n);
    for (let entry = 1; entry <= count; entry++) memoryAccess("component", "r", base + 0x1000n + BigInt(entry * 4), 4);
  };
  const barOf = (address: PciAddress): bigint => (BigInt(config.read32(address, 0x10)) & ~0xfn) | (BigInt(config.read32(address, 0x14)) << 32n);
  const decoder = (block: "hostBridgeComponent" | "deviceComponent", register: string): bigint => 0x1000n + BigInt(offsetOf(block, block === "deviceComponent" ? "hdmDecoderDevice" : "hdmDecoderPort", register, 0));
  component(chbcr);
  memoryAccess("component", "w", chbcr + decoder("hostBridgeComponent", "sizeLow"), 4, 0x1000_0000n);
  memoryAccess("component", "w", chbcr + decoder("hostBridgeComponent", "control"), 4, 0x1200n);
  memoryAccess("component", "r", chbcr + decoder("hostBridgeComponent", "control"), 4);
  const c0 = barOf(before.c0);
  component(c0);
  memoryAccess("component", "w", c0 + decoder("deviceComponent", "sizeLow"), 4, 0x1000_0000n);
  memoryAccess("component", "w", c0 + decoder("deviceComponent", "control"), 4, 0x1300n);
  memoryAccess("component", "r", c0 + decoder("deviceComponent", "control"), 4);
  memoryAccess("component", "r", c0 + 0x1000n + BigInt(offsetOf("deviceComponent", "link", "capability")), 8);
  memoryAccess("msix", "w", c0 + 0x1_0008n, 4, 0x4021n);
  memoryAccess("msix", "r", c0 + 0x1_0008n, 4);
  const doe = (register: string): number => offsetOf("deviceConfig", "doe", register);
  for (const dword of [0x0002_1e98, 3, 0x0002_0000]) config.write32(before.c0, doe("writeMailbox"), dword);
  config.write32(before.c0, doe("control"), 0x8000_0000);
  while (config.read32(before.c0, doe("status")) >>> 31 === 1) {
    config.read32(before.c0, doe("readMailbox"));
    config.write32(before.c0, doe("readMailbox"), 0);
  }
  // The same functions at other bus numbers, from the top down.
  name(after);
  config.write32(rp0, 0x18, 12 | (40 << 8) | (60 << 16));
  config.write32(after.us0, 0x18, 40 | (41 << 8) | (60 << 16));
  config.write32(after.dsp0, 0x18, 41 | (42 << 8) | (42 << 16));
  config.write32(after.dsp1, 0x18, 41 | (43 << 8) | (43 << 16));
  config.read32(after.c1, offsetOf("deviceConfig", "serialNumber", "low"));
  config.read32(after.c0, offsetOf("deviceConfig", "serialNumber", "low"));
  memoryAccess("component", "r", c0 + decoder("deviceComponent", "control"), 4);
  // A secondary bus reset of the other card, which loses its decoder and its address.
  const other = barOf(c2);
  memoryAccess("component", "w", other + decoder("deviceComponent", "sizeLow"), 4, 0x1000_0000n);
  config.write16(rp1, offsetOf("rootPortConfig", "dvsecPort", "control"), 1);
  config.write16(rp1, 0x3e, 0x40);
  config.write16(rp1, 0x3e, 0);
  hardware.advanceTo(hardware.now + 1_000_000);
  config.write32(c2, 0x10, Number(other & 0xffff_ffffn));
  config.write32(c2, 0x14, Number(other >> 32n));
  config.write16(c2, 4, 6);
  memoryAccess("component", "r", other + decoder("deviceComponent", "sizeLow"), 4);
  return { log: recorded.log, count: rootPorts.length };
}

const { log, count: rootPortCount } = recording();
const compare = (lines: readonly string[]): Tally => runCapture(modules.release, readAccesses("recorded", lines.join("\n"), switched, bridges)).tally;
const opened = (tally: Tally) => tally.open.map(({ function: name, structure, register, field }) => `${name} ${[structure, register, field].filter((part) => part !== "").join(".")}`);
const changed = (pick: (line: string) => boolean, from: RegExp, to: string): string[] => {
  const at = log.findIndex(pick);
  expect(at).toBeGreaterThanOrEqual(0);
  return log.map((line, index) => (index === at ? line.replace(from, to) : line));
};

describe("accesses across switches", () => {
  it("a recording of our own machine is equal in every read: firmware, lists, decoders, data objects, vectors, other buses, a reset", () => {
    const tally = compare(log);
    expect([rootPortCount, opened(tally), tally.explained, tally.equal > 250]).toEqual([2, [], 0, true]);
    expect(JSON.parse(log.at(-1) ?? "{}")).toMatchObject({ block: "component", op: "r", val: "0x0" });
    expect(tally.entries).toBe(tally.equal + tally.repeated);
  });

  it("a value that differs comes out at the function that answered, by the bus numbers of that moment", () => {
    const serial = changed((line) => line.includes('"bdf":"2b:00.0"'), /"val":"0x[0-9a-f]+"/, '"val":"0x99"');
    expect(opened(compare(serial))).toEqual(["2b:00.0 c1 serialNumber.low.value"]);
  });

  it("so do a decoder, a vector and an answer", () => {
    const control = changed((line) => line.includes('"val":"0x1700"'), /0x1700/, "0x1f00");
    expect(opened(compare(control))).toEqual(["c0 hdmDecoderDevice.control.errorNotCommitted"]);
    const vector = changed((line) => line.includes('"op":"r","block":"msix"'), /0x4021/, "0x4022");
    expect(opened(compare(vector))).toEqual(["c0 msixTable.dword 2"]);
    const answer = changed((line) => line.includes('"val":"0x96"'), /0x96/, "0x97");
    expect(opened(compare(answer))).toEqual(["0f:00.0 c0 CDAT DSLBIS.figure"]);
  });

  it("without a CEDT the blocks that no BAR has are the host bridges'", () => {
    const tally = runCapture(modules.release, readAccesses("recorded", log.join("\n"), switched, new Map())).tally;
    expect([opened(tally), [...tally.notes].some((note) => note.startsWith("no CEDT.bin"))]).toEqual([[], true]);
  });

  it("a card with another serial number than its command line is another machine's", () => {
    expect(() => runCapture(modules.release, readAccesses("recorded", log.join("\n"), switched.replace("sn=0x11", "sn=0x19"), bridges))).toThrow(/"c1" has the serial number 0x11 in the capture and 0x19 in the command line beside it/);
  });

  it("an access to a place where the topology has nothing, and one to a block of no known kind", () => {
    const line = (fields: object): string => JSON.stringify(fields);
    const tally = compare([...log, line({ k: "cfg", op: "r", dev: "cxl-type3", bdf: "77:00.0", off: "0x0", val: "0x1", w: 4 }), line({ k: "mmio", op: "r", block: "device/mailbox", addr: "0x10", val: "0x0", w: 8 }), line({ k: "mmio", op: "r", block: "component", addr: "0x10", val: "0x0", w: 4 })]);
    expect([opened(tally), tally.notModelled]).toEqual([["77:00.0 function at no place of the topology", " device block at no known address", " block at no known address"], 0]);
    expect(() => compare([...log, line({ k: "mmio", op: "r", block: "attic", addr: "0x10", val: "0x0", w: 8 })])).toThrow(/line \d+: has the block "attic"; those known here are component, device\/\.\.\. and msix/);
  });
});

type Step = readonly [string, string, string];
interface Decoder {
  readonly component: string;
  readonly base: bigint;
  readonly size: bigint;
  readonly granularity?: number;
  readonly ways?: number;
  readonly targets?: readonly number[];
  readonly skip?: bigint;
  readonly lock?: boolean;
}

const ways: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 3: 8, 6: 9, 12: 10 };

/** The writes of a program, as QEMU's blocks have them. */
function stepsOf({ component, base, size, granularity = 256, ways: count = 1, targets = [], skip = 0n, lock = false }: Decoder, enable = true): Step[] {
  const value = targets.length > 0 ? targets.reduce((sum, target, way) => sum | (BigInt(target) << BigInt(8 * way)), 0n) : skip;
  const write = (offset: number, data: bigint | number): Step => [component, hex(0x1138 + offset), hex(data)];
  const low = (data: bigint): bigint => data & 0xffff_ffffn;
  const control = (Math.log2(granularity) - 8) | ((ways[count] ?? 0) << 4) | (lock ? 0x100 : 0) | 0x200;
  return [write(0, low(base)), write(4, base >> 32n), write(8, low(size)), write(12, size >> 32n), write(20, low(value)), write(24, value >> 32n), write(16, control), ...(enable ? [[component, "0x112c", "0x2"] as const] : [])];
}

const GiB = 1n << 30n;
const base = 0x1_1000_0000n;
const MiB = 1n << 20n;

interface Case {
  readonly name: string;
  readonly line: string;
  readonly window: { readonly targets: readonly string[]; readonly size: bigint; readonly granularity?: number };
  readonly ways: number;
  readonly granularity: number;
  readonly steps: readonly Step[];
  /** File and offset that an offset reaches. */
  readonly place: (offset: bigint) => readonly [string, bigint] | undefined;
  readonly at?: bigint;
}

function runCase({ name, line, window, ways: count, granularity, steps, place, at = base }: Case, extra: readonly bigint[] = []): Tally {
  const offsets = [...Array.from({ length: 3 * count }, (_, chunk) => [0n, 8n, BigInt(granularity) - 8n].map((inside) => BigInt(chunk * granularity) + inside)).flat(), 100n * MiB, ...extra];
  const rows = offsets.map((offset) => {
    const found = place(offset);
    return found === undefined ? [hex(offset), null, null, "0x0"] : [hex(offset), found[0], hex(found[1]), "ok"];
  });
  const entry = { case: name, granularity, ways: count, hpa_base: hex(at), window: [[hex(base), hex(window.size)]], cfmw: { targets: window.targets, size: Number(window.size), ...(window.granularity === undefined ? {} : { ig: window.granularity }) }, program: steps, rows };
  const capture = readCapture(name, JSON.stringify({ meta: { cmdline: { [name]: line } }, entries: [entry] }));
  if (capture === undefined) throw new Error("is no capture");
  return runCapture(modules.release, capture).tally;
}

const bridge = (id: string, bus: number, cards: readonly string[], ports: readonly number[] = cards.map((_, index) => index)): string =>
  [`-device pxb-cxl,bus_nr=${bus},id=${id}`, ...cards.map((name, index) => `-device cxl-rp,port=${ports[index] ?? index},bus=${id},id=${name}-rp ${card(name, `${name}-rp`, bus + index)}`)].join(" ");
const chunked = (offset: bigint, granularity: number, count: number): bigint => (offset / (BigInt(granularity) * BigInt(count))) * BigInt(granularity) + (offset % BigInt(granularity));
const way = (address: bigint, granularity: number, count: number): number => Number((address / BigInt(granularity)) % BigInt(count));

describe("data paths of other set-ups", () => {
  const window = { targets: ["cxl.0"], size: 4n * GiB };
  const two = bridge("cxl.0", 12, ["am0", "am1"]);
  const region = (component: string, size: bigint, overrides: Partial<Decoder> = {}): Decoder => ({ component, base, size, ...overrides });

  it("a passthrough bridge: writes to decoders that it does not have go nowhere, and everything passes", () => {
    const tally = runCase({ name: "passthrough", line: bridge("cxl.0", 12, ["am0"]), window, ways: 1, granularity: 256, steps: [...stepsOf(region("hb0", 256n * MiB, { targets: [0] })), ...stepsOf(region("am0", 256n * MiB))], place: (offset) => ["am0-vol", offset] });
    expect([opened(tally), tally.explained]).toEqual([[], 0]);
  });

  it("target lists name port numbers, in any order", () => {
    const line = bridge("cxl.0", 12, ["am0", "am1"], [7, 3]);
    const steps = [...stepsOf(region("hb0", 512n * MiB, { ways: 2, granularity: 512, targets: [3, 7] })), ...["am0", "am1"].flatMap((name) => stepsOf(region(name, 512n * MiB, { ways: 2, granularity: 512 })))];
    const tally = runCase({ name: "ports 7 and 3", line, window, ways: 2, granularity: 512, steps, place: (offset) => [way(base + offset, 512, 2) === 0 ? "am1-vol" : "am0-vol", chunked(offset, 512, 2)] });
    expect(opened(tally)).toEqual([]);
  });

  it("windows over host bridges in another order, bridges above several ports", () => {
    const line = `${two} ${bridge("cxl.1", 64, ["bm0", "bm1"])}`;
    const all = ["am0", "am1", "bm0", "bm1"];
    const steps = [...["hb0", "hb1"].flatMap((name) => stepsOf(region(name, GiB, { ways: 2, granularity: 512, targets: [0, 1] }))), ...all.flatMap((name) => stepsOf(region(name, GiB, { ways: 4, granularity: 256 })))];
    const place = (offset: bigint): readonly [string, bigint] => [`${way(base + offset, 256, 2) === 0 ? "bm" : "am"}${way(base + offset, 512, 2)}-vol`, chunked(offset, 256, 4)];
    expect(opened(runCase({ name: "order 1, 0", line, window: { targets: ["cxl.1", "cxl.0"], size: 4n * GiB, granularity: 256 }, ways: 4, granularity: 256, steps, place }))).toEqual([]);
  });

  it("12 ways: three bridges at 4g, four ports each at g", () => {
    const cards = ["am", "bm", "cm"].map((prefix) => [0, 1, 2, 3].map((index) => `${prefix}${index}`));
    const line = cards.map((names, index) => bridge(`cxl.${index}`, 12 + 32 * index, names)).join(" ");
    const size = 3n * GiB;
    const steps = [...[0, 1, 2].flatMap((index) => stepsOf(region(`hb${index}`, size, { ways: 4, granularity: 256, targets: [0, 1, 2, 3] }))), ...cards.flat().flatMap((name) => stepsOf(region(name, size, { ways: 12, granularity: 256 })))];
    const place = (offset: bigint): readonly [string, bigint] => [`${["am", "bm", "cm"][way(base + offset, 1024, 3)] ?? ""}${way(base + offset, 256, 4)}-vol`, chunked(offset, 256, 12)];
    expect(opened(runCase({ name: "12 ways", line, window: { targets: ["cxl.0", "cxl.1", "cxl.2"], size, granularity: 1024 }, ways: 12, granularity: 256, steps, place }))).toEqual([]);
  });

  it("persistent capacity alone, and behind volatile capacity that a skip passes over", () => {
    const lone = `-device pxb-cxl,bus_nr=12,id=cxl.0 -device cxl-rp,port=0,bus=cxl.0,id=arp0 ${memory("p", "512M")} -device cxl-type3,bus=arp0,id=am0,sn=0x1,persistent-memdev=p`;
    expect(opened(runCase({ name: "pmem", line: lone, window, ways: 1, granularity: 256, steps: stepsOf(region("am0", 512n * MiB)), place: (offset) => ["am0-pmem", offset] }))).toEqual([]);
    const mixed = lone.replace("persistent-memdev=p", "volatile-memdev=v,persistent-memdev=p").replace("-device cxl-type3", `${memory("v", "512M")} -device cxl-type3`);
    expect(opened(runCase({ name: "mixed", line: mixed, window, ways: 1, granularity: 256, steps: stepsOf(region("am0", 512n * MiB, { skip: 512n * MiB })), place: (offset) => ["am0-pmem", offset] }))).toEqual([]);
  });

  it("a decoder that begins inside the window, and addresses that none claims", () => {
    const at = base + 512n * MiB;
    const steps = stepsOf({ component: "am0", base: at, size: 256n * MiB });
    const tally = runCase({ name: "inside", line: bridge("cxl.0", 12, ["am0"]), window, ways: 1, granularity: 256, steps, at, place: (offset) => (offset < 256n * MiB ? ["am0-vol", offset] : undefined) }, [256n * MiB, 300n * MiB]);
    expect([opened(tally), [...tally.used]]).toEqual([[], [["unrouted reads", 2]]]);
  });

  it("a device whose decoders the program leaves disabled is enabled first, and the report says so", () => {
    const tally = runCase({ name: "disabled", line: bridge("cxl.0", 12, ["am0"]), window, ways: 1, granularity: 256, steps: stepsOf(region("am0", 256n * MiB), false), place: (offset) => ["am0-vol", offset] });
    expect([opened(tally), [...tally.notes].some((note) => note.startsWith("HDM Decoder Enable was set"))]).toEqual([[], true]);
  });

  it("an access over the end of a way reaches the next way behind it, which theirs does not", () => {
    const steps = [...stepsOf(region("hb0", 512n * MiB, { ways: 2, targets: [0, 1] })), ...["am0", "am1"].flatMap((name) => stepsOf(region(name, 512n * MiB, { ways: 2 })))];
    const tally = runCase({ name: "over", line: two, window, ways: 2, granularity: 256, steps, place: (offset) => [way(base + offset, 256, 2) === 0 ? "am0-vol" : "am1-vol", chunked(offset, 256, 2)] }, [0x10fcn]);
    expect([opened(tally), [...tally.used.keys()]]).toEqual([[], ["access over a way"]]);
  });

  it("a commit that the rules refuse explains that nothing is routed, and a wrong place without such a commit is not explained", () => {
    const broken = [...stepsOf(region("hb0", 512n * MiB, { ways: 2, targets: [0, 0], lock: true })), ...["am0", "am1"].flatMap((name) => stepsOf(region(name, 512n * MiB, { ways: 2 })))];
    const refused = runCase({ name: "refused", line: two, window, ways: 2, granularity: 256, steps: broken, place: (offset) => ["am0-vol", offset] });
    expect([opened(refused), [...refused.used.keys()]]).toEqual([[], ["port decoder not committed", "not routed after a refused commit"]]);
    const wrong = runCase({ name: "wrong", line: bridge("cxl.0", 12, ["am0"]), window, ways: 1, granularity: 256, steps: stepsOf(region("am0", 256n * MiB)), place: (offset) => ["am0-vol", offset + 64n] });
    expect(new Set(opened(wrong))).toEqual(new Set(["wrong data path.routed.reached"]));
  });

  it("programs and rows that name what is not there are refused with their place", () => {
    const simple = { name: "bad", line: two, window, ways: 1, granularity: 256, place: (offset: bigint) => ["am0-vol", offset] as const };
    expect(() => runCase({ ...simple, steps: [["am9", "0x1138", "0x0"]] })).toThrow(/bad, entry 1: its program writes to "am9"/);
    expect(() => runCase({ ...simple, steps: [["am0", "0x1080", "0x0"]] })).toThrow(/writes to 0x1080 of "am0", which is no HDM decoder register/);
    expect(() => runCase({ ...simple, steps: [], place: () => ["zz-vol", 0n] })).toThrow(/names the backing file "zz-vol"/);
  });
});
