// Who owns Soft Reserved memory when something went wrong, and what is lost by it: whole machines (seeds S30-S65; the decision by itself is a table
// in src/kernel/dax/ownership.test.ts).

import { describe, expect, it } from "vitest";
import { busDevices, findDevice } from "../../src/kernel/base/device.ts";
import { moduleNames, moduleState } from "../../src/kernel/base/module-plan.ts";
import { troubles } from "../../src/kernel/cxl/trouble.ts";
import { loadModule } from "../../src/kernel/modules.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { FirmwareDecoder, FirmwareRegion, SoftReservedRange } from "../../src/platform/firmware-setup.ts";
import { sleep } from "../../src/sim/task.ts";
import { runCommand } from "../../src/userland/run.ts";
import { canonicalState } from "../support/canonical.ts";
import type { Booted } from "../support/kernel.ts";
import { GiB, MiB } from "../support/machine.ts";
import type { Case } from "../support/soft-reserved.ts";
import { bootCase, bus, captured, daxFacts, daxLine, daxOf, devices, hmemOf, machineWith, policyOf, region, regionsOf, saying, start, whole, windowOf } from "../support/soft-reserved.ts";

const second = 1_000_000_000;
const quarter = 256n * MiB;
const failing = captured([true, false]);
const premature = { decision: { kind: "naive-wait" } } as const;
/** hmem's decision comes before memdevs are looked for. */
const unlucky = { builtIn: [], modules: ["cxl_port", "cxl_acpi", "dax_hmem", "dax_cxl", "cxl_mem", "cxl_pci"] } as const;

const store = (booted: Booted, path: string, text: string): void => booted.run(booted.files.write(path, text));
const unbindHmem = (booted: Booted): void => store(booted, "/sys/bus/platform/drivers/hmem/unbind", hmemOf(booted)[0] ?? "");
/** The window is as large as the region: nothing else is free in it. */
const tight = (present: readonly boolean[] = [true, true]) => {
  const machine = captured(present);
  return { ...machine, windows: machine.windows.map((window) => ({ ...window, size: 512n * MiB })) };
};
const create = (booted: Booted, count = 2): { readonly exitCode: number; readonly stderr: string } => booted.command(`cxl create-region -d decoder0.0 -m -t ram -w ${count} ${Array.from({ length: count }, (_, n) => `mem${n}`).join(" ")}`);

/** Regions of one card each, every one over a Soft Reserved range of its own. */
function singles(count: number, change: { readonly present?: readonly boolean[]; readonly decoders?: readonly FirmwareDecoder[] } = {}): Case {
  const regions = Array.from({ length: count }, (_, n): FirmwareRegion => region({ base: start + BigInt(n) * quarter, size: quarter, targets: [`mem${n}`] }));
  const machine = machineWith(change.present ?? Array.from({ length: count }, () => true));
  return { machine: { ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, decoders: 8 })) }, regions, decoders: change.decoders ?? [], softReserved: regions.map(({ base, size }) => ({ base, size })) };
}

/** The card's second decoder is committed, its first one is not: its endpoint does not come up (4.4). */
const broken = (place: string, at: bigint): FirmwareDecoder[] => [0, 1].map((index) => ({ place, index, base: at, size: quarter, ways: 1, granularity: 256, targets: [], skip: 0n, isLocked: false, isCommitted: index === 1 }));

