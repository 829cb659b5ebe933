// The attach checks A1 to A20 of region-assembly 6.3, each with its errno and with what it leaves (6.4), for regions made by hand and by firmware. Ways over
// every shape: region-ways.test.ts. A3: also region-pmem.test.ts.

import { describe, expect, it } from "vitest";
import { readCedt } from "../../src/kernel/acpi/acpi.ts";
import { cxlState, portOf as cxlPortOf } from "../../src/kernel/cxl/types.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import type { Left } from "../support/regions.ts";
import { bootWith, cardName, decoderAt, decoderOfCard, enabledDecoders, fillRegion, hex, leftOf, list, newRegion, positionsOf, read, regionOver, reserve, saying, serialOf, shapeOf, share, spread, start, store } from "../support/regions.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const two = shapeOf(1, 2);
const [a, b] = ["d0_0_0", "d0_1_0"] as const;
const serials = (...cards: readonly (string | null)[]): (bigint | null)[] => cards.map((card) => (card === null ? null : serialOf(card)));

/** Nothing of the region but its size: as before the store that was refused. */
const untouched = (ways: number, size = share * BigInt(ways)): Left => ({ commit: "0", size, targets: Array.from({ length: ways }, () => null), decoders: 0, references: 0 });

/** A region of `ways` with a size and no target. */
function sized(machine: MachineDescription, ways: number): Booted {
  const booted = bootMachine(machine);
  newRegion(booted, ways);
  expect(store(booted, "region0/size", hex(share * BigInt(ways)))).toBe("ok");
  return booted;
}

/** What the last arrival was told, as its endpoint's port says it. */
const refusals = (booted: Booted): string[] => saying(booted, /failed to attach/).map((line) => line.replace(/^cxl_port endpoint\d+: failed to attach decoder\d+\.\d+ to /, ""));

