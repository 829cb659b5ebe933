// The declarations against facts that are stated here a second time, by hand, from the fact sheets.

import { describe, expect, it } from "vitest";
import { blocks } from "./blocks.ts";
import type { BlockName } from "./blocks.ts";
import type { BlockLayout, DwordLayout } from "./layout.ts";
import { layOut } from "./layout.ts";
import type { StructureDeclaration } from "./schema.ts";

const layouts = Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, layOut(block)])) as Record<BlockName, BlockLayout>;
const nothing: DwordLayout = { write: 0, clear: 0, reset: 0, locked: 0, once: 0, sticky: 0, used: 0, unmodelled: 0, low: 0, high: 0, widths: 0, instance: 255, hasConditions: false };

/** The dword at a byte offset from the start of a structure. */
function dword(block: BlockName, structure: string, offset: number): DwordLayout {
  const placements: Readonly<Record<string, { readonly at: number }>> = blocks[block].placements;
  const placed = placements[structure];
  if (placed === undefined) throw new Error(`${block} has no ${structure}`);
  return layouts[block].dwords[(placed.at + offset) >>> 2] ?? nothing;
}

const isolation = (offset: number): DwordLayout => dword("rootPortComponent", "timeoutIsolation", offset);
const ras = (offset: number): DwordLayout => dword("deviceComponent", "ras", offset);
const host = (offset: number): DwordLayout => dword("hostBridgeComponent", "hdmDecoderPort", offset);
const device = (offset: number): DwordLayout => dword("deviceComponent", "hdmDecoderDevice", offset);

/** Bits of the dword that some condition can take away. */
function conditional(block: BlockName, structure: string, offset: number): number {
  const placements: Readonly<Record<string, { readonly at: number }>> = blocks[block].placements;
  const index = ((placements[structure]?.at ?? 0) + offset) >>> 2;
  return layouts[block].conditions.filter((condition) => condition.dword === index).reduce((mask, condition) => (mask | condition.mask) >>> 0, 0);
}

const resets = (block: BlockName, structure: string, offsets: readonly number[]): number[] => offsets.map((offset) => dword(block, structure, offset).reset);

/** Machine keys that a dword shows: key, first bit, number of bits. */
function shown(block: BlockName, structure: string, offset: number): (readonly [key: string, shift: number, bits: number])[] {
  const placements: Readonly<Record<string, { readonly at: number }>> = blocks[block].placements;
  const index = ((placements[structure]?.at ?? 0) + offset) >>> 2;
  return layouts[block].keys.filter((key) => key.dword === index).map(({ key, shift, bits }) => [key, shift, bits] as const);
}

describe("Timeout and Isolation (8.2.4.24)", () => {
  it("has capability at 0, nothing at 4, control at 8 and status at 0x0c, 4-byte accesses, and is absent without its key", () => {
    expect([isolation(0).used, isolation(4).used, isolation(8).used, isolation(0xc).used]).toEqual([0xfe0f_1f1f, 0, 0x060f_1f1f, 0x7311]);
    expect([isolation(0).widths, isolation(8).widths, isolation(0xc).widths]).toEqual([4, 4, 4]);
    expect(layouts.rootPortComponent.presence).toContainEqual({ key: "isolation", headerDword: 3, first: 0x120 / 4, last: 0x12c / 4 });
  });

  it("shows the machine's capabilities of CXL.mem and CXL.cache", () => {
    expect(shown("rootPortComponent", "timeoutIsolation", 0)).toEqual([
      ["memoryTimeoutRanges", 0, 4], ["memoryTimeout", 4, 1], ["cacheTimeoutRanges", 8, 4], ["cacheTimeout", 12, 1],
      ["memoryIsolation", 16, 1], ["memoryIsolationLinkDown", 17, 1], ["cacheIsolation", 18, 1], ["cacheIsolationLinkDown", 19, 1],
      ["isolationErrCor", 25, 1], ["isolationInterrupt", 26, 1], ["isolationMessage", 27, 5],
    ]);
  });

  it("has a capability that no write changes and a control whose every field hangs on its capability bit", () => {
    expect([isolation(0).write, isolation(0).clear]).toEqual([0, 0]);
    expect([isolation(8).write, isolation(8).reset, conditional("rootPortComponent", "timeoutIsolation", 8)]).toEqual([0x060f_1f1f, 0, 0x060f_1f1f]);
    const conditions = layouts.rootPortComponent.conditions.filter((condition) => condition.dword === 0x128 / 4);
    expect(conditions.map((condition) => [condition.mask, condition.onMask])).toEqual([[0xf, 0x10], [0x10, 0x10], [0xf00, 0x1000], [0x1000, 0x1000], [1 << 16, 1 << 16], [1 << 17, 1 << 17], [1 << 18, 1 << 18], [1 << 19, 1 << 19], [1 << 25, 1 << 25], [1 << 26, 1 << 26]]);
  });

  it("[TS1] [TS3] [TS5] [TS6] [TS8] [TS9] [TS10] has RW1CS status bits 0, 4, 8, 9, 12 and 13 and a read-only RP Busy", () => {
    expect([isolation(0xc).clear, isolation(0xc).sticky, isolation(0xc).write, isolation(0xc).used & ~isolation(0xc).clear]).toEqual([0x3311, 0x3311, 0, 1 << 14]);
  });

  it("[TS2] [TS4] [TS7] [TS11] leaves bits 3:1, 7:5, 11:10 and 31:15 of the status reserved", () => {
    expect(isolation(0xc).used & 0xffff_8cee).toBe(0);
  });
});

