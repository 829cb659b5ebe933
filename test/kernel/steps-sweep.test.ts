// Every step of boot fails once, under every policy for failed regions: the ledgers, the addresses, and who ends with the memory (seeds S2, S12, S16, S58).

import { describe, expect, it } from "vitest";
import { busDevices } from "../../src/kernel/base/device.ts";
import type { StepName } from "../../src/kernel/base/steps.ts";
import { stepNames } from "../../src/kernel/base/steps.ts";
import type { Ledgers } from "../../src/kernel/cxl/ledgers.ts";
import { ledgers } from "../../src/kernel/cxl/ledgers.ts";
import { endpointPart, isRegion, memdevOf, regionOf, regionStates } from "../../src/kernel/cxl/types.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import { assembly, regionOver, start } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

type Ending = KernelPolicies["assembly"]["onFailure"];
const endings: readonly Ending[] = ["leave", "unregister-a", "unregister-b"];

const machine = machineOf([
  portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }),
  portOf("rp1", { portNumber: 1, slots: [switchOf("sw", [downstreamOf("dsp", 0, [deviceOf("d1", { serial: 2n })])])] }),
]);
const described = 512n * MiB;
const daxDevices = "/sys/bus/dax/devices";

/** Steps of users and of system RAM are not met by this boot. */
const others: readonly StepName[] = ["region.create", "region.size", "dpa.alloc", "region.caches", "decoder.commit", "kmem.reserve", "kmem.add", "hmem.register", "memory.online", "memory.offline"];
const bootSteps = stepNames.filter((step) => !others.includes(step));

interface Swept {
  readonly booted: Booted;
  readonly held: Ledgers;
  /** Serial numbers of the members of regions that do not run. */
  readonly stuck: readonly bigint[];
  readonly served: bigint;
}

function sweep(step: StepName, onFailure: Ending): Swept {
  const setup = { ...noSetup, regions: [regionOver(["d0", "d1"])], softReserved: [{ base: start, size: described }] };
  const booted = bootMachine(machine, { restrictions: { persistent: true }, firmware: { setup }, policies: assembly({ onFailure }), steps: [{ step }] });
  booted.settle();
  const waiting = busDevices(booted.kernel, "cxl").filter((device) => isRegion(device) && device.driver === null).map(regionOf);
  const stuck = waiting.flatMap(({ targets }) => targets.flatMap((target) => (target === null ? [] : [memdevOf(endpointPart(target).memdev).serial])));
  const names = booted.files.exists(daxDevices) ? booted.files.list(daxDevices) : [];
  return { booted, held: ledgers(booted.kernel), stuck, served: names.reduce((sum, name) => sum + BigInt(booted.read(`${daxDevices}/${name}/size`).trim()), 0n) };
}

/** Names of ports and decoders are a race; cards and ranges are not. */
const facts = (holdings: Ledgers["dpa"]): string[] => holdings.map(({ serial, start: base, size }) => `${serial} ${base} ${size}`).toSorted();

describe("[S12] every step of boot, failing once", () => {
  for (const step of bootSteps) {
    it(`[S2] [S12] [S16] [POL-ASM] ${step}`, () => {
      const [leave, a, b] = endings.map((ending) => sweep(step, ending)) as [Swept, Swept, Swept];
      for (const { booted, held } of [leave, a, b]) {
        expect(booted.faults.map((fault) => fault.fired)).toEqual([1]);
        const regions = busDevices(booted.kernel, "cxl").filter(isRegion);
        if (step !== "region.insert") expect(held.addresses.map((one) => one.name)).toEqual(regions.map((one) => one.name));
      }
      // What waits or failed is left by the first policy alone.
      for (const { booted } of [a, b]) expect(busDevices(booted.kernel, "cxl").filter((device) => isRegion(device) && regionOf(device).state < regionStates.commit)).toEqual([]);
      expect([a.stuck, b.stuck]).toEqual([[], []]);
      expect([facts(a.held.dpa), a.held.decoders.length]).toEqual([facts(leave.held.dpa), leave.held.decoders.length]);
      // What the third gives back is what the members of a region that failed held; everything else is as it was.
      expect(facts(b.held.dpa)).toEqual(facts(leave.held.dpa.filter((one) => !leave.stuck.includes(one.serial))));
      const endpoints = (swept: Swept): string[] => facts(swept.held.decoders.filter((one) => one.serial !== 0n)).map((one) => one.split(" ")[0] ?? "");
      expect(endpoints(b)).toEqual(endpoints(leave).filter((serial) => !leave.stuck.map(String).includes(serial)));
      if (b.held.dpa.length === 0 && leave.stuck.length > 0) expect(b.held.decoders).toEqual([]);
    });
  }

  it("[S12] [S58] all Soft Reserved memory ends in dax devices, but for the steps that a policy lets it be lost by", () => {
    const lostBy = (ending: Ending): StepName[] => bootSteps.filter((step) => sweep(step, ending).served < described);
    // A region that is committed has the range, whether or not its dax device ever comes (region-assembly 9.5, INFERRED).
    const afterwards: readonly StepName[] = ["dax.region", "dax.device"];
    expect([lostBy("leave"), lostBy("unregister-a"), lostBy("unregister-b")]).toEqual([["region.probe", "region.daxRegion", ...afterwards], afterwards, afterwards]);
  });

  it("[S12] [S58] without a step that fails everything is served", () => {
    expect(endings.map((ending) => sweep("hmem.register", ending).served)).toEqual([described, described, described]);
  });
});