describe("room in a window", () => {
  it("[S30] the numbers of the seed: hmem has all of the window, a region of its size fails with ERANGE and leaves nothing", () => {
    const base = 0x8_5000_0000n;
    const size = 0x20_0000_0000n;
    const machine = machineWith([true], { volatileCapacity: size });
    const booted = bootCase({ machine: { ...machine, windows: [{ base, size, ways: 1, granularity: 256, targets: [0] }] }, regions: [], softReserved: [{ base, size }] });
    const made = booted.command(`cxl create-region -d decoder0.0 -m -t ram -s ${size} mem0`);
    expect([made.exitCode, made.stderr.includes("set_size failed"), made.stderr.includes("created 0 regions"), regionsOf(booted)]).toEqual([1, true, true, []]);
    expect(saying(booted, /HPA allocation error/)).toEqual(["cxl_region region0: HPA allocation error (-ERANGE) for size:0x2000000000 in CXL Window 0 [mem 0x850000000-0x284fffffff]"]);
  });

  it("[S32] [S35] a user, after hmem has part of the window: a region beside it is made and gets its dax device, one that needs more room is not", () => {
    const booted = bootCase({ regions: [], softReserved: [{ base: start, size: 2n * GiB }] });
    expect([create(booted).exitCode, daxLine(booted)]).toEqual([0, "hmem 0+2048, cxl 2048+512"]);
    const full = bootCase({ machine: tight(), regions: [] });
    expect([create(full).exitCode, saying(full, /-ERANGE/).length]).toEqual([1, 1]);
  });

  it("[S32] devices with committed decoders that come later: the dax region over hmem's range is refused, the one beside it binds", () => {
    const late = (softReserved: readonly SoftReservedRange[]): Booted => {
      const booted = bootCase({ ...singles(2), softReserved, modules: { builtIn: moduleNames.filter((name) => name !== "cxl_mem"), modules: [] } });
      moduleState(booted.kernel).plan = { builtIn: moduleNames, modules: [] };
      booted.run(loadModule(booted.kernel, "cxl_mem"));
      return booted;
    };
    const booted = late([{ base: start, size: quarter }]);
    expect([daxLine(booted), saying(booted, /dax_region resource conflict/).length]).toEqual(["hmem 0+256, cxl 256+256", 1]);
  });

  it("[S32] a memdev bound again finds its region again, and hmem keeps the range", () => {
    const booted = bootCase({ machine: failing });
    store(booted, "/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0");
    store(booted, "/sys/bus/cxl/drivers/cxl_mem/bind", "mem0");
    expect([daxLine(booted), regionsOf(booted)]).toEqual(["hmem 0+512", ["region0"]]);
  });

  it("[S35] ignored by firmware: present but not decoded, and decoded by a user after boot; nothing is Soft Reserved, nobody stands in the way", () => {
    const booted = bootCase({ regions: [], softReserved: [] });
    expect([daxLine(booted), hmemOf(booted), regionsOf(booted)]).toEqual(["", [], []]);
    expect([create(booted).exitCode, daxLine(booted)]).toEqual([0, "cxl 0+512"]);
  });

  it("[S34] whatever is made, destroyed and bound again, no address is in two dax devices", () => {
    const booted = bootCase({ machine: captured([true, true], GiB), softReserved: [{ base: start, size: GiB }] });
    const actions: readonly (() => unknown)[] = [
      () => create(booted), () => create(booted, 1), () => booted.command("cxl destroy-region -f all"), () => booted.command("cxl disable-region all"), () => booted.command("cxl enable-region all"),
      ...["hmem.1", "hmem.2"].flatMap((name) => ["bind", "unbind"].map((verb) => () => attempt(booted, `/sys/bus/platform/drivers/hmem/${verb}`, name))),
      ...["mem0", "mem1"].flatMap((name) => ["bind", "unbind"].map((verb) => () => attempt(booted, `/sys/bus/cxl/drivers/cxl_mem/${verb}`, name))),
    ];
    for (let step = 0, at = 7; step < 120; step++, at = (at * 31 + 17) % 1009) {
      actions[at % actions.length]?.();
      const facts = daxFacts(booted);
      for (const [index, one] of facts.entries()) expect((facts[index + 1]?.at ?? Infinity) >= one.at + one.size).toBe(true);
    }
  });
});

/** A store that may be refused. */
function attempt(booted: Booted, path: string, text: string): string {
  try {
    store(booted, path, text);
    return "done";
  } catch (thrown) {
    return (thrown as { readonly errno?: string }).errno ?? "?";
  }
}