describe("RAS (8.2.4.17)", () => {
  it("masks everything and calls everything fatal after reset", () => {
    expect(resets("deviceComponent", "ras", [0, 4, 8, 0xc, 0x10, 0x14])).toEqual([0, 0x1_cfff, 0x1_cfff, 0, 0x7f, 0x2200]);
    expect([ras(4).write, ras(4).sticky, ras(0).clear, ras(0).sticky, ras(0xc).clear]).toEqual([0x1_cfff, 0x1_cfff, 0x1_cfff, 0x1_cfff, 0x7f]);
  });

  it("Poison Enabled is 1 after reset: sticky and writable on root ports, hardwired elsewhere", () => {
    for (const block of ["upstreamPortComponent", "downstreamPortComponent", "deviceComponent"] as const) expect([dword(block, "ras", 0x14).reset, dword(block, "ras", 0x14).write]).toEqual([0x2200, 0]);
    const control = dword("rootPortComponent", "ras", 0x14);
    expect([control.reset, control.write, control.sticky]).toEqual([0x2200, 0x2000, 0x203f]);
  });

  it("keeps a header log of 16 dwords that software cannot write", () => {
    for (let offset = 0x18; offset < 0x58; offset += 4) expect([ras(offset).used, ras(offset).sticky, ras(offset).write]).toEqual([0xffff_ffff, 0xffff_ffff, 0]);
    expect(blocks.deviceComponent.placements.ras.structure.length).toBe(0x58);
  });
});

describe("HDM decoders (8.2.4.20)", () => {
  it("decoder n starts at 0x10 + 0x20n: base, size, control, targets or skip, and one reserved dword", () => {
    for (const n of [0, 3, 31]) {
      const locked = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c].map((offset) => host(offset + 0x20 * n).locked);
      expect(locked).toEqual([0xf000_0000, 0xffff_ffff, 0xf000_0000, 0xffff_ffff, 0x33ff, 0xffff_ffff, 0xffff_ffff, 0]);
      expect(conditional("hostBridgeComponent", "hdmDecoderPort", 0x10 + 0x20 * n)).toBe(0xf000_0000);
    }
    for (const n of [0, 9]) expect([0x24, 0x28].map((offset) => device(offset + 0x20 * n).locked)).toEqual([0xf000_0000, 0xffff_ffff]);
    expect([blocks.hostBridgeComponent.placements.hdmDecoderPort.structure.length, blocks.deviceComponent.placements.hdmDecoderDevice.structure.length]).toEqual([0x10 + 0x20 * 32, 0x10 + 0x20 * 10]);
  });

  it("Committed and Error Not Committed are the hardware's", () => {
    expect([host(0x20).write, host(0x20).used & 0xc00, host(0x20).clear]).toEqual([0x33ff, 0xc00, 0]);
    expect([device(0x20).write]).toEqual([0x0f00_33ff]);
  });

  it("the capability shows decoders, targets, poison, ways and coherency models; a decoder above the count is reserved", () => {
    const keys = [["decoderCountCode", 0, 4], ["targetCount", 4, 4], ["poisonOnDecodeError", 10, 1], ["ways3612", 11, 1], ["ways16", 12, 1], ["coherencyModels", 21, 2]];
    expect([shown("hostBridgeComponent", "hdmDecoderPort", 0), shown("deviceComponent", "hdmDecoderDevice", 0)]).toEqual([keys, keys]);
    for (const [block, structure, count] of [["hostBridgeComponent", "hdmDecoderPort", 32], ["upstreamPortComponent", "hdmDecoderPort", 32], ["deviceComponent", "hdmDecoderDevice", 10]] as const) {
      for (let n = 0; n < count; n++) {
        for (const offset of [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28]) {
          const index = (0x200 + offset + 0x20 * n) / 4;
          expect(layouts[block].conditions).toContainEqual({ dword: index, mask: dword(block, structure, offset + 0x20 * n).used, onDword: 0, onMask: n, onKey: "decoderCount" });
        }
      }
    }
  });

  it("HDM Decoder Enable exists on devices only; poison on decode error hangs on capability bit 10", () => {
    expect([host(4).write, device(4).write, conditional("deviceComponent", "hdmDecoderDevice", 4), conditional("hostBridgeComponent", "hdmDecoderPort", 4)]).toEqual([1, 3, 1, 1]);
  });
});

