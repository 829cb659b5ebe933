// Error numbers of a region's files by the tables of region-assembly 7.1, 7.2, 7.3, 7.5 and 7.6, with what each leaves; rows that are not here stand in
// region.test.ts, region-pmem.test.ts and region-rules.test.ts.

import { describe, expect, it } from "vitest";
import type { Errno } from "../../src/kernel/base/errno.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import { rootPart } from "../../src/kernel/cxl/types.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { accessesOf } from "../support/accesses.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { bootWith, decoderAt, decoderOfCard, enabledDecoders, fillRegion, hex, leftOf, list, newRegion, read, regionOver, reserve, saying, serialOf, shapeOf, share, spread, start, store } from "../support/regions.ts";

const two = shapeOf(1, 2);
const [a, b] = ["d0_0_0", "d0_1_0"] as const;
const devices = "/sys/bus/cxl/devices";

/** Stores in order, each with the answer it must get. */
function expectAnswers(booted: Booted, rows: readonly (readonly [path: string, text: string, answer: Errno | "ok"])[]): void {
  expect(rows.map(([path, text]) => [path, text, store(booted, path, text)])).toEqual(rows.map((row) => [...row]));
}

const withChoice = (machine: MachineDescription, choice: Partial<MachineDescription["implementation"]>): MachineDescription => ({ ...machine, implementation: { ...machine.implementation, ...choice } });

/** Both cards in region0, not committed. */
function active(machine = spread(two)): Booted {
  const booted = bootMachine(machine);
  newRegion(booted, 2);
  expect(fillRegion(booted, [a, b])).toEqual(["ok", "ok"]);
  return booted;
}

function committed(machine = spread(two)): Booted {
  const booted = active(machine);
  expect(store(booted, "region0/commit", "1")).toBe("ok");
  return booted;
}

const complete = { size: 2n * share, targets: [serialOf(a), serialOf(b)], decoders: 3, references: 3 };

