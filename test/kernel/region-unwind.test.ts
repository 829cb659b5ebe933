// What userspace can undo of a region that firmware made (POL-UNWIND; seeds S13-S15, S17; region-assembly 7.7), by lines that a shell would run.

import { describe, expect, it } from "vitest";
import { planDecoders } from "../../src/firmware/plan-decoders.ts";
import { programDecoder } from "../../src/firmware/program-decoders.ts";
import type { StepFaultSpec, StepName } from "../../src/kernel/base/steps.ts";
import { armStep } from "../../src/kernel/base/steps.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import { findComponentBlock } from "../../src/kernel/cxl/registers.ts";
import { cxlBus, isMemdev, isPort, memdevOf, portOf as cxlPortOf } from "../../src/kernel/cxl/types.ts";
import type { Holding } from "../../src/kernel/cxl/ledgers.ts";
import { ledgers } from "../../src/kernel/cxl/ledgers.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import { assembly, bootWith, decoderAt, devices, list, read, regionOver, start, store, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const empty = { addresses: [], dpa: [], decoders: [] };

/** Runs a line and returns its exit code; a line that fails is what an administrator sees too. */
const sh = (booted: Booted, line: string): number => booted.command(line).exitCode;

/** Regions by address, highest first: commits end in reverse order. */
const regionsOf = (booted: Booted): string[] => list(booted, "region").toSorted((a, b) => (BigInt(read(booted, `${a}/resource`)) < BigInt(read(booted, `${b}/resource`)) ? 1 : -1));

/** The reverse of every step of discovery, written as an administrator would with the files that there are. */
function unwindAll(booted: Booted): void {
  for (const region of regionsOf(booted)) {
    if (booted.files.exists(`${devices}/${region}/driver`)) sh(booted, `echo ${region} > /sys/bus/cxl/drivers/cxl_region/unbind`);
    sh(booted, `echo 0 > ${devices}/${region}/commit`);
    for (let slot = 0; slot < Number(read(booted, `${region}/interleave_ways`)); slot++) {
      const decoder = read(booted, `${region}/target${slot}`);
      if (decoder === "") continue;
      sh(booted, `echo > ${devices}/${region}/target${slot}`);
      sh(booted, `echo 0 > ${devices}/${decoder}/dpa_size`);
    }
  }
  for (const region of list(booted, "region").toReversed()) sh(booted, `echo ${region} > ${devices}/decoder0.0/delete_region`);
  const endpoints = list(booted, "endpoint").map((name) => name.slice("endpoint".length));
  const decoders = list(booted, "decoder").filter((name) => endpoints.includes(name.slice("decoder".length).split(".")[0] ?? ""));
  for (const decoder of decoders.toReversed()) if (BigInt(read(booted, `${decoder}/dpa_size`)) !== 0n) sh(booted, `echo 0 > ${devices}/${decoder}/dpa_size`);
}

/** What a decoder keeps of its last programming while it decodes nothing, as after any region that was made and destroyed. */
const leftOver = ["interleave_ways", "interleave_granularity", "target_list", "mode"];

/** Every file and link below the CXL devices, and /proc/iomem. */
function treeOf(booted: Booted): Record<string, string> {
  const tree: Record<string, string> = { iomem: booted.read("/proc/iomem") };
  for (const device of booted.files.list(devices)) {
    for (const name of booted.files.list(`${devices}/${device}`)) {
      const path = `${devices}/${device}/${name}`;
      const isLeftOver = device.startsWith("decoder") && !device.startsWith("decoder0.") && leftOver.includes(name);
      if (isLeftOver || name === "subsystem") continue;
      tree[`${device}/${name}`] = contents(booted, path);
    }
  }
  return tree;
}

function contents(booted: Booted, path: string): string {
  for (const look of [booted.files.readlink, booted.files.read]) {
    try {
      return look(path);
    } catch {
      continue;
    }
  }
  return "";
}

interface Topology {
  readonly machine: (absent?: readonly string[]) => MachineDescription;
  readonly targets: readonly string[];
}