describe("Link (8.2.4.19)", () => {
  it("has seven 64-bit registers that only 8-byte accesses reach", () => {
    const registers: StructureDeclaration["registers"] = blocks.rootPortComponent.placements.link.structure.registers;
    expect(Object.values(registers).map(({ offset, width }) => [offset, width])).toEqual([0, 8, 16, 24, 32, 40, 48].map((offset) => [offset, 64]));
    expect(dword("rootPortComponent", "link", 8).widths).toBe(8);
  });
});

describe("capability lists", () => {
  it("the header array counts what follows and names id, version and place", () => {
    expect(resets("hostBridgeComponent", "componentHeader", [0, 4, 8, 12])).toEqual([0x0211_0001, 0x2003_0005, 0x6202_0006, 0]);
    expect(resets("deviceComponent", "componentHeader", [0, 4, 8, 12, 16])).toEqual([0x0411_0001, 0x0802_0002, 0x0d82_0004, 0x1401_000c, 0x2003_0005]);
    expect(resets("upstreamPortComponent", "componentHeader", [0, 4, 8, 12, 16])).toEqual([0x0411_0001, 0x0802_0002, 0x0d82_0004, 0x1501_000b, 0x2003_0005]);
    expect(resets("downstreamPortComponent", "componentHeader", [0, 4, 8, 12])).toEqual([0x0311_0001, 0x0802_0002, 0x0d82_0004, 0x1401_000c]);
  });

  it.each([
    ["rootPortConfig", [0x10, 0x05], ["aer", 3, 7, 8, 4, "dpc", "dsn"]], ["upstreamPortConfig", [0x10], ["aer", 3, 7, 8, "dsn", "doe"]],
    ["downstreamPortConfig", [0x10, 0x05], ["aer", 3, 7, 8, 4, "dpc"]], ["deviceConfig", [0x10, 0x05, 0x11], ["aer", 0, 7, 8, 5, 9, "dsn", "doe"]],
  ] as const)("%s: both lists visit every structure once and end", (block, ids, extended) => {
    const reset = (offset: number): number => layouts[block].dwords[offset >>> 2]?.reset ?? 0;
    const seen: number[] = [];
    for (let at = reset(0x34) & 0xff; at !== 0; at = (reset(at) >>> 8) & 0xff) seen.push(reset(at) & 0xff);
    expect(seen).toEqual(ids);
    const found: (string | number)[] = [];
    for (let at = 0x100; at !== 0; at = reset(at) >>> 20) found.push({ 0x0001: "aer", 0x0003: "dsn", 0x001d: "dpc", 0x002e: "doe" }[reset(at) & 0xffff] ?? reset(at + 8) & 0xffff);
    expect(found).toEqual(extended);
  });

  it("a root port may lack containment and a serial number, a device power failure and logical devices", () => {
    expect(layouts.rootPortConfig.presence.map(({ key, headerDword }) => [key, headerDword * 4])).toEqual([["hasDpc", 0x210], ["hasSerialNumber", 0x240]]);
    expect(layouts.deviceConfig.presence.map(({ key, headerDword }) => [key, headerDword * 4])).toEqual([["hasMsi", 0x80], ["hasMsix", 0x90], ["hasPersistent", 0x220], ["logicalDevices", 0x230]]);
    expect(layouts.deviceConfig.capabilities.map((index) => index * 4)).toEqual([0x40, 0x80, 0x90]);
    expect(layouts.rootPortConfig.capabilities).toEqual([]);
    expect(layouts.deviceConfig.extended.map((index) => index * 4)).toEqual([0x100, 0x140, 0x1b0, 0x1d8, 0x220, 0x230, 0x240, 0x250]);
  });

  it("structures of a component block that a machine may lack, with their places", () => {
    const absent = (block: BlockName): unknown => layouts[block].presence.map(({ key, first }) => [key, first * 4]);
    expect(absent("hostBridgeComponent")).toEqual([["hasDecoders", 0x200]]);
    expect(absent("rootPortComponent")).toEqual([["isolation", 0x120], ["hasSecurity", 0x130], ["hasSnoopFilter", 0x138], ["hasBackInvalidate", 0x140]]);
    expect(absent("upstreamPortComponent")).toEqual([["hasBackInvalidate", 0x150], ["hasDecoders", 0x200]]);
    expect([absent("downstreamPortComponent"), absent("deviceComponent")]).toEqual([[["hasBackInvalidate", 0x140]], [["hasBackInvalidate", 0x140]]]);
  });

  it("clauses below 8.1.3, 8.1.5, 8.2.1.3 and 8.2.9.4 say that they are inferred, and no others", () => {
    for (const block of Object.values(blocks)) {
      for (const { structure } of Object.values<{ readonly structure: StructureDeclaration }>(block.placements)) {
        for (const [name, { clause, clauseInferred }] of Object.entries(structure.registers)) expect([structure.name, name, clauseInferred === true]).toEqual([structure.name, name, /^(8\.1\.3|8\.1\.5|8\.2\.1\.3|8\.2\.9\.4)\./.test(clause)]);
      }
    }
  });

  it("each DVSEC names vendor 0x1e98, its revision and its length", () => {
    expect([
      resets("deviceConfig", "dvsecDevice", [4]), resets("deviceConfig", "dvsecFlexBus", [4]), resets("deviceConfig", "dvsecLocatorDevice", [4]),
      resets("rootPortConfig", "dvsecPort", [4]), resets("rootPortConfig", "dvsecGpfPort", [4]), resets("rootPortConfig", "dvsecLocatorPort", [4]),
      resets("deviceConfig", "dvsecGpfDevice", [4]), resets("deviceConfig", "dvsecLogicalDevices", [4]),
    ].flat()).toEqual([0x03c3_1e98, 0x0202_1e98, 0x01c0_1e98, 0x0280_1e98, 0x0100_1e98, 0x0140_1e98, 0x0100_1e98, 0x0100_1e98]);
  });
});