describe("creation (7.1)", () => {
  it("a root decoder that is going gives out no region (ENXIO)", () => {
    const booted = bootMachine(spread(two));
    const root = busDevices(booted.kernel, "cxl").find((device) => device.name === "decoder0.0");
    if (root === undefined) throw new Error("no decoder0.0");
    rootPart(root).isDead = true;
    expect([store(booted, "decoder0.0/create_ram_region", "region0"), list(booted, "region")]).toEqual(["ENXIO", []]);
  });

  it("names: only the next one (EBUSY), and only one of a region (EINVAL)", () => {
    expectAnswers(bootMachine(spread(two)), [
      ["decoder0.0/create_ram_region", "region1", "EBUSY"], ["decoder0.0/create_ram_region", "region", "EINVAL"], ["decoder0.0/create_ram_region", "", "EINVAL"], ["decoder0.0/create_ram_region", "region0", "ok"],
      ["decoder0.0/create_ram_region", "region0", "EBUSY"], ["decoder0.0/create_ram_region", "region1\n", "ok"],
    ]);
  });

  it("targets are as many files as there are ways; others are not there (ENOENT)", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 4);
    const files = (): number => booted.files.list(`${devices}/region0`).filter((name) => /^target\d+$/.test(name)).length;
    const counts = [4, 1, 8, 2].map((ways) => [store(booted, "region0/interleave_ways", String(ways)), files()]);
    expect(counts).toEqual([["ok", 4], ["ok", 1], ["ok", 8], ["ok", 2]]);
    expect(store(booted, "region0/target2", "decoder2.0")).toBe("ENOENT");
  });

  it("size: a multiple of 256 MiB times the ways (EINVAL), fixed until it is freed (EBUSY), freed only while targets are missing (EBUSY)", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 2);
    expectAnswers(booted, [
      ["region0/size", hex(share), "EINVAL"], ["region0/size", "1", "EINVAL"], ["region0/size", "-1", "EINVAL"], ["region0/size", "", "EINVAL"], ["region0/size", "0", "ok"], ["region0/size", hex(2n * share), "ok"],
      ["region0/size", hex(2n * share), "ok"], ["region0/size", hex(4n * share), "EBUSY"], ["region0/interleave_ways", "1", "EBUSY"], ["region0/interleave_granularity", "512", "EBUSY"], ["region0/size", "0", "ok"],
      ["region0/interleave_granularity", "512", "ok"], ["region0/size", hex(2n * share), "ok"],
    ]);
    expect([store(booted, "region0/target0", reserve(booted, a)), store(booted, "region0/size", "0")]).toEqual(["ok", "ok"]);
    expect(read(booted, "region0/resource")).toBe("0xffffffffffffffff");
    const whole = active();
    expect([store(whole, "region0/size", "0"), leftOf(whole)]).toEqual(["EBUSY", { commit: "0", ...complete }]);
  });

  it("[S30] no hole is large enough: ERANGE, a debug line with size and window, and the region has no addresses", () => {
    const machine = spread(two);
    const booted = bootMachine({ ...machine, windows: machine.windows.map((window) => ({ ...window, size: 4n * share })) });
    newRegion(booted, 1);
    newRegion(booted, 1, 256, "region1");
    newRegion(booted, 1, 256, "region2");
    expectAnswers(booted, [["region0/size", hex(share), "ok"], ["region1/size", hex(2n * share), "ok"], ["region0/size", "0", "ok"], ["region2/size", hex(2n * share), "ERANGE"], ["region2/size", hex(share), "ok"]]);
    expect([read(booted, "region2/resource"), saying(booted, /HPA allocation error/)]).toEqual([hex(start), ["cxl_region region2: HPA allocation error (-ERANGE) for size:0x20000000 in CXL Window 0 [mem 0x400000000-0x43fffffff]"]]);
  });

  it("mode of an endpoint decoder: no partition by the name, or none of the kind (EINVAL), no capacity (ENXIO), enabled (EBUSY)", () => {
    const decoder = (booted: Booted, card: string): string => `${decoderOfCard(booted, card)}/mode`;
    const plain = bootMachine(spread(two));
    expectAnswers(plain, [[decoder(plain, a), "none", "EINVAL"], [decoder(plain, a), "", "EINVAL"], [decoder(plain, a), "pmem", "EINVAL"], [decoder(plain, a), "ram", "ok"]]);
    const persistent = bootMachine(spread(two, { card: () => ({ volatileCapacity: 0n, persistentCapacity: share }) }), { restrictions: { persistent: true } });
    expectAnswers(persistent, [[decoder(persistent, a), "ram", "ENXIO"], [decoder(persistent, a), "pmem", "ok"]]);
    const running = committed();
    expectAnswers(running, [[decoder(running, a), "ram", "EBUSY"]]);
  });

  it("target: unknown name (ENODEV), no endpoint decoder (EINVAL); an empty text gives the slot back", () => {
    const booted = active();
    expectAnswers(booted, [["region0/target0", "nothing", "ENODEV"], ["region0/target0", "decoder0.0", "EINVAL"], ["region0/target0", "decoder1.0", "EINVAL"], ["region0/target0", "mem0", "EINVAL"], ["region0/target1", "", "ok"], ["region0/target1", "\n", "ok"]]);
    expect(leftOf(booted)).toEqual({ commit: "0", size: 2n * share, targets: [serialOf(a), null], decoders: 2, references: 2 });
  });
});

describe("commit (7.2)", () => {
  const accesses = (booted: Booted, act: () => void): number => accessesOf(booted.system.hardware, act).length;

  it("targets are missing: ENXIO, without a register access", () => {
    const booted = active();
    store(booted, "region0/target1", "");
    expect(accesses(booted, () => expect(store(booted, "region0/commit", "1")).toBe("ENXIO"))).toBe(0);
  });

  it("neither 0 nor 1: EINVAL", () => {
    expectAnswers(active(), [["region0/commit", "2", "EINVAL"], ["region0/commit", "", "EINVAL"], ["region0/commit", "maybe", "EINVAL"]]);
  });

  it("committed already: success, without a register access", () => {
    const booted = committed();
    expect(accesses(booted, () => expect(store(booted, "region0/commit", "1")).toBe("ok"))).toBe(0);
  });

  it("CPU caches cannot be invalidated: ENXIO with a warning, no register access, and the targets stay", () => {
    const booted = active(withChoice(spread(two), { cacheInvalidation: false }));
    expect(accesses(booted, () => expect(store(booted, "region0/commit", "1")).toBe("ENXIO"))).toBe(0);
    expect([saying(booted, /Failed to synchronize CPU cache state/).length, leftOf(booted)]).toEqual([1, { commit: "0", ...complete }]);
  });

  it("an endpoint decoder above one that is not committed: EBUSY, out of order; what was committed on its path is rolled back", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 2);
    reserve(booted, b);
    const second = reserve(booted, b, share, 1);
    expectAnswers(booted, [["region0/size", hex(2n * share), "ok"], ["region0/target0", reserve(booted, a), "ok"], ["region0/target1", second, "ok"], ["region0/commit", "1", "EBUSY"]]);
    expect([saying(booted, /out of order commit/).length, leftOf(booted)?.commit, enabledDecoders(booted)]).toEqual([1, "0", 0]);
  });

  it("hardware does not answer: ETIMEDOUT; the region stays active with its targets, and can be taken apart", () => {
    const booted = active(withChoice(spread(two), { decoderCommitTime: 50_000_000 }));
    expect([store(booted, "region0/commit", "1"), leftOf(booted), enabledDecoders(booted)]).toEqual(["ETIMEDOUT", { commit: "0", ...complete }, 0]);
    const decoder = decoderOfCard(booted, b);
    expectAnswers(booted, [["region0/target0", "", "ok"], ["region0/target1", "", "ok"], [`${decoder}/dpa_size`, "0", "ok"], ["decoder0.0/delete_region", "region0", "ok"]]);
  });
});