describe("the tree and who owns", () => {
  it("[S38] nested alike with CXL and with hmem as owner: only the dax device's parent tells them apart", () => {
    const owned = bootCase({});
    const taken = bootCase({ machine: failing });
    const nesting = (booted: Booted): string => windowOf(booted).join("\n").replaceAll(/dax\d+\.0/g, "dax");
    expect(nesting(taken)).toBe(nesting(owned));
    expect([daxLine(owned), daxLine(taken)]).toEqual(["cxl 0+512", "hmem 0+512"]);
  });

  it("[S43] late: hmem lets go, the line goes, the region goes, the addresses are free again", () => {
    const booted = bootCase({ machine: failing, policies: policyOf({ publication: "late" }) });
    expect(windowOf(booted)).toContain("  4d0000000-4efffffff : Soft Reserved");
    unbindHmem(booted);
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0"]);
    store(booted, `${devices}/region0/commit`, "0");
    store(booted, `${devices}/decoder0.0/delete_region`, "region0");
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0"]);
  });

  it("[S43] [S44] in another order: ERANGE while hmem or the region has the addresses, and memory that is online keeps them", () => {
    const booted = bootCase({ machine: tight([true, false]), policies: { ...policyOf({ publication: "late" }), memoryUse: "system-ram-normal", onlineType: "online" } });
    expect([create(booted, 1).exitCode, saying(booted, /-ERANGE/).length]).toEqual([1, 1]);
    store(booted, `${devices}/decoder0.0/delete_region`, "region0");
    expect([create(booted, 1).exitCode, saying(booted, /-ERANGE/).length]).toEqual([1, 2]);
    unbindHmem(booted);
    expect(saying(booted, /cannot be hotremoved until the next reboot/)).toHaveLength(1);
    expect([create(booted, 1).exitCode, saying(booted, /-ERANGE/).length]).toEqual([1, 3]);
  });

  it("[S45] [POL-SRPUB] [POL-SR] a region removed and made again: no room while Soft Reserved stays in the tree, room with trim or unpublished", () => {
    const again = (policies: Partial<KernelPolicies>): number => {
      const booted = bootCase({ machine: tight(), policies });
      store(booted, `${devices}/decoder0.0/delete_region`, "region0");
      return create(booted).exitCode;
    };
    expect([again(policyOf({ publication: "always" })), again(policyOf({ publication: "always", split: "trim", leftover: "to-dax" })), again({})]).toEqual([1, 0, 0]);
  });

  it("[S62] no consumer: Soft Reserved stands in /proc/iomem from boot on and nobody uses it; with one it is kept apart", () => {
    const without = bootCase({ regions: [], modules: { builtIn: moduleNames.filter((name) => name !== "dax_hmem"), modules: [] } });
    expect([daxOf(without), windowOf(without)]).toEqual([[], ["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : Soft Reserved"]]);
    expect(bootCase({ regions: [] }).read("/proc/iomem")).not.toContain("Soft Reserved");
  });
});