describe("config space", () => {
  it("a memory device has class 05/02/10, a root port is a bridge, both with a 64-bit prefetchable BAR 0", () => {
    expect([...resets("deviceConfig", "endpointHeader", [8, 0x10]), ...resets("rootPortConfig", "bridgeHeader", [8, 0x10])]).toEqual([0x0502_1001, 0xc, 0x0604_0001, 0xc]);
    expect([dword("deviceConfig", "endpointHeader", 0xc).reset, dword("rootPortConfig", "bridgeHeader", 0xc).reset]).toEqual([0, 0x1_0000]);
  });

  it("every function has the consortium's vendor id and a device id of its kind; bridges have header type 1", () => {
    expect(resets("rootPortConfig", "bridgeHeader", [0, 0xc])).toEqual([0x0c01_1e98, 0x1_0000]);
    expect(resets("deviceConfig", "endpointHeader", [0, 0xc])).toEqual([0x0c03_1e98, 0]);
    expect(resets("upstreamPortConfig", "bridgeHeader", [0, 0xc])).toEqual([0x0c04_1e98, 0x1_0000]);
    expect(resets("downstreamPortConfig", "bridgeHeader", [0, 0xc])).toEqual([0x0c05_1e98, 0x1_0000]);
  });

  it.each([["rootPortConfig", 4], ["upstreamPortConfig", 5], ["downstreamPortConfig", 6], ["deviceConfig", 0]] as const)("%s has PCIe port type %i; slot, link reporting and root registers where its kind has them, read-only 0 elsewhere", (block, type) => {
    const hasSlot = type === 4 || type === 6;
    expect((dword(block, "pcie", 0).reset >>> 16) & 0x1ff).toBe((hasSlot ? 0x100 : 0) | (type << 4) | 2);
    expect((dword(block, "pcie", 0x0c).reset >>> 19) & 3).toBe(hasSlot ? 3 : 0);
    expect([0x14, 0x18, 0x1c].map((offset) => dword(block, "pcie", offset).used)).toEqual([0xfffe_007f, 0x01ff_1fff, 7]);
    for (const offset of [0x14, 0x18]) {
      const { write, clear, reset, low, high } = dword(block, "pcie", offset);
      if (!hasSlot) expect([write, clear, reset, low, high, shown(block, "pcie", offset)]).toEqual([0, 0, 0, 0, 0, []]);
      else if (offset === 0x14) expect(shown(block, "pcie", offset)).toEqual([["hasPowerController", 1, 1], ["hotPlug", 6, 1], ["slotNumber", 19, 13]]);
    }
    expect(dword(block, "pcie", 0x1c).write).toBe(type === 4 ? 7 : 0);
  });

  it("a function level reset is announced by devices only, and its command is not kept", () => {
    for (const block of ["rootPortConfig", "upstreamPortConfig", "downstreamPortConfig", "deviceConfig"] as const) {
      expect(dword(block, "pcie", 4).reset >>> 28).toBe(block === "deviceConfig" ? 1 : 0);
      expect([dword(block, "pcie", 8).write & 0x8000, dword(block, "pcie", 8).used & 0x8000]).toEqual([0, 0x8000]);
    }
  });

  it("message numbers: slot events 0, AER 1, DPC 2, data objects 0", () => {
    for (const block of ["rootPortConfig", "downstreamPortConfig"] as const) expect([(dword(block, "pcie", 0).reset >>> 25) & 0x1f, dword(block, "dpc", 4).reset & 0x1f]).toEqual([0, 2]);
    expect([dword("rootPortConfig", "aer", 0x30).reset >>> 27, (dword("deviceConfig", "doe", 4).reset >>> 1) & 0x7ff]).toEqual([1, 0]);
  });

  it("root error registers of AER are RW1CS and sticky on a root port, read-only 0 elsewhere", () => {
    expect([dword("rootPortConfig", "aer", 0x2c).write, dword("rootPortConfig", "aer", 0x30).clear, dword("rootPortConfig", "aer", 0x34).sticky]).toEqual([7, 0x7f, 0xffff_ffff]);
    for (const block of ["upstreamPortConfig", "downstreamPortConfig", "deviceConfig"] as const) {
      for (const offset of [0x2c, 0x30, 0x34]) expect([dword(block, "aer", offset).write, dword(block, "aer", offset).clear, dword(block, "aer", offset).reset, dword(block, "aer", offset).high]).toEqual([0, 0, 0, 0]);
    }
  });

  it("a root port offers 32 messages at a 64-bit address, has a slot, and no hot-plug surprise (9.9)", () => {
    expect(dword("rootPortConfig", "msi", 0).reset >>> 16).toBe((5 << 1) | (1 << 7));
    expect((dword("rootPortConfig", "pcie", 0).reset >>> 16) & 0x1f0).toBe(0x140);
    expect([dword("rootPortConfig", "pcie", 0x14).reset & 0x20, dword("rootPortConfig", "pcie", 0x14).write]).toEqual([0, 0]);
  });

  it("the slot obeys only what it has: three enables, three RW1C bits that can be set", () => {
    const control = dword("rootPortConfig", "pcie", 0x18);
    expect((control.write & 0xffff & ~conditional("rootPortConfig", "pcie", 0x18)) >>> 0).toBe(0x1028);
    expect(control.clear >>> 16).toBe(0x11f);
  });

  it("AER masks internal errors after reset and calls bits 4, 5, 13, 17, 18 and 22 fatal", () => {
    for (const [block, structure] of [["rootPortConfig", "aer"], ["deviceConfig", "aer"]] as const) {
      expect(resets(block, structure, [4, 8, 0xc, 0x10, 0x14])).toEqual([0, 1 << 22, 0x0046_2030, 0, 0xe000]);
      expect([dword(block, structure, 4).clear, dword(block, structure, 4).sticky]).toEqual([0x07ff_f030, 0x07ff_f030]);
    }
  });

  it("DVSEC 0: control is locked by CONFIG_LOCK, which can be set once; IO_Enable is fixed; ranges have 256 MiB granularity", () => {
    const control = dword("deviceConfig", "dvsecDevice", 0x0c);
    expect((control.locked & ~conditional("deviceConfig", "dvsecDevice", 0x0c)) >>> 0).toBe(0x4ffd);
    expect([control.reset & 0xffff, control.clear >>> 16]).toEqual([2, 0x4000]);
    expect(dword("deviceConfig", "dvsecDevice", 0x14).once).toBe(1);
    for (const range of [0x18, 0x28]) expect([0, 4, 8, 12].map((offset) => dword("deviceConfig", "dvsecDevice", range + offset).locked)).toEqual([0, 0, 0xffff_ffff, 0xf000_0000]);
    expect([0x1c, 0x2c].map((offset) => dword("deviceConfig", "dvsecDevice", offset).reset & 0xff)).toEqual([0x48, 0x48]);
  });

  it("DVSEC 0 shows ranges in use, CXL reset with its time, capacities and whether a hot reset spares volatile contents", () => {
    expect(shown("deviceConfig", "dvsecDevice", 8)).toEqual([["rangeCount", 20, 2], ["resetCapable", 23, 1], ["resetTimeoutCode", 24, 3], ["resetCapable", 27, 1]]);
    expect(dword("deviceConfig", "dvsecDevice", 8).reset >>> 16).toBe(0xe);
    for (const [range, n] of [[0x18, 1], [0x28, 2]] as const) {
      expect(shown("deviceConfig", "dvsecDevice", range)).toEqual([[`range${n}SizeHigh`, 0, 32]]);
      expect(shown("deviceConfig", "dvsecDevice", range + 4)).toEqual([["activeTimeoutCode", 13, 3], [`range${n}SizeLow`, 28, 4]]);
    }
    expect(shown("deviceConfig", "dvsecDevice", 0x38)).toEqual([["volatilePreserved", 2, 1]]);
  });

  it("DVSEC 0: commands of control 2 are not kept", () => {
    const control2 = dword("deviceConfig", "dvsecDevice", 0x10);
    expect([control2.write & 0x6, control2.used & 0x3f, control2.unmodelled & 0x6]).toEqual([0, 0x3f, 0x2]);
  });

  it("DVSEC 3 unmasks secondary bus reset with bit 0 and link disable with bit 1, both 0 after reset", () => {
    const control = dword("rootPortConfig", "dvsecPort", 0x0c);
    expect([control.write & 0xffff, control.reset & 0xffff]).toEqual([0x401f, 0]);
  });

  it("DVSEC 7: control can be written on the port and not on the device", () => {
    expect([dword("rootPortConfig", "dvsecFlexBus", 0x0c).write & 0xffff, dword("deviceConfig", "dvsecFlexBus", 0x0c).write & 0xffff]).toEqual([0x63ff, 0]);
    expect(dword("deviceConfig", "dvsecFlexBus", 0x0c).clear >>> 16).toBe(0x1f00);
  });

  it("DVSEC 4 has writable times of both phases; DVSEC 5 says 3 s and 51 mW; DVSEC 9 counts logical devices", () => {
    expect([dword("rootPortConfig", "dvsecGpfPort", 0xc).write, dword("downstreamPortConfig", "dvsecGpfPort", 0xc).write]).toEqual([0x0f0f_0f0f, 0x0f0f_0f0f]);
    expect(resets("deviceConfig", "dvsecGpfDevice", [8, 0xc])).toEqual([0x0603_0005, 0x33]);
    expect([8, 0xc].map((offset) => dword("deviceConfig", "dvsecGpfDevice", offset).write)).toEqual([0, 0]);
    expect([shown("deviceConfig", "dvsecLogicalDevices", 8), dword("deviceConfig", "dvsecLogicalDevices", 0xc).write]).toEqual([[["logicalDevices", 16, 16]], 0xffff]);
  });

  it("serial numbers of devices, upstream and root ports are the machine's", () => {
    for (const block of ["deviceConfig", "upstreamPortConfig", "rootPortConfig"] as const) expect([shown(block, "serialNumber", 4), shown(block, "serialNumber", 8)]).toEqual([[["serialLow", 0, 32]], [["serialHigh", 0, 32]]]);
  });

  it("DVSEC 8 names the component block at 0 and, on a device, the device block at 128 KiB of BAR 0", () => {
    expect(resets("deviceConfig", "dvsecLocatorDevice", [0x0c, 0x10, 0x14, 0x18])).toEqual([0x100, 0, 0x2_0300, 0]);
    expect(resets("rootPortConfig", "dvsecLocatorPort", [0x0c, 0x10])).toEqual([0x100, 0]);
  });
});