describe("reset (7.3)", () => {
  it("of a region that is not committed: success, without a register access", () => {
    const booted = active();
    const accesses = accessesOf(booted.system.hardware, () => expect(store(booted, "region0/commit", "0")).toBe("ok"));
    expect([accesses.length, leftOf(booted)]).toEqual([0, { commit: "0", ...complete }]);
  });

  it("of a committed one: driver and dax region go, decoders are reset, the targets stay; it can be committed again", () => {
    const booted = committed();
    expect(booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_region/bind", "region0"))).toBeUndefined();
    expect(list(booted, "dax_region")).toEqual(["dax_region0"]);
    expect([store(booted, "region0/commit", "0"), list(booted, "dax_region"), booted.files.exists(`${devices}/region0/driver`), enabledDecoders(booted), leftOf(booted)]).toEqual(["ok", [], false, 0, { commit: "0", ...complete }]);
    expect([store(booted, "region0/commit", "1"), enabledDecoders(booted)]).toEqual(["ok", 3]);
  });

  it("(7.4) of a locked one: EPERM, and nothing is touched; a window that firmware fixed locks every region", () => {
    const locked = bootWith(spread(two), { regions: [regionOver([a, b], { isLocked: true })] });
    const accesses = accessesOf(locked.system.hardware, () => expect(store(locked, "region0/commit", "0")).toBe("EPERM"));
    expect([accesses.length, leftOf(locked), hasDriver(locked)]).toEqual([0, { commit: "1", ...complete }, true]);
    const fixed = bootMachine(spread(two), { restrictions: { fixed: true } });
    newRegion(fixed, 2);
    expect([read(fixed, "region0/locked"), read(fixed, "decoder0.0/locked"), store(fixed, "region0/commit", "0")]).toEqual(["1", "1", "EPERM"]);
  });
  const hasDriver = (one: Booted): boolean => one.files.exists(`${devices}/region0/driver`);

  it("where caches cannot be invalidated: a warning, and the reset goes on", () => {
    const one = bootWith(withChoice(spread(two), { cacheInvalidation: false }), { regions: [regionOver([a, b])] });
    expect([store(one, "region0/commit", "0"), enabledDecoders(one), saying(one, /Failed to synchronize CPU cache state/).length]).toEqual(["ok", 0, 1]);
  });
});

describe("DPA of an endpoint decoder (7.5)", () => {
  it("free: nothing held (ok), attached (EBUSY), enabled (EBUSY), not the highest (EBUSY)", () => {
    const booted = bootMachine(spread(two));
    const [first, second] = [decoderOfCard(booted, a), decoderOfCard(booted, a, 1)];
    expectAnswers(booted, [[`${first}/dpa_size`, "0", "ok"]]);
    reserve(booted, a);
    reserve(booted, a, share, 1);
    expectAnswers(booted, [[`${first}/dpa_size`, "0", "EBUSY"], [`${second}/dpa_size`, "0", "ok"], [`${first}/dpa_size`, "0", "ok"]]);
    const attached = active();
    const decoder = decoderOfCard(attached, a);
    expectAnswers(attached, [[`${decoder}/dpa_size`, "0", "EBUSY"], [`${decoder}/dpa_size`, hex(share), "EBUSY"]]);
    const firmware = bootWith(spread(two), { decoders: [decoderAt(a, { size: share, ways: 1, base: 64n * 1024n * MiB })] });
    expectAnswers(firmware, [[`${decoderOfCard(firmware, a)}/dpa_size`, "0", "EBUSY"]]);
    expect(read(firmware, `${decoderOfCard(firmware, a)}/dpa_size`)).toBe("0x0000000010000000");
  });

  it("allocate: no mode (EBUSY), no multiple of 256 MiB (EINVAL), more than is free (ENOSPC), before the decoder below (EBUSY)", () => {
    const booted = bootMachine(spread(two));
    const [first, second] = [decoderOfCard(booted, a), decoderOfCard(booted, a, 1)];
    expectAnswers(booted, [
      [`${first}/dpa_size`, hex(share), "EBUSY"], [`${first}/mode`, "ram", "ok"], [`${second}/mode`, "ram", "ok"], [`${first}/dpa_size`, "0x1000", "EINVAL"], [`${first}/dpa_size`, hex(3n * share), "ENOSPC"],
      [`${second}/dpa_size`, hex(share), "EBUSY"], [`${first}/dpa_size`, hex(share), "ok"], [`${second}/dpa_size`, hex(2n * share), "ENOSPC"], [`${second}/dpa_size`, hex(share), "ok"],
      [`${first}/dpa_size`, hex(2n * share), "EBUSY"],
    ]);
    expect([first, second].map((decoder) => read(booted, `${decoder}/dpa_resource`))).toEqual(["0x0", "0x10000000"]);
  });

  it("another size frees the old one first: what no longer fits leaves nothing", () => {
    const booted = bootMachine(spread(two));
    const decoder = reserve(booted, a);
    expectAnswers(booted, [[`${decoder}/dpa_size`, hex(2n * share), "ok"], [`${decoder}/dpa_size`, hex(3n * share), "ENOSPC"]]);
    expect(read(booted, `${decoder}/dpa_size`)).toBe("0x0000000000000000");
  });
});

describe("deletion (7.6)", () => {
  it("unknown, or below another root decoder: ENODEV", () => {
    const machine = spread(two);
    const [window] = machine.windows;
    if (window === undefined) throw new Error("no window");
    const booted = bootMachine({ ...machine, windows: [window, { ...window, base: window.base + window.size }] });
    newRegion(booted, 1);
    expectAnswers(booted, [["decoder0.0/delete_region", "region7", "ENODEV"], ["decoder0.0/delete_region", "", "ENODEV"], ["decoder0.1/delete_region", "region0", "ENODEV"], ["decoder0.0/delete_region", "region0\n", "ok"], ["decoder0.0/delete_region", "region0", "ENODEV"]]);
  });

  it("works on a region that runs: the driver goes, every decoder is reset, addresses and number are free", () => {
    const booted = committed();
    booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_region/bind", "region0"));
    expectAnswers(booted, [["decoder0.0/delete_region", "region0", "ok"]]);
    expect([list(booted, "region"), list(booted, "dax"), enabledDecoders(booted), booted.read("/proc/iomem").includes("region0"), read(booted, "decoder0.0/create_ram_region")]).toEqual([[], [], 0, false, "region0"]);
    expectAnswers(booted, [[`${decoderOfCard(booted, a)}/dpa_size`, "0", "ok"], [`${decoderOfCard(booted, b)}/dpa_size`, "0", "ok"]]);
  });

  it("(7.4) of a locked region touches no hardware", () => {
    const locked = bootWith(spread(two), { regions: [regionOver([a, b], { isLocked: true })] });
    expectAnswers(locked, [["decoder0.0/delete_region", "region0", "ok"]]);
    expect([list(locked, "region"), enabledDecoders(locked), locked.system.platform.memory.store(start, 8, 1n)]).toEqual([[], 3, "ok"]);
  });

  it("of one whose targets are incomplete gives back what they hold", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 2);
    expectAnswers(booted, [["region0/size", hex(2n * share), "ok"], ["region0/target1", reserve(booted, b), "ok"], ["decoder0.0/delete_region", "region0", "ok"], [`${decoderOfCard(booted, b)}/dpa_size`, "0", "ok"]]);
    expect(list(booted, "decoder").filter((name) => !name.startsWith("decoder0.")).every((name) => read(booted, `${name}/region`) === "" && read(booted, `${name}/size`) === "0x0")).toBe(true);
  });
});