describe("splitting", () => {
  const policies = policyOf({ split: "trim", leftover: "to-dax", publication: "late" });

  it("[S46] [S47] [S64] [POL-SR] trim: the part under the region is CXL's, what is left of the range is hmem's, each piece with its line", () => {
    const booted = bootCase({ softReserved: [{ base: start, size: GiB }], policies });
    expect(daxLine(booted)).toBe("cxl 0+512, hmem 512+512");
    expect(windowOf(booted)).toEqual([
      "4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", "    4d0000000-4efffffff : dax0.0", "  4f0000000-50fffffff : Soft Reserved", `    4f0000000-50fffffff : ${daxOf(booted)[1] ?? ""}`,
    ]);
    unbindHmem(booted);
    expect(windowOf(booted).filter((line) => line.includes("Soft Reserved"))).toEqual([]);
  });

  it("[S46] [S47] before, between and behind two regions", () => {
    const { machine, regions = [] } = singles(2);
    const booted = bootCase({ ...(machine === undefined ? {} : { machine }), regions: regions.map((one, n) => ({ ...one, base: start + BigInt(1 + 2 * n) * quarter })), softReserved: [{ base: start, size: 5n * quarter }], policies });
    expect(daxLine(booted)).toBe("hmem 0+256, cxl 256+256, hmem 512+256, cxl 768+256, hmem 1024+256");
  });

  it("[S65] trimmed when a region is constructed, the piece does not come back when the assembly fails; decided late it is hmem's", () => {
    expect([daxLine(bootCase({ machine: failing, policies })), daxLine(bootCase({ machine: failing, policies: policyOf({ split: "trim-after-probe" }) }))]).toEqual(["", "hmem 0+512"]);
  });

  it("[S66] [POL-SR] trim-after-probe: as softened, but a range that is covered in part is split", () => {
    const softReserved = [{ base: start, size: GiB }];
    expect(daxLine(bootCase({ softReserved, policies: policyOf({ split: "trim-after-probe" }) }))).toBe("cxl 0+512, hmem 512+512");
    expect(daxLine(bootCase({ softReserved }))).toBe("hmem 0+1024?");
    for (const machine of [captured(), failing]) expect(daxLine(bootCase({ machine, policies: policyOf({ split: "trim-after-probe" }) }))).toBe(daxLine(bootCase({ machine })));
  });

  it("[S53] [POL-LEFTOVER] more than the region is reserved: waste loses what is left over, to-dax nothing", () => {
    const got = (leftover: "waste" | "to-dax"): number => daxFacts(bootCase({ softReserved: [{ base: start, size: GiB }], policies: policyOf({ split: "all-or-nothing", leftover }) })).reduce((sum, { size }) => sum + size, 0);
    expect([got("waste"), got("to-dax")]).toEqual([512, 1024]);
  });

  it("[S52] the shapes of a range, with its leftovers to dax", () => {
    const shape = (softReserved: readonly SoftReservedRange[], change: Partial<Case> = {}): string => daxLine(bootCase({ machine: tight(), softReserved, policies: policyOf({ leftover: "to-dax" }), ...change }));
    const base = tight();
    const twoWindows = { ...machineWith([true, true]), windows: [0n, 1n].map((n) => ({ base: start + n * quarter, size: quarter, ways: 1, granularity: 256, targets: [0] })) };
    const pair = singles(2).regions ?? [];
    expect({
      "equals the window": shape([whole]),
      "larger than the window": shape([{ base: start, size: GiB }]),
      "equals, a member is missing": shape([whole], { machine: { ...base, hostBridges: failing.hostBridges } }),
      "smaller than the window": shape([{ base: start, size: quarter }]),
      "over two windows": shape([whole], { machine: twoWindows, regions: pair.map((one, window) => ({ ...one, window })) }),
      "over no window": shape([{ base: start + 8n * GiB, size: quarter }]),
    }).toEqual({
      "equals the window": "cxl 0+512", "larger than the window": "cxl 0+512, hmem 512+512", "equals, a member is missing": "hmem 0+512", "smaller than the window": "cxl 0+512",
      "over two windows": "cxl 0+256, cxl 256+256", "over no window": "cxl 0+512, hmem 8192+256",
    });
  });
});