describe("Downstream Port Containment (PCIe 7.9.14)", () => {
  it.each(["rootPortConfig", "downstreamPortConfig"] as const)("%s: trigger enable 1:0, software trigger that reads 0, sticky status with its source", (block) => {
    const control = dword(block, "dpc", 4);
    expect([(control.write >>> 16) & 0xff & ~(conditional(block, "dpc", 4) >>> 16), control.used >>> 16]).toEqual([0x1f, 0xff]);
    expect([control.reset & 0x1f, control.reset & 0x80, control.reset & 0x20]).toEqual([2, 0x80, block === "rootPortConfig" ? 0x20 : 0]);
    const status = dword(block, "dpc", 8);
    expect([status.clear, status.sticky & 0xffff, status.used & 0xffff, (status.used >>> 16) & 0xffff]).toEqual([0x9, 0x1f6f, 0x1f7f, 0xffff]);
  });
});

describe("root port extensions of Downstream Port Containment (PCIe 7.9.14)", () => {
  it("a root port says that its log has 4 dwords, the fewest that are legal, and has sticky registers for it that all mask", () => {
    expect([(dword("rootPortConfig", "dpc", 4).reset >>> 8) & 0xf, blocks.rootPortConfig.placements.dpc.structure.length]).toEqual([4, 0x20 + 4 * 4]);
    expect([dword("rootPortConfig", "dpc", 0xc).clear, dword("rootPortConfig", "dpc", 0xc).write]).toEqual([0x7_0707, 0]);
    expect(resets("rootPortConfig", "dpc", [0xc, 0x10, 0x14, 0x18, 0x1c])).toEqual([0, 0x7_0707, 0, 0, 0]);
    for (const offset of [0x10, 0x14, 0x18, 0x1c]) expect([dword("rootPortConfig", "dpc", offset).write, dword("rootPortConfig", "dpc", offset).unmodelled]).toEqual([0x7_0707, 0x7_0707]);
    for (const offset of [0xc, 0x10, 0x14, 0x18, 0x1c]) expect(dword("rootPortConfig", "dpc", offset).sticky).toBe(0x7_0707);
    for (const offset of [0x20, 0x24, 0x28, 0x2c]) expect([dword("rootPortConfig", "dpc", offset).write, dword("rootPortConfig", "dpc", offset).sticky]).toEqual([0, 0xffff_ffff]);
  });

  it("a downstream port of a switch has none of it", () => {
    expect(dword("downstreamPortConfig", "dpc", 4).reset & 0xf20).toBe(0);
    for (let offset = 0xc; offset < 0x30; offset += 4) expect([dword("downstreamPortConfig", "dpc", offset).write, dword("downstreamPortConfig", "dpc", offset).clear, dword("downstreamPortConfig", "dpc", offset).reset]).toEqual([0, 0, 0]);
  });
});

