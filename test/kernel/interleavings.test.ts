// Every order of the arrivals of up to four endpoints of one region of firmware's and of the decision over its Soft Reserved range (S28, S31, S32, S37), with
// the distinct end states counted. Which state an order ends in is told by rule.

import { describe, expect, it } from "vitest";
import { spawn, task } from "../../src/sim/task.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import { daxRegions } from "../../src/kernel/dax/region.ts";
import type { FileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { Explored } from "../../src/sandbox/explore.ts";
import { TooManyOrdersError, explore } from "../../src/sandbox/explore.ts";
import { endState } from "../../src/sandbox/end-state.ts";
import type { ExploredStrategy } from "../../src/sim/explored.ts";
import { devices, regionOver, start, wideMachine } from "../support/firmware-regions.ts";
import { inconsistencies } from "../support/consistency.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
/** Three ways go over three host bridges: below one, three targets are no power of two (A18). */
const bridgesOf = (count: number): number => (count === 3 ? 3 : 1);
const cardsOf = (count: number): number[] => Array.from({ length: count }, (_, card) => card);
const functionOf = (count: number, card: number): string => (bridgesOf(count) === 3 ? `0000:${card + 1}1:00.0` : `0000:1${card + 1}:00.0`);
const targetsOf = (count: number): string[] => cardsOf(count).map((card) => (bridgesOf(count) === 3 ? `d${card}0` : `d0${card}`));
const softReserved = (change: Partial<KernelPolicies["softReserved"]>): Partial<KernelPolicies> => ({ softReserved: { ...defaultPolicies.softReserved, ...change } });
const asRam: Partial<KernelPolicies> = { memoryUse: "system-ram-normal", onlineType: "online_movable" };

/** Boots `count` cards; the probe of those that are late fails the first time, as a driver's may, and is asked for again by the user afterwards. */
function bootCards(count: number, late: readonly number[], policies: Partial<KernelPolicies>, strategy: ExploredStrategy): Booted {
  const setup = { regions: [regionOver(targetsOf(count))], decoders: [], softReserved: [{ base: start, size: 256n * MiB * BigInt(count) }] };
  return bootMachine(wideMachine(bridgesOf(count), count / bridgesOf(count)), { firmware: { setup }, policies, strategy, steps: late.map((card) => ({ step: "pci.enable", of: functionOf(count, card) })) });
}

const arrive = task("test.arrive", function* (_kernel: Kernel, files: FileSystem, name: string) {
  yield* files.write("/sys/bus/pci/drivers/cxl_pci/bind", name);
});

/** Late cards come in any order after the boot. */
function arriveLate(booted: Booted, names: readonly string[]): void {
  for (const name of names) spawn(booted.system.scheduler, `arrival:${name}`, arrive(booted.kernel, booted.files, name));
  booted.settle();
}

/** Serial numbers of a committed region's members, by position; empty: not committed. */
function membersOf(booted: Booted): string[] {
  const region = booted.files.list(devices).find((name) => /^region\d/.test(name));
  if (region === undefined || booted.read(`${devices}/${region}/commit`) !== "1\n") return [];
  const ways = Number(booted.read(`${devices}/${region}/interleave_ways`));
  return Array.from({ length: ways }, (_, position) => booted.read(`${devices}/${region}/target${position}`).trim());
}

const endsSeen = new Set<string>();
let ends = 0;

/** What the rules speak of. */
function factsOf(booted: Booted, count: number): string {
  const { kernel, files } = booted;
  const owners = daxRegions(kernel).map((region) => (region.parent.name.startsWith("hmem") ? "hmem" : "cxl"));
  const breadcrumbs = busDevices(kernel, "cxl").filter((device) => device.name.startsWith("dax_region") && device.driver === null).length;
  const complete = membersOf(booted).filter((name) => name !== "").length === count;
  // Most orders end alike: the whole state is gone through where it is one that was not seen, and now and then.
  const end = `${count} ${endState(kernel)}`;
  if (!endsSeen.has(end) || ends++ % 8 === 0) expect(inconsistencies(kernel)).toEqual([]);
  endsSeen.add(end);
  expect(files.read("/proc/iomem")).toContain("CXL Window 0");
  return `owner ${owners.join("+") || "nobody"}, region ${complete ? "committed" : "not committed"}, unbound dax regions ${breadcrumbs}`;
}

/** Subsets of 0..count-1. */
const subsets = (count: number): number[][] => Array.from({ length: 1 << count }, (_, bits) => cardsOf(count).filter((card) => ((bits >> card) & 1) === 1));

interface Found {
  readonly orders: number;
  /** Orders per facts. */
  readonly facts: Map<string, number>;
  readonly states: Set<string>;
}

const noneFound = (): Found => ({ orders: 0, facts: new Map(), states: new Set() });
function join(a: Found, explored: Explored): Found {
  const facts = new Map(a.facts);
  const states = new Set(a.states);
  for (const [told, { count }] of explored.states) {
    const [fact = "", state = ""] = told.split("\n\n", 2);
    facts.set(fact, (facts.get(fact) ?? 0) + count);
    states.add(state);
  }
  return { orders: a.orders + explored.orders, facts, states };
}

/** A task at its start: the decision, a card that the boot probes (the late ones fail at once), or one that comes late. */
function isArrival(count: number, late: readonly number[]): ExploredStrategy["isEvent"] {
  const early = cardsOf(count).filter((card) => !late.includes(card)).map((card) => `probe:${functionOf(count, card)}`);
  return (name, isStarted) => !isStarted && (name === "work:hmem" || name.startsWith("arrival:") || early.includes(name));
}

/** Every order of `count` arrivals and the decision: those after it are asked for by the user. */
function everyOrder(count: number, policies: Partial<KernelPolicies>): Found {
  return subsets(count).reduce((found, late) => join(found, explore({
    isEvent: isArrival(count, late), isWhole: true, limit: 1000,
    run: (strategy) => {
      const booted = bootCards(count, late, policies, strategy);
      arriveLate(booted, late.map((card) => functionOf(count, card)));
      return `${factsOf(booted, count)}\n\n${endState(booted.kernel)}`;
    },
  })), noneFound());
}

const report = (what: string, { orders, states, facts }: Found): void => console.log(`${what}: ${orders} orders, ${states.size} distinct end states; ${[...facts].map(([fact, count]) => `${count} x ${fact}`).join("; ")}`);

describe("arrivals and the decision, every order", () => {
  for (const count of [1, 2, 3, 4]) {
    const orders = factorial(count + 1);
    const inTime = factorial(count);

    it(`[S28] [S31] [S32] [S37] ${count} endpoints, devdax: before the decision any order gives CXL the range; after it hmem has it, and the completed region leaves an unbound dax region`, () => {
      const found = everyOrder(count, {});
      report(`${count} endpoints, linux-7.2, devdax`, found);
      expect(found.orders).toBe(orders);
      expect([...found.facts]).toEqual([["owner cxl, region committed, unbound dax regions 0", inTime], ["owner hmem, region committed, unbound dax regions 1", orders - inTime]]);
      expect(found.states.size).toBe(2);
    });

    it(`[S28] [S31] [S32] ${count} endpoints, System RAM: the completed region finds its memory in use and makes no dax region`, () => {
      const found = everyOrder(count, asRam);
      report(`${count} endpoints, linux-7.2, System RAM`, found);
      expect([found.orders, found.states.size]).toEqual([orders, 2]);
      expect([...found.facts]).toEqual([["owner cxl, region committed, unbound dax regions 0", inTime], ["owner hmem, region committed, unbound dax regions 0", orders - inTime]]);
    });
  }

  it("[S27] [POL-EXCL] none: late completion gives the same addresses to two", () => {
    const found = everyOrder(3, { isDaxExclusive: false });
    report("3 endpoints, excl none", found);
    expect([...found.facts]).toEqual([["owner cxl, region committed, unbound dax regions 0", 6], ["owner hmem+cxl, region committed, unbound dax regions 0", 18]]);
  });

  it("[S7] [POL-FAILOVER] off: CXL gets the range whenever the last member comes", () => {
    const found = everyOrder(3, softReserved({ failover: false }));
    report("3 endpoints, failover off", found);
    expect([...found.facts]).toEqual([["owner cxl, region committed, unbound dax regions 0", 24]]);
    expect(found.states.size).toBe(1);
  });

  it("[S61] [POL-QUIESCE] delay: the same race inside the boot, probes against a decision that waits for nobody", () => {
    for (const count of [1, 2, 3]) {
      const found = join(noneFound(), explore({
        isEvent: isArrival(count, []), isWhole: true, limit: 1000,
        run: (strategy) => {
          const booted = bootCards(count, [], softReserved({ decision: { kind: "delay", time: 0 } }), strategy);
          return `${factsOf(booted, count)}\n\n${endState(booted.kernel)}`;
        },
      }));
      report(`${count} endpoints, quiesce delay(0)`, found);
      expect([found.orders, found.states.size]).toEqual([factorial(count + 1), 2]);
      expect(Object.fromEntries(found.facts)).toEqual({ "owner cxl, region committed, unbound dax regions 0": factorial(count), "owner hmem, region committed, unbound dax regions 1": factorial(count + 1) - factorial(count) });
    }
  });
});

describe("every point, two endpoints", () => {
  it("[S31] with any number of preemptions in a boot, the barrier gives one end state", () => {
    const found = explore({
      isEvent: () => true, isWhole: false, limit: 5000,
      run: (strategy) => {
        const booted = bootCards(2, [], {}, strategy);
        return `${factsOf(booted, 2)}\n\n${endState(booted.kernel)}`;
      },
    });
    console.log(`2 endpoints, every point, linux-7.2: ${found.orders} orders of at most ${found.deepest} choices, ${found.states.size} distinct end states`);
    expect([...found.states.keys()].map((told) => told.split("\n", 1)[0])).toEqual(["owner cxl, region committed, unbound dax regions 0"]);
  });
});

describe("the explorer itself", () => {
  it("names the limit when there are more orders", () => {
    expect(() => explore({ isEvent: isArrival(3, []), isWhole: true, limit: 3, run: (strategy) => factsOf(bootCards(3, [], {}, strategy), 3) })).toThrow(TooManyOrdersError);
  });
});