const card = (name: string, serial: bigint) => deviceOf(name, { serial, volatileCapacity: 512n * MiB });

/** One card at a root port, two below a switch of another: the region goes through both. */
const withSwitch = (absent: readonly string[] = []): MachineDescription => machineOf([
  portOf("rp0", { slots: [switchOf("sw0", [0, 1].map((n) => ({ ...downstreamOf(`dsp0${n}`, n, [card(`a${n}`, BigInt(n + 1))]), present: !absent.includes(`a${n}`) })))] }),
  portOf("rp1", { portNumber: 1, slots: [switchOf("sw1", [0, 1].map((n) => ({ ...downstreamOf(`dsp1${n}`, n, [card(`b${n}`, BigInt(n + 3))]), present: !absent.includes(`b${n}`) })))] }),
]);

const topologies: Readonly<Record<string, Topology>> = {
  "two cards below one bridge": { machine: (absent) => wideMachine(1, 2, 256, absent), targets: ["d01", "d00"] },
  "four cards below two switches": { machine: withSwitch, targets: ["a0", "b0", "a1", "b1"] },
};

interface Failure {
  readonly setup?: (one: Topology) => Partial<FirmwareSetup>;
  readonly absent?: (one: Topology) => readonly string[];
  readonly steps?: readonly StepFaultSpec[];
}

const whole = (one: Topology): Partial<FirmwareSetup> => ({ regions: [regionOver(one.targets)] });
const sizeOf = (one: Topology): bigint => 256n * MiB * BigInt(one.targets.length);
const wrongBridge = (change: Parameters<typeof decoderAt>[1]) => (one: Topology): Partial<FirmwareSetup> => ({ ...whole(one), decoders: [decoderAt("hb0", { size: sizeOf(one), targets: [0, 1], ...change })] });

/** Steps that each member meets, then those of the whole region; the second time is another port's or another member's. */
const memberSteps: readonly StepName[] = [
  "region.window", "region.attach.A1", "region.attach.A2", "region.attach.A3", "region.attach.A4", "region.attach.A5", "region.attach.A6", "region.attach.A7", "region.attach.A8", "region.attach.A9",
  "region.attach.A10", "region.attach.A11", "region.attach.A12", "region.attach.A14",
];
const regionSteps: readonly StepName[] = ["region.construct", "region.insert", "region.attach.A16", "region.attach.A17", "region.attach.A18", "region.attach.A19", "region.probe", "region.daxRegion"];
const stepCases: readonly (readonly [string, Failure])[] = [
  ...memberSteps.flatMap((step) => ["mem0", "mem1"].map((of) => [`${step} of ${of}`, { steps: [{ step, of }] }] as const)),
  ...regionSteps.map((step) => [step, { steps: [{ step }] }] as const),
  ...(["region.attach.A16", "region.attach.A17", "region.attach.A19"] as const).map((step) => [`${step}, the second time`, { steps: [{ step, nth: 2 }] }] as const),
  ...[...memberSteps, ...regionSteps].map((step) => [`${step}, always`, { steps: [{ step, count: 1000 }] }] as const),
];

/** Every way for discovery and assembly to fail. */
const failures: Readonly<Record<string, Failure>> = {
  "the first member is missing": { absent: (one) => one.targets.slice(0, 1) },
  "the last member is missing": { absent: (one) => one.targets.slice(-1) },
  "the bridge's decoder is not committed": { setup: wrongBridge({ isCommitted: false }) },
  "the bridge's decoder has twice the size": { setup: (one) => wrongBridge({ size: 2n * sizeOf(one) })(one) },
  "the bridge's granularity is wrong": { setup: wrongBridge({ granularity: 1024 }) },
  "the bridge's target list misses a port": { setup: wrongBridge({ targets: [0, 2] }) },
  "the bridge leads to one port only": { setup: wrongBridge({ ways: 1, targets: [0] }) },
  "a member has a range of its own": { setup: (one) => ({ ...whole(one), decoders: [decoderAt(one.targets[0] ?? "", { base: start + 2n * GiB, size: sizeOf(one), ways: one.targets.length })] }) },
  "a member has other ways": { setup: (one) => ({ ...whole(one), decoders: [decoderAt(one.targets.at(-1) ?? "", { size: 256n * MiB, ways: 1 })] }) },
  "the range lies outside every window": { setup: (one) => ({ decoders: [...one.targets, "hb0"].map((place) => decoderAt(place, { base: 64n * GiB, size: sizeOf(one), ways: place === "hb0" ? 2 : one.targets.length, targets: place === "hb0" ? [0, 1] : [] })) }) },
  ...Object.fromEntries(stepCases),
};