describe("Data Object Exchange (PCIe 7.9.24)", () => {
  it.each(["deviceConfig", "upstreamPortConfig"] as const)("%s: commands and the write mailbox keep nothing, status is the hardware's", (block) => {
    expect([8, 0xc, 0x10, 0x14].map((offset) => dword(block, "doe", offset).used)).toEqual([0x8000_0003, 0x8000_0007, 0xffff_ffff, 0xffff_ffff]);
    expect([8, 0xc, 0x10, 0x14].map((offset) => dword(block, "doe", offset).write)).toEqual([0x2, 0, 0, 0]);
    expect(dword(block, "doe", 0xc).clear).toBe(2);
  });
});

describe("MSI-X (PCIe 7.7.2)", () => {
  it("the table lies at 64 KiB of BAR 0, its pending bits 512 bytes behind; vectors are masked after reset", () => {
    expect(resets("deviceConfig", "msix", [4, 8])).toEqual([0x1_0000, 0x1_0200]);
    expect(dword("deviceConfig", "msix", 0).write >>> 16).toBe(0xc000);
    expect([shown("deviceConfig", "msix", 0), dword("deviceConfig", "msix", 0).used >>> 16]).toEqual([[["lastVector", 16, 11]], 0xc7ff]);
    for (const n of [0, 31]) expect(layouts.deviceMessages.conditions).toContainEqual({ dword: 4 * n + 3, mask: 1, onDword: 0, onMask: n, onKey: "vectors" });
    expect([0, 4, 8, 0xc, 0x1fc].map((offset) => dword("deviceMessages", "msixTable", offset).write)).toEqual([0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 1, 1]);
    expect([dword("deviceMessages", "msixTable", 0xc).reset, dword("deviceMessages", "msixTable", 0x200).write, dword("deviceMessages", "msixTable", 0).widths]).toEqual([1, 0, 12]);
  });
});