describe("a target by hand is refused, and nothing changes", () => {
  it("[A1] the endpoint cannot interleave over 3, 6 or 12 ways, or over 16 (ENXIO)", () => {
    for (const [ways, shape] of [[3, shapeOf(3)], [6, shapeOf(6)], [12, shapeOf(12)], [16, shapeOf(16)]] as const) {
      const booted = sized(spread(shape, { card: () => (ways === 16 ? { interleave16: false } : { interleave3612: false }) }), ways);
      const decoder = reserve(booted, cardName(0, 0));
      expect([ways, store(booted, "region0/target0", decoder), leftOf(booted)]).toEqual([ways, "ENXIO", untouched(ways)]);
      expect(store(booted, `${decoder}/dpa_size`, "0")).toBe("ok");
    }
  });

  it("[A2] the decoder belongs to no partition (ENODEV)", () => {
    const booted = sized(spread(two), 2);
    expect([store(booted, "region0/target0", decoderOfCard(booted, a)), leftOf(booted)]).toEqual(["ENODEV", untouched(2)]);
  });

  it("[A4] the region is complete (EBUSY): A6 cannot be met by hand, as a region with all of its targets is active", () => {
    const booted = sized(spread(two), 1);
    expect(store(booted, "region0/target0", reserve(booted, a))).toBe("ok");
    const before = leftOf(booted);
    expect([store(booted, "region0/target0", reserve(booted, b)), leftOf(booted)]).toEqual(["EBUSY", before]);
    expect(before).toEqual({ commit: "0", size: share, targets: serials(a), decoders: 2, references: 2 });
    store(booted, "region0/commit", "1");
    expect([store(booted, "region0/target0", decoderOfCard(booted, b)), leftOf(booted)]).toEqual(["EBUSY", { ...before, commit: "1" }]);
  });

  it("[A5] the region has no size yet (ENXIO)", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 2);
    expect([store(booted, "region0/target0", reserve(booted, a)), leftOf(booted)]).toEqual(["ENXIO", untouched(2, 0n)]);
  });

  it("[A7] the endpoint's host bridge is no dport of the root (ENXIO), as while the root gives it up", () => {
    const booted = sized(spread(two), 2);
    const decoder = reserve(booted, a);
    const { root } = cxlState(booted.kernel);
    if (root === null) throw new Error("no root");
    const bridges = cxlPortOf(root).dports.splice(0);
    expect([store(booted, "region0/target0", decoder), leftOf(booted), saying(booted, /not below this root/).length]).toEqual(["ENXIO", untouched(2), 1]);
    cxlPortOf(root).dports.push(...bridges);
    expect(store(booted, "region0/target0", decoder)).toBe("ok");
  });

  it("[A8] the decoder is of an accelerator's type, which only firmware can have set (ENXIO)", () => {
    const booted = bootWith(spread(two), { decoders: [decoderAt(a, { base: 64n * GiB, size: share, ways: 1, isDeviceCoherent: true })] });
    const decoder = decoderOfCard(booted, a);
    expect([read(booted, `${decoder}/target_type`), read(booted, `${decoderOfCard(booted, b)}/target_type`), list(booted, "region")]).toEqual(["accelerator", "expander", []]);
    newRegion(booted, 2);
    store(booted, "region0/size", hex(2n * share));
    expect([store(booted, "region0/target0", decoder), leftOf(booted), saying(booted, /type mismatch/).length]).toEqual(["ENXIO", untouched(2), 1]);
    expect(enabledDecoders(booted)).toBe(1);
  });

  it("[A9] no DPA is reserved (ENXIO)", () => {
    const booted = sized(spread(two), 2);
    const decoder = decoderOfCard(booted, a);
    expect(store(booted, `${decoder}/mode`, "ram")).toBe("ok");
    expect([store(booted, "region0/target0", decoder), leftOf(booted), saying(booted, /has no DPA/).length]).toEqual(["ENXIO", untouched(2), 1]);
  });

  it("[A11] the region is firmware's: EINVAL, with an error line unless firmware programmed the decoder too", () => {
    const booted = bootWith(spread(shapeOf(1, 3)), { regions: [regionOver([a, b])], decoders: [decoderAt(b, { isCommitted: false })] });
    const before = leftOf(booted);
    expect(before?.targets).toEqual(serials(a, null));
    expect([store(booted, "region0/target1", reserve(booted, cardName(0, 2))), leftOf(booted), saying(booted, /unable to add decoder to autodetected region/).length]).toEqual(["EINVAL", before, 1]);
  });

  it("[A16] the position belongs to another host bridge (ENXIO); in its own place it is taken", () => {
    const booted = sized(spread(shapeOf(2, 2)), 4);
    for (const card of positionsOf(shapeOf(2, 2))) reserve(booted, card);
    const target = (position: number, card: string) => store(booted, `region0/target${position}`, decoderOfCard(booted, card));
    expect([target(1, cardName(0, 1)), target(0, cardName(1, 0)), leftOf(booted)]).toEqual(["ENXIO", "ENXIO", untouched(4)]);
    expect([target(2, cardName(0, 1)), target(3, cardName(1, 0))]).toEqual(["ok", "ok"]);
  });

  it("[A17] no decoder is left at the host bridge (EBUSY)", () => {
    const booted = bootMachine(spread(two, { decoders: 1 }));
    newRegion(booted, 1);
    expect(fillRegion(booted, [a])).toEqual(["ok"]);
    newRegion(booted, 1, 256, "region1");
    expect(store(booted, "region1/size", hex(share))).toBe("ok");
    expect([store(booted, "region1/target0", reserve(booted, b)), leftOf(booted, "region1"), leftOf(booted)?.decoders]).toEqual(["EBUSY", untouched(1), 2]);
  });

  it("[A17] a region at higher addresses passes through the host bridge already (EBUSY)", () => {
    const booted = bootMachine(spread(two));
    newRegion(booted, 1);
    store(booted, "region0/size", hex(share));
    newRegion(booted, 1, 256, "region1");
    expect(fillRegion(booted, [a], "region1")).toEqual(["ok"]);
    expect([store(booted, "region0/target0", reserve(booted, b)), leftOf(booted), saying(booted, /HPA order violation region1/).length]).toEqual(["EBUSY", untouched(1), 1]);
  });

  it("[A17] more root ports than a decoder of the host bridge has targets (ENXIO)", () => {
    const booted = sized(spread(shapeOf(1, 4), { targetCount: 2 }), 4);
    const answers = positionsOf(shapeOf(1, 4)).map((card, position) => store(booted, `region0/target${position}`, reserve(booted, card)));
    expect([answers, leftOf(booted)?.targets]).toEqual([["ok", "ok", "ENXIO", "ENXIO"], serials(a, b, null, null)]);
  });

  it("[A17] the memdev, or the slot, is in the region already (EBUSY)", () => {
    const booted = sized(spread(two), 2);
    expect(store(booted, "region0/target0", reserve(booted, a))).toBe("ok");
    const before = leftOf(booted);
    expect([store(booted, "region0/target1", reserve(booted, a, share, 1)), store(booted, "region0/target0", reserve(booted, b)), leftOf(booted)]).toEqual(["EBUSY", "EBUSY", before]);
  });

  it("[A18] the targets of a host bridge are no power of two (EINVAL): only the last one is left out", () => {
    const uneven = machineOf([
      portOf("rp0", { slots: [switchOf("sw0", [0, 1].map((n) => downstreamOf(`dsp${n}`, n, [deviceOf(cardName(0, 0, n), { serial: serialOf(cardName(0, 0, n)) })])))] }),
      ...[1, 2].map((p) => portOf(`rp${p}`, { slots: [deviceOf(cardName(0, p), { serial: serialOf(cardName(0, p)) })] })),
    ]);
    const booted = sized(uneven, 4);
    const cards = [cardName(0, 0, 0), cardName(0, 1), cardName(0, 0, 1), cardName(0, 2)];
    const answers = cards.map((card, position) => store(booted, `region0/target${position}`, reserve(booted, card)));
    expect([answers, leftOf(booted)?.targets, saying(booted, /invalid target count 3/).length]).toEqual([["ok", "ok", "ok", "EINVAL"], serials(cards[0] ?? null, cards[1] ?? null, cards[2] ?? null, null), 1]);
    expect(read(booted, "decoder1.0/size")).toBe("0x0");
  });

  it("[A19] the order does not alternate between the root ports (ENXIO); in the right order the same targets are taken", () => {
    const shape = shapeOf(1, 2, 2);
    const booted = sized(spread(shape), 4);
    const right = positionsOf(shape);
    const wrong = [right[0], right[2], right[1], right[3]].map((card) => card ?? "");
    const answers = wrong.map((card, position) => store(booted, `region0/target${position}`, reserve(booted, card)));
    expect([answers, leftOf(booted)?.targets]).toEqual([["ok", "ok", "ok", "ENXIO"], [...serials(...wrong.slice(0, 3)), null]]);
    for (const position of [0, 1, 2]) expect(store(booted, `region0/target${position}`, "")).toBe("ok");
    expect(leftOf(booted)).toEqual(untouched(4));
    expect([...right.map((card, position) => store(booted, `region0/target${position}`, decoderOfCard(booted, card))), store(booted, "region0/commit", "1")]).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  });
});