interface Card {
  readonly name: string;
  readonly serial: bigint;
}

/** Switches and cards of a machine by name. */
function slotsOf(machine: MachineDescription): { readonly switches: readonly string[]; readonly cards: readonly Card[] } {
  const slots = machine.hostBridges.flatMap((bridge) => bridge.rootPorts).flatMap((port) => port.slots);
  const switches = slots.filter((slot) => "ports" in slot);
  const cards = [...slots, ...switches.flatMap((one) => one.ports).flatMap((port) => port.slots)].filter((slot) => !("ports" in slot)) as readonly Card[];
  return { switches: switches.map((one) => one.name), cards };
}

const memdevsOf = (booted: Booted): Device[] => busDevices(booted.kernel, cxlBus).filter(isMemdev);

function memdevNamed(booted: Booted, machine: MachineDescription, name: string): string {
  const serial = slotsOf(machine).cards.find((one) => one.name === name)?.serial;
  return memdevsOf(booted).find((memdev) => memdevOf(memdev).serial === serial)?.name ?? "";
}

interface Place {
  readonly block: bigint;
  readonly isDevice: boolean;
}

/** Where component registers lie: bridges as described, switches and cards as the kernel gave them addresses. */
function placesOf(booted: Booted, machine: MachineDescription): ReadonlyMap<string, Place> {
  const { kernel } = booted;
  const { switches, cards } = slotsOf(machine);
  const upstream = busDevices(kernel, cxlBus).filter((device) => isPort(device) && cxlPortOf(device).kind === "switch" && cxlPortOf(device).depth === 2);
  const blocks = upstream.map((port) => cxlPortOf(port).componentBlock ?? 0n).toSorted((a, b) => (a < b ? -1 : 1));
  return new Map<string, Place>([
    ...machine.hostBridges.map((bridge) => [bridge.name, { block: bridge.componentBase, isDevice: false }] as const),
    ...switches.map((name, n) => [name, { block: blocks[n] ?? 0n, isDevice: false }] as const),
    ...memdevsOf(booted).map((memdev) => [cards.find((one) => one.serial === memdevOf(memdev).serial)?.name ?? "", { block: findComponentBlock(kernel, memdevOf(memdev).pciDevice) ?? 0n, isDevice: true }] as const),
  ]);
}

/** Takes the root off, and with it every memdev's driver, lets firmware program its decoders once more, and has them found again. */
function rediscover(booted: Booted, machine: MachineDescription, setup: Partial<FirmwareSetup>, faults: readonly StepFaultSpec[]): void {
  const places = placesOf(booted, machine);
  sh(booted, "echo ACPI0017:00 > /sys/bus/platform/drivers/cxl_acpi/unbind");
  for (const decoder of planDecoders(machine, { ...noSetup, ...setup })) {
    const place = places.get(decoder.place);
    if (place !== undefined) programDecoder(booted.system.platform, place, decoder);
  }
  for (const fault of faults) armStep(booted.kernel, fault);
  sh(booted, "echo ACPI0017:00 > /sys/bus/platform/drivers/cxl_acpi/bind");
  booted.settle();
}

const endpointOf = (decoder: string): string => decoder.replace(/^decoder(\d+)\..*$/, "endpoint$1");
const memdevAt = (booted: Booted, decoder: string): string => booted.files.readlink(`${devices}/${endpointOf(decoder)}/uport`).split("/").at(-1) ?? "";