describe("all or nothing", () => {
  const policies = policyOf({ split: "all-or-nothing", blast: "global" });

  it("[S48] one of eight endpoints fails: no object of CXL is left, every range is a raw dax device; without the failure all of it is CXL's", () => {
    const ranges = Array.from({ length: 8 }, (_, n) => n * 256);
    const booted = bootCase({ ...singles(8, { decoders: broken("mem5", start + 5n * quarter) }), policies });
    expect(daxLine(booted)).toBe(ranges.map((at) => `hmem ${at}+256`).join(", "));
    expect([bus(booted, "cxl").filter((name) => !name.startsWith("mem")), booted.read("/proc/iomem").includes("CXL Window")]).toEqual([[], false]);
    expect(saying(booted, /not to be trusted/)).toEqual([expect.stringContaining("probe failed: -6"), expect.stringContaining("probe failed: -6")]);
    expect(daxLine(bootCase({ ...singles(8), policies }))).toBe(ranges.map((at) => `cxl ${at}+256`).join(", "));
  });

  it("[S48] what firmware decodes goes on being decoded: the raw dax memory answers", () => {
    const booted = bootCase({ ...singles(2, { decoders: broken("mem1", start + quarter) }), policies });
    const { memory } = booted.kernel.platform;
    expect(daxLine(booted)).toBe("hmem 0+256, hmem 256+256");
    expect(memory.store(start, 8, 0x1234n)).toBe("ok");
    expect(memory.load(start, 8)).toEqual({ status: "ok", value: 0x1234n });
  });

  it("[S49] the undo list is the reverse of what was made; regions go before windows; a second time changes nothing", () => {
    const steps: string[] = [];
    const windowsThen: boolean[] = [];
    const booted = bootCase({ ...singles(2), onStep: ({ files }, text) => {
      steps.push(text);
      if (/^region\d deleted$/.test(text)) windowsThen.push(files.read("/proc/iomem").includes("CXL Window 0"));
    } });
    const acpi = findDevice(booted.kernel, "platform", "ACPI0017:00");
    if (acpi === undefined) throw new Error("no root device");
    const undo = [...acpi.managed];
    expect(undo.map(({ name }) => name)).toEqual(["root0", "windows", "decoder0.0", "port1"]);
    store(booted, "/sys/bus/platform/drivers/cxl_acpi/unbind", "ACPI0017:00");
    expect([windowsThen, bus(booted, "cxl"), bus(booted, "dax")]).toEqual([[true, true], ["mem0", "mem1"], []]);
    const before = canonicalState(booted);
    for (const { release } of undo.toReversed()) booted.run(release(booted.kernel, acpi));
    expect(canonicalState(booted)).toBe(before);
  });

  it("[S49] the root's driver bound again: endpoints are back, and the region of what was left decoding", () => {
    const booted = bootCase({ ...singles(2, { decoders: broken("mem1", start + quarter) }), policies });
    expect(regionsOf(booted)).toEqual([]);
    store(booted, "/sys/bus/platform/drivers/cxl_acpi/bind", "ACPI0017:00");
    expect([bus(booted, "cxl").filter((name) => name.startsWith("endpoint")).length, regionsOf(booted).map((name) => booted.read(`${devices}/${name}/commit`)), daxLine(booted)]).toEqual([1, ["1\n"], "hmem 0+256, hmem 256+256"]);
  });

  /** An administrator who works while the decision is still to fall. */
  const meanwhile = (line: string) => function* (kernel: Booted["kernel"], files: Booted["files"]) {
    yield sleep(second);
    yield* runCommand(kernel, files, line);
  };

  it("[S50] a region of the user's that cannot be made is no trouble", () => {
    const booted = bootCase({ ...singles(2), policies: policyOf({ split: "all-or-nothing", blast: "global", decision: { kind: "delay", time: 2 * second } }), beside: meanwhile("cxl create-region -d decoder0.0 -m -t ram -w 1 mem0") });
    expect([troubles(booted.kernel), daxLine(booted)]).toEqual([[], "cxl 0+256, cxl 256+256"]);
  });

  it("[S51] a failure after the decision changes nothing, one before it takes everything", () => {
    const booted = bootCase({ ...singles(2), policies });
    const before = [daxLine(booted), regionsOf(booted).length];
    // Memdevs are detached by queued work; bound again they find no port.
    store(booted, "/sys/bus/cxl/drivers/cxl_port/unbind", "port1");
    booted.settle();
    expect(attempt(booted, "/sys/bus/cxl/drivers/cxl_mem/bind", "mem0")).toBe("ENXIO");
    expect([troubles(booted.kernel).length > 0, regionsOf(booted).length, hmemOf(booted)]).toEqual([true, before[1], []]);
    expect(daxLine(bootCase({ ...singles(2, { decoders: broken("mem1", start + quarter) }), policies }))).toBe("hmem 0+256, hmem 256+256");
  });

  it("[S33] [POL-BLAST] a user's region on a device that firmware ignored: untouched by range, gone with global", () => {
    const machine = machineWith([true, false, true]);
    const during = (blast: "global" | "per-range"): string => daxLine(bootCase({ machine, policies: policyOf({ split: "all-or-nothing", blast, decision: { kind: "delay", time: 2 * second } }), beside: meanwhile("cxl create-region -d decoder0.0 -m -t ram -w 1 mem1") }));
    expect([during("per-range"), during("global")]).toEqual(["hmem 0+512, cxl 512+256", "hmem 0+512"]);
  });
});