describe("a member that firmware programmed is left out: the others stay staged, its hardware goes on decoding", () => {
  it("[A1] it cannot interleave over the ways that the first arrival has (ENXIO)", () => {
    const shape = shapeOf(3);
    const order = positionsOf(shape);
    const unable = order[2] ?? "";
    const machine = spread(shape, { card: (name) => (name === unable ? { interleave3612: false, volatileCapacity: GiB } : {}) });
    const booted = bootWith(machine, { regions: [regionOver(order)], decoders: [decoderAt(unable, { size: 3n * share, ways: 1 })] });
    expect([leftOf(booted), refusals(booted), enabledDecoders(booted)]).toEqual([{ commit: "0", size: 3n * share, targets: serials(order[0] ?? null, order[1] ?? null, null), decoders: 0, references: 0 }, ["region0: -6"], 6]);
  });

  it("[A2] its DPA lies over the border of two partitions (ENODEV)", () => {
    const machine = spread(two, { card: (name) => (name === b ? { volatileCapacity: share, persistentCapacity: share } : {}) });
    const booted = bootWith(machine, { regions: [regionOver([a, b])], decoders: [decoderAt(b, { size: 2n * share, ways: 1 })] }, { restrictions: { persistent: true } });
    expect([leftOf(booted), refusals(booted), read(booted, `${decoderOfCard(booted, b)}/mode`)]).toEqual([{ ...untouched(2), targets: serials(a, null) }, ["region0: -19"], "none"]);
  });

  it("[A8] it is of an accelerator's type and the first is not (ENXIO); two of the type make a region", () => {
    const mixed = bootWith(spread(two), { regions: [regionOver([a, b])], decoders: [decoderAt(b, { isDeviceCoherent: true })] });
    expect([leftOf(mixed), refusals(mixed), enabledDecoders(mixed)]).toEqual([{ ...untouched(2), targets: serials(a, null) }, ["region0: -6"], 3]);
    const alike = bootWith(spread(two), { regions: [regionOver([a, b])], decoders: [decoderAt(a, { isDeviceCoherent: true }), decoderAt(b, { isDeviceCoherent: true })] });
    expect([read(alike, "region0/commit"), refusals(alike)]).toEqual(["1", []]);
  });

  it("[A10] its share is another (EINVAL)", () => {
    const booted = bootWith(spread(two), { regions: [regionOver([a, b])], decoders: [decoderAt(b, { ways: 1 })] });
    expect([leftOf(booted), refusals(booted)]).toEqual([{ ...untouched(2), targets: serials(a, null) }, ["region0: -22"]]);
  });

  it("[A4] [A6] the slots are full: EINVAL while a check has failed, EBUSY once the region runs", () => {
    const extra = cardName(0, 2);
    for (const [bridgeIsRight, errno] of [[false, "region0: -22"], [true, "region0: -16"]] as const) {
      const booted = bootWith(spread(shapeOf(1, 3)), { regions: [regionOver([a, b])], decoders: [decoderAt(extra), ...(bridgeIsRight ? [] : [decoderAt("hb0", { isCommitted: false })])] });
      expect([refusals(booted).at(-1), leftOf(booted)?.targets]).toEqual([errno, serials(a, b)]);
      expect(decoderOfCard(booted, extra)).not.toBe("");
    }
  });
});