/** A region as it came out, whatever the order of arrival. */
function regionAt(booted: Booted, region: string): unknown {
  const ways = Number(read(booted, `${region}/interleave_ways`));
  const targets = Array.from({ length: ways }, (_, slot) => read(booted, `${region}/target${slot}`)).filter((name) => name !== "").map((name) => memdevAt(booted, name));
  return [...["commit", "resource", "size"].map((name) => read(booted, `${region}/${name}`)), ways, read(booted, `${region}/commit`) === "1" ? targets : targets.toSorted()];
}

/** How discovery came out: what there is now, and what was said on the way. Numbers of ports are a race. */
function outcomeOf(booted: Booted, from: number): unknown {
  const said = booted.kernel.log.slice(from).filter((line) => line.level === "warn" || line.level === "err").map((line) => line.text.replaceAll(/(decoder|endpoint|port)\d+/g, "$1"));
  const held = Object.values(ledgers(booted.kernel)).map((ledger: readonly Holding[]) => ledger.map(({ serial, start: base, size }) => `${serial} ${base} ${size}`).toSorted());
  return { said: said.toSorted(), regions: list(booted, "region").map((region) => regionAt(booted, region)), held };
}

describe("[POL-UNWIND] full: from any failure point back to before discovery", () => {
  const policies = assembly({ unwind: "full" });
  /** Trees of machines whose firmware made nothing, by topology and what is absent: booted once. */
  const untouched = new Map<string, Record<string, string>>();
  function untouchedTree(where: string, machine: MachineDescription, absent: readonly string[]): Record<string, string> {
    const key = [where, ...absent].join();
    const tree = untouched.get(key) ?? treeOf(bootWith(machine, {}, { policies }));
    untouched.set(key, tree);
    return tree;
  }

  for (const [where, topology] of Object.entries(topologies)) {
    for (const [name, failure] of Object.entries(failures)) {
      it(`[S13] [S17] [POL-UNWIND] ${where}, ${name}`, () => {
        const absent = failure.absent?.(topology) ?? [];
        const machine = topology.machine(absent);
        const setup = (failure.setup ?? whole)(topology);
        const booted = bootWith(machine, setup, { policies, steps: failure.steps ?? [] });
        const first = outcomeOf(booted, 0);
        expect(booted.faults.map((fault) => fault.fired > 0)).toEqual(booted.faults.map(() => true));
        expect(ledgers(booted.kernel)).not.toEqual(empty);

        unwindAll(booted);
        expect(ledgers(booted.kernel)).toEqual(empty);
        expect(treeOf(booted)).toEqual(untouchedTree(where, machine, absent));

        if (failure.absent === undefined && booted.faults.every((fault) => fault.left === 0)) {
          const memdevs = topology.targets.map((target) => memdevNamed(booted, machine, target)).join(" ");
          expect(sh(booted, `cxl create-region -d decoder0.0 -m -t ram -w ${topology.targets.length} -g 256 -s ${256 * topology.targets.length}M ${memdevs}`)).toBe(0);
          expect([read(booted, "region0/commit"), read(booted, "region0/resource")]).toEqual(["1", "0x400000000"]);
          expect([sh(booted, "cxl destroy-region -f region0"), ledgers(booted.kernel)]).toEqual([0, empty]);
        }

        const before = booted.kernel.log.length;
        rediscover(booted, machine, setup, failure.steps ?? []);
        expect(outcomeOf(booted, before)).toEqual(first);
      });
    }
  }
});