describe("collateral", () => {
  it("[S55] [POL-BLAST] regions that are lost by one fault among four", () => {
    const lost = (change: Partial<KernelPolicies["softReserved"]>): number => 4 - regionsOf(bootCase({ ...singles(4, { decoders: broken("mem2", start + 2n * quarter) }), policies: policyOf(change) })).length;
    expect({
      softened: lost({}), "trim-after-probe": lost({ split: "trim-after-probe" }), "global-teardown": lost({ owner: "global-teardown", blast: "global" }),
      "all-or-nothing": lost({ split: "all-or-nothing", blast: "global" }), "all-or-nothing per range": lost({ split: "all-or-nothing" }), "blast global": lost({ blast: "global" }),
    }).toEqual({ softened: 1, "trim-after-probe": 1, "global-teardown": 4, "all-or-nothing": 4, "all-or-nothing per range": 1, "blast global": 4 });
  });

  it("[S57] correct hardware that the kernel cannot interpret: all of it is lost without failover, none of it with", () => {
    const machine = { ...machineWith([true]), hostBridges: machineWith([true]).hostBridges.map((bridge) => ({ ...bridge, decoders: 0 })) };
    const one = singles(1);
    const boot = (failover: boolean): Booted => bootCase({ ...one, machine, policies: policyOf({ failover }) });
    expect([daxLine(boot(false)), daxLine(boot(true))]).toEqual(["", "hmem 0+256"]);
    expect(boot(false).kernel.platform.memory.load(start, 8).status).toBe("ok");
  });

  it("[S58] every Soft Reserved byte is in a dax device at rest, or a policy says otherwise: violations by policy over the faults", () => {
    const corpus: Readonly<Record<string, Case>> = {
      whole: {}, "a member is missing": { machine: failing }, "no region": { regions: [] }, "larger than the region": { softReserved: [{ base: start, size: GiB }] },
      "an endpoint fails": singles(4, { decoders: broken("mem2", start + 2n * quarter) }), "cannot be interpreted": { machine: { ...failing, hostBridges: failing.hostBridges.map((bridge) => ({ ...bridge, decoders: 0, rootPorts: bridge.rootPorts.slice(0, 1) })) }, regions: [region({ size: quarter, targets: ["mem0"] })], softReserved: [{ base: start, size: quarter }] },
    };
    const violations = (change: Partial<KernelPolicies["softReserved"]>): string[] => Object.entries(corpus).flatMap(([name, one]) => {
      const reserved = (one.softReserved ?? [whole]).reduce((sum, { size }) => sum + Number(size / MiB), 0);
      const missing = reserved - daxFacts(bootCase({ ...one, policies: policyOf(change) })).reduce((sum, { size }) => sum + size, 0);
      return missing > 0 ? [`${name}: ${missing}`] : [];
    });
    expect({
      "linux-7.2": violations({}), "trim-after-probe": violations({ split: "trim-after-probe" }), "all-or-nothing": violations({ split: "all-or-nothing", blast: "global" }), trim: violations({ split: "trim", leftover: "to-dax" }),
      "no failover": violations({ failover: false }), none: violations({ owner: "none" }), waste: violations({ leftover: "waste" }), "series v5": violations({ owner: "global-teardown", blast: "global" }),
    }).toEqual({
      "linux-7.2": [], "trim-after-probe": [], "all-or-nothing": ["no region: 512", "larger than the region: 512"], trim: ["a member is missing: 512", "cannot be interpreted: 256"],
      "no failover": ["a member is missing: 512", "no region: 512", "larger than the region: 512", "an endpoint fails: 256", "cannot be interpreted: 256"],
      none: ["a member is missing: 512", "no region: 512", "larger than the region: 512", "an endpoint fails: 256", "cannot be interpreted: 256"],
      waste: ["larger than the region: 512"], "series v5": [],
    });
  });

  it("[S37] breadcrumbs and outcomes that depend on the order, over 24 orders of loading: one outcome behind the barrier", () => {
    const orders = (items: readonly (typeof moduleNames)[number][]): (typeof moduleNames)[number][][] => (items.length < 2 ? [[...items]] : items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest])));
    const count = (policies: Partial<KernelPolicies>): { readonly outcomes: number; readonly unbound: number } => {
      const booted = orders(["cxl_acpi", "cxl_mem", "cxl_pci", "dax_hmem"]).map((order) => bootCase({ policies, modules: { builtIn: ["cxl_port"], modules: [...order, "dax_cxl"] } }));
      const unbound = booted.map(({ kernel }) => busDevices(kernel, "cxl").filter((device) => device.type.name === "cxl_dax_region" && device.driver === null).length);
      return { outcomes: new Set(booted.map(daxLine)).size, unbound: Math.max(...unbound) };
    };
    expect([count({}), count(policyOf(premature))]).toEqual([{ outcomes: 1, unbound: 0 }, { outcomes: 2, unbound: 1 }]);
  });
});