describe("the last member has arrived and a check fails: all slots full, state below commit, decoders as firmware left them", () => {
  /** Left when no port got as far as a reference. */
  const full = (cards: readonly string[], values: Partial<Left> = {}): Left => ({ commit: "0", size: share * BigInt(cards.length), targets: serials(...cards), decoders: 0, references: 0, ...values });

  function check(booted: Booted, cards: readonly string[], errno: string, values: Partial<Left>, enabled: number): void {
    expect([leftOf(booted), refusals(booted).at(-1), enabledDecoders(booted)]).toEqual([full(cards, values), `region0: ${errno}`, enabled]);
    // What 7.7 says of it: no commit, no DPA back, but the object and its addresses go.
    expect([store(booted, "region0/commit", "1"), store(booted, "region0/commit", "0"), store(booted, `${decoderOfCard(booted, cards[0] ?? "")}/dpa_size`, "0")]).toEqual(["ENXIO", "ok", "EBUSY"]);
    expect([store(booted, "decoder0.0/delete_region", "region0"), booted.read("/proc/iomem").includes("region0"), enabledDecoders(booted)]).toEqual(["ok", false, enabled]);
    expect(store(booted, `${decoderOfCard(booted, cards[0] ?? "")}/dpa_size`, "0")).toBe("EBUSY");
  }

  it("[A14] [A15] the host bridge does not decode the range (ENXIO): sorted all the same, no references", () => {
    const booted = bootWith(spread(two), { regions: [regionOver([a, b])], decoders: [decoderAt("hb0", { isCommitted: false })] });
    expect(saying(booted, /failed to find decoder mapping/)).toHaveLength(2);
    check(booted, [a, b], "-6", {}, 2);
  });

  it("[A16] a position that the window gives to another host bridge (ENXIO): the members before it have their references", () => {
    const order = [cardName(0, 0), cardName(1, 0), cardName(0, 1), cardName(1, 1)];
    const decoders = [decoderAt("hb1", { size: 4n * share, ways: 4, granularity: 512, targets: [2, 0, 1, 3] })];
    const booted = bootWith(spread(shapeOf(2, 4)), { regions: [regionOver(order)], decoders });
    expect(saying(booted, /invalid target position for decoder0\.0/)).toHaveLength(1);
    check(booted, [cardName(0, 0), cardName(0, 1), cardName(1, 0), cardName(1, 1)], "-6", { decoders: 2, references: 2 }, 6);
  });

  it("[A18] ways or granularity of a port are others (ENXIO), or the number of its targets no power of two (EINVAL): every reference is there", () => {
    const booted = bootWith(spread(shapeOf(2, 2)), { regions: [regionOver(positionsOf(shapeOf(2, 2)))], decoders: [decoderAt("hb0", { size: 4n * share, targets: [0, 1] })] });
    expect(saying(booted, /expected iw: 2 ig: 512|got iw: 2 ig: 256/)).toHaveLength(2);
    check(booted, positionsOf(shapeOf(2, 2)), "-6", { decoders: 6, references: 6 }, 6);
    const three = [cardName(0, 0), cardName(0, 1), cardName(0, 2)];
    const uneven = bootWith(spread(shapeOf(1, 4)), { regions: [regionOver(three)], decoders: [decoderAt("hb0", { size: 3n * share, ways: 4, targets: [0, 1, 2, 3] })] });
    expect(saying(uneven, /invalid target count 3/)).toHaveLength(1);
    check(uneven, three, "-22", { decoders: 4, references: 4 }, 4);
  });

  it("[A19] two members in a row below one root port (ENXIO)", () => {
    const order = [cardName(0, 0, 0), cardName(0, 1, 0), cardName(0, 0, 1), cardName(0, 1, 1)];
    // The second switch has the region's cards in its second and third way: both come after those of the first switch.
    const decoders = [decoderAt("sw0_1", { size: 4n * share, ways: 4, granularity: 512, targets: [2, 0, 1, 3] })];
    const booted = bootWith(spread(shapeOf(1, 2, 4)), { regions: [regionOver(order)], decoders });
    const sorted = [cardName(0, 0, 0), cardName(0, 0, 1), cardName(0, 1, 0), cardName(0, 1, 1)];
    expect(saying(booted, /cannot host/)).toHaveLength(1);
    check(booted, sorted, "-6", { decoders: 7, references: 7 }, 7);
  });

  it("[A14] (6.4) a member that leaves after the failure frees its slot and its references, and fails the same way when it comes back", () => {
    const booted = bootWith(spread(shapeOf(2, 2)), { regions: [regionOver(positionsOf(shapeOf(2, 2)))], decoders: [decoderAt("hb0", { size: 4n * share, targets: [0, 1] })] });
    const before = leftOf(booted);
    store(booted, "../drivers/cxl_mem/unbind", "mem0");
    expect(leftOf(booted)?.targets.filter((serial) => serial === null)).toHaveLength(1);
    store(booted, "../drivers/cxl_mem/bind", "mem0");
    expect(leftOf(booted)).toEqual(before);
  });
});