describe("[POL-UNWIND] full, one step at a time", () => {
  const policies = assembly({ unwind: "full" });
  const partial = (): Booted => bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"])] }, { policies });
  const held = (booted: Booted): number[] => Object.values(ledgers(booted.kernel)).map((ledger: readonly Holding[]) => ledger.length);

  it("[S17] commit=0 resets what firmware committed for the members and keeps them in their slots; an emptied slot gives the decoder back; its memory is freed", () => {
    const booted = partial();
    expect(held(booted)).toEqual([1, 1, 2]);
    store(booted, "region0/commit", "0");
    expect([held(booted), read(booted, "region0/target0"), read(booted, "decoder2.0/size")]).toEqual([[1, 1, 0], "decoder2.0", "0x20000000"]);
    expect(() => store(booted, "decoder2.0/dpa_size", "0x20000000")).toThrow();
    store(booted, "region0/target0", "");
    expect([read(booted, "region0/target0"), read(booted, "decoder2.0/size")]).toEqual(["", "0x0"]);
    store(booted, "decoder2.0/dpa_size", "0");
    expect(held(booted)).toEqual([1, 0, 0]);
    store(booted, "decoder0.0/delete_region", "region0");
    expect(held(booted)).toEqual([0, 0, 0]);
  });

  it("[S17] an emptied slot alone resets its decoder, and the bridge's with the last member", () => {
    const booted = bootWith(wideMachine(1, 3, 256, ["d02"]), { regions: [regionOver(["d00", "d01", "d02"])], decoders: [decoderAt("hb0", { size: 768n * MiB, ways: 2, targets: [0, 1] })] }, { policies });
    const decoders = (): string[] => ledgers(booted.kernel).decoders.map((decoder) => decoder.name);
    expect(decoders()).toEqual(["decoder1.0", "decoder2.0", "decoder3.0"]);
    store(booted, "region0/target0", "");
    expect(decoders()).toEqual(["decoder1.0", "decoder3.0"]);
    store(booted, "region0/target1", "");
    expect(decoders()).toEqual([]);
  });

  it("[S17] after delete_region dpa_size=0 resets the decoder, whose range only its registers still have, and the bridge's", () => {
    const booted = partial();
    store(booted, "decoder0.0/delete_region", "region0");
    expect([held(booted), read(booted, "decoder2.0/size")]).toEqual([[0, 1, 2], "0x0"]);
    store(booted, "decoder2.0/dpa_size", "0");
    expect(held(booted)).toEqual([0, 0, 0]);
  });

  it("[S17] commit order is respected: below a decoder that was committed later nothing is reset", () => {
    const setup = { regions: [regionOver(["d01", "d00"]), regionOver(["d00"], { base: start + 512n * MiB })] };
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), setup, { policies });
    const before = ledgers(booted.kernel);
    expect(list(booted, "region").map((region) => read(booted, `${region}/commit`))).toEqual(["0", "1"]);
    for (const file of ["region0/commit", "region0/target0"]) {
      expect(booted.command(`echo${file.endsWith("commit") ? " 0" : ""} > ${devices}/${file}`).stderr).toBe("echo: write error: Device or resource busy\n");
      expect([ledgers(booted.kernel), read(booted, "region0/target0")]).toEqual([before, "decoder2.0"]);
    }
    store(booted, "decoder0.0/delete_region", "region0");
    expect(booted.command(`echo 0 > ${devices}/decoder2.0/dpa_size`).stderr).toBe("echo: write error: Device or resource busy\n");
    expect(ledgers(booted.kernel).decoders).toHaveLength(4);
    unwindAll(booted);
    expect(ledgers(booted.kernel)).toEqual(empty);
  });

  it("[S17] a locked region is not reset: commit=0 is refused with EPERM, its decoders stay", () => {
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"], { isLocked: true })] }, { policies });
    expect(booted.command(`echo 0 > ${devices}/region0/commit`).stderr).toBe("echo: write error: Operation not permitted\n");
    store(booted, "region0/target0", "");
    expect(ledgers(booted.kernel).decoders).toHaveLength(2);
    expect(() => store(booted, "decoder2.0/dpa_size", "0")).toThrow();
  });

  it("[S17] a region that runs is released and reset as in Linux; then everything is free", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d01", "d00"])] }, { policies });
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    expect(ledgers(booted.kernel)).toEqual(empty);
  });
});