describe("what is refused", () => {
  const late = (policies: Partial<KernelPolicies>): Booted => bootCase({ policies, modules: unlucky });

  it("[S41] [POL-RESETGATE] allow: a user decommits the region under hmem's dax device, and its memory stops answering", () => {
    const booted = late(policyOf(premature));
    const { memory } = booted.kernel.platform;
    expect([daxLine(booted), booted.read(`${devices}/region0/commit`), memory.load(start, 8).status]).toEqual(["hmem 0+512", "1\n", "ok"]);
    store(booted, `${devices}/region0/commit`, "0");
    expect(memory.load(start, 8).status).not.toBe("ok");
  });

  it("[S41] [POL-RESETGATE] deny: no way to take decoding from under it, until hmem lets go", () => {
    const booted = late(policyOf({ ...premature, refuseReset: true }));
    const ways = [["region0/commit", "0"], ["decoder0.0/delete_region", "region0"], ["region0/target0", ""]] as const;
    expect(ways.map(([file, text]) => attempt(booted, `${devices}/${file}`, text))).toEqual(["EBUSY", "EBUSY", "EBUSY"]);
    expect(booted.kernel.platform.memory.load(start, 8).status).toBe("ok");
    unbindHmem(booted);
    expect(ways.slice(0, 2).map(([file, text]) => attempt(booted, `${devices}/${file}`, text))).toEqual(["done", "done"]);
  });

  it("[S27] [POL-EXCL] none: hmem and CXL both have a dax device over the same addresses", () => {
    const booted = bootCase({ softReserved: [{ base: start, size: GiB }], policies: { isDaxExclusive: false } });
    expect([daxFacts(booted).map(({ owner, at }) => `${owner} ${at}`).toSorted(), saying(booted, /resource conflict/)]).toEqual([["cxl 0", "hmem 0"], []]);
  });

  it("[S29] [POL-OWN] mode-variable: cxl's dax regions are deferred until the decision, and for ever without one", () => {
    const policies = policyOf({ owner: "mode-variable" });
    expect([daxLine(bootCase({ policies })), daxLine(bootCase({ softReserved: [], policies }))]).toEqual(["cxl 0+512", ""]);
    const stuck = bootCase({ regions: [], softReserved: [], policies });
    expect([create(stuck).exitCode, stuck.read(`${devices}/region0/commit`), daxLine(stuck)]).toEqual([0, "1\n", ""]);
  });
});