describe("security, snoop filter, back-invalidate", () => {
  it("Extended Security has a policy at 8k - 4 and an id at 8k for each root port k, untrusted after reset", () => {
    for (const k of [1, 2, 32]) expect([dword("hostBridgeComponent", "extendedSecurity", 8 * k - 4).reset, dword("hostBridgeComponent", "extendedSecurity", 8 * k - 4).write, dword("hostBridgeComponent", "extendedSecurity", 8 * k).used]).toEqual([2, 3, 0xff]);
    expect([dword("rootPortComponent", "security", 0).reset, dword("rootPortComponent", "snoopFilter", 0).used, dword("rootPortComponent", "snoopFilter", 4).used]).toEqual([2, 0xffff, 0xffff_ffff]);
  });

  it("root ports, snoop group and snoop capacity are the machine's", () => {
    expect(shown("hostBridgeComponent", "extendedSecurity", 0)).toEqual([["rootPortCount", 0, 8]]);
    expect([shown("rootPortComponent", "snoopFilter", 0), shown("rootPortComponent", "snoopFilter", 4)]).toEqual([[["snoopGroup", 0, 16]], [["snoopCapacity", 0, 32]]]);
    for (const [k, offset] of [[1, 4], [1, 8], [32, 0xfc], [32, 0x100]] as const) expect(layouts.hostBridgeComponent.conditions).toContainEqual({ dword: (0x620 + offset) / 4, mask: offset % 8 === 0 ? 0xff : 3, onDword: 0, onMask: k - 1, onKey: "rootPortCount" });
  });

  it("BI structures name capability 1:0, control 2:0 (route table 0) and status 1:0, 11:8 and 15:12", () => {
    for (const block of ["rootPortComponent", "downstreamPortComponent", "deviceComponent"] as const) expect([0, 4, 8].map((offset) => dword(block, "biDecoder", offset).used)).toEqual([3, 7, 0xff03]);
    expect([0, 4, 8].map((offset) => dword("upstreamPortComponent", "biRouteTable", offset).used)).toEqual([1, 1, 0xff03]);
    expect([dword("upstreamPortComponent", "biRouteTable", 4).write, dword("upstreamPortComponent", "biRouteTable", 8).write]).toEqual([1, 0]);
  });

  it("BI structures give 2 s for a commit; only downstream ports and the route table want an explicit one", () => {
    expect([dword("rootPortComponent", "biDecoder", 8).reset, dword("upstreamPortComponent", "biRouteTable", 8).reset]).toEqual([0x2600, 0x2600]);
    expect([dword("rootPortComponent", "biDecoder", 0).reset, dword("downstreamPortComponent", "biDecoder", 0).reset, dword("deviceComponent", "biDecoder", 0).reset, dword("upstreamPortComponent", "biRouteTable", 0).reset]).toEqual([0, 2, 0, 1]);
    expect([dword("rootPortComponent", "biDecoder", 4).write, dword("deviceComponent", "biDecoder", 4).write]).toEqual([7, 6]);
  });

  it("BI and the position of a decoder hang on the machine's key", () => {
    const rows = layouts.deviceComponent.conditions.filter(({ onKey }) => onKey === "hasBackInvalidate");
    expect(rows.map(({ mask, onMask }) => [mask, onMask]).slice(0, 2)).toEqual([[1 << 13, 0], [0xf << 24, 0]]);
    expect(layouts.deviceComponent.conditions.filter(({ onKey }) => onKey === "decoderCount").map(({ onMask }) => onMask).includes(9)).toBe(true);
  });
});