describe("checks that the model cannot fail", () => {
  it("[A20] no mixture of restricted and virtual-host topologies: firmware writes every host bridge as CXL 2.0, and a restricted one would have no port", () => {
    const booted = bootWith(spread(shapeOf(2)), { regions: [regionOver(positionsOf(shapeOf(2)))] });
    expect(readCedt(booted.kernel)?.hostBridges.map((bridge) => bridge.version)).toEqual([1, 1]);
    expect([read(booted, "region0/commit"), saying(booted, /mismatched CXL topologies/)]).toEqual(["1", []]);
  });

  it("[A5] [A9] [A12] by firmware: a region is made with its size and its slots, and a committed decoder comes with its DPA", () => {
    const booted = bootWith(spread(shapeOf(1, 4)), { regions: [regionOver([a, b])] });
    expect([leftOf(booted), saying(booted, /interleave config missing|has no DPA|no more target slots/)]).toEqual([{ commit: "1", size: 2n * share, targets: serials(a, b), decoders: 3, references: 3 }, []]);
  });
});

describe("what firmware and hardware do wrong (6.6)", () => {
  it("media that does not become ready: the memdev stays without a driver, the region waits for it", () => {
    const machine = spread(two, { card: (name) => (name === b ? { mediaReadyTime: 100_000_000_000 } : {}) });
    const booted = bootWith(machine, { regions: [regionOver([a, b])] });
    const disabled = list(booted, "mem").filter((name) => !booted.files.exists(`/sys/bus/cxl/devices/${name}/driver`));
    expect([disabled.length, list(booted, "mem").length, leftOf(booted)]).toEqual([1, 2, { ...untouched(2), targets: serials(a, null) }]);
    expect(store(booted, "../drivers/cxl_mem/bind", disabled[0] ?? "")).toBe("EBUSY");
  });

  it("(6.1) a range over two windows is in neither (ENXIO): no region", () => {
    const machine = spread(shapeOf(1));
    const booted = bootWith({ ...machine, windows: [{ base: start, size: share, ways: 1, granularity: 256, targets: [0] }, { base: start + share, size: share, ways: 1, granularity: 256, targets: [0] }] }, { decoders: [decoderAt(a, { ways: 1 }), decoderAt("hb0", { ways: 1, targets: [0] })] });
    expect([list(booted, "region"), saying(booted, /no CXL window for range/).length, list(booted, "endpoint").length, enabledDecoders(booted)]).toEqual([[], 1, 1, 2]);
  });

  it("(4.4) a decoder that is committed before the one below it: the endpoint's probe fails, the memdev stays without a driver", () => {
    const booted = bootWith(spread(two), { decoders: [decoderAt(a, { index: 1, size: share, ways: 1 })] });
    expect([list(booted, "region"), list(booted, "endpoint").length, list(booted, "mem").length, saying(booted, /Committed out of order/).length]).toEqual([[], 1, 2, 1]);
    const disabled = list(booted, "mem").find((name) => !booted.files.exists(`/sys/bus/cxl/devices/${name}/driver`));
    expect(store(booted, "../drivers/cxl_mem/bind", disabled ?? "")).toBe("ENXIO");
  });
});
