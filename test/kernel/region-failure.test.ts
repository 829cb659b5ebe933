// Regions that firmware made and that fail: what ends an assembly, what each policy then does and says, what it gives back (seeds S1-S6, S16, S22, S24).

import { describe, expect, it } from "vitest";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { ledgers } from "../../src/kernel/cxl/ledgers.ts";
import { step } from "../../src/sandbox/system.ts";
import { assembly, bootWith, decoderAt, list, read, regionOver, saying, start, store, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { MiB, deviceOf } from "../support/machine.ts";

type Assembly = KernelPolicies["assembly"];
const second = 1_000_000_000;
const policies: readonly Assembly["onFailure"][] = ["leave", "unregister-a", "unregister-b"];
const lines = (booted: Booted): string[] => saying(booted, /assembly failed/);

/** Virtual time passes, timers included. */
function wait(booted: Booted, nanoseconds: number): void {
  const until = booted.system.hardware.now + nanoseconds;
  while (booted.system.hardware.now < until) step(booted.system, until);
  step(booted.system, until);
  booted.settle();
}

const one = regionOver(["d01", "d00"]);
const partial = (change: Partial<Assembly>, absent: readonly string[] = ["d01"]): Booted => bootWith(wideMachine(1, 2, 256, absent), { regions: [one] }, { policies: assembly(change) });

/** Whether each ledger holds anything: addresses, device memory, decoders. */
function held(booted: Booted): string {
  const { addresses, dpa, decoders } = ledgers(booted.kernel);
  return [addresses.length > 0 ? "H" : "", dpa.length > 0 ? "D" : "", decoders.length > 0 ? "C" : ""].join("");
}

/** Every way for an assembly to fail: a machine and its setup by name. */
const failures: Readonly<Record<string, (change: Partial<Assembly>) => Booted>> = {
  "a member is missing": (change) => partial(change),
  "A14: the host bridge does not decode the range": (change) => bootWith(wideMachine(1, 2), { regions: [one], decoders: [decoderAt("hb0", { isCommitted: false })] }, { policies: assembly(change) }),
  "A18: the granularity of a bridge": (change) => bootWith(wideMachine(1, 2), { regions: [one] }, { policies: assembly(change), steps: [{ step: "region.attach.A18" }] }),
  "A16": (change) => bootWith(wideMachine(1, 2), { regions: [one] }, { policies: assembly(change), steps: [{ step: "region.attach.A16", nth: 2 }] }),
  "A19": (change) => bootWith(wideMachine(1, 2), { regions: [one] }, { policies: assembly(change), steps: [{ step: "region.attach.A19", nth: 2 }] }),
  "the region's driver": (change) => bootWith(wideMachine(1, 2), { regions: [one] }, { policies: assembly(change), steps: [{ step: "region.probe" }] }),
  "its dax_region": (change) => bootWith(wideMachine(1, 2), { regions: [one] }, { policies: assembly(change), steps: [{ step: "region.daxRegion" }] }),
};

describe("[POL-ASM] the three ledgers after a failure", () => {
  const kept = { leave: "HDC", "unregister-a": "DC", "unregister-b": "" } as const;
  for (const [name, boot] of Object.entries(failures)) {
    for (const onFailure of policies) {
      it(`[S16] [POL-ASM] ${onFailure}, ${name}: held is ${kept[onFailure] || "nothing"}`, () => {
        const booted = boot({ onFailure });
        expect([held(booted), list(booted, "region")]).toEqual([kept[onFailure], onFailure === "leave" ? ["region0"] : []]);
      });
    }
  }

  it("[S4] [POL-ASM] a whole region is touched by none of them", () => {
    for (const onFailure of policies) {
      const booted = partial({ onFailure, isLogged: true }, []);
      expect([held(booted), read(booted, "region0/commit"), lines(booted)]).toEqual(["HDC", "1", []]);
    }
  });

  it("[S2] [S4] unregister-a: addresses are free and the decoders go on decoding", () => {
    const booted = partial({ onFailure: "unregister-a" });
    expect(booted.read("/proc/iomem")).not.toContain("region0");
    expect(["start", "size", "dpa_size"].map((name) => read(booted, `decoder2.0/${name}`))).toEqual(["0x0", "0x0", "0x0000000010000000"]);
    expect(read(booted, "decoder1.0/size")).toBe("0x20000000");
    expect(() => store(booted, "decoder2.0/dpa_size", "0")).toThrow();
  });

  it("[S4] unregister-a after the driver's failure: the committed decoders stay", () => {
    const booted = failures["the region's driver"]?.({ onFailure: "unregister-a" }) as Booted;
    expect(ledgers(booted.kernel).decoders.map((decoder) => decoder.name).toSorted()).toEqual(["decoder1.0", "decoder2.0", "decoder3.0"]);
  });

  it("[S4] [S24] unregister-b: hardware is reset, memory is free, and the region is made again by hand", () => {
    const machine = wideMachine(1, 2);
    const booted = bootWith(machine, { regions: [one], decoders: [decoderAt("hb0", { ways: 1, targets: [1] })] }, { policies: assembly({ onFailure: "unregister-b" }) });
    expect([list(booted, "region"), held(booted)]).toEqual([[], ""]);
    const made = booted.command("cxl create-region -d decoder0.0 -m -t ram -w 2 -g 256 -s 512M mem0 mem1");
    expect([made.exitCode, made.stderr]).toEqual([0, "cxl region: cmd_create_region: created 1 region\n"]);
    expect([read(booted, "region0/commit"), read(booted, "region0/resource"), read(booted, "region0/size")]).toEqual(["1", "0x400000000", "0x20000000"]);
  });

  it("unregister-b: what is locked stays decoded, with its device memory", () => {
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"], { isLocked: true })] }, { policies: assembly({ onFailure: "unregister-b" }) });
    expect([list(booted, "region"), held(booted)]).toEqual([[], "DC"]);
  });

  it("[S33] unregister-b: a bridge's decoder of another region, and one that another endpoint decodes by, stay", () => {
    const other = regionOver(["d02"], { base: start + 512n * MiB });
    const booted = bootWith(wideMachine(1, 3, 256, ["d01"]), { regions: [one, other] }, { policies: assembly({ onFailure: "unregister-b" }) });
    expect(list(booted, "region").map((region) => read(booted, `${region}/commit`))).toEqual(["1"]);
    expect(ledgers(booted.kernel).decoders.filter((decoder) => decoder.serial === 0n).map((decoder) => decoder.start)).toEqual([start + 512n * MiB]);
    // The second card decodes the same addresses all by itself: it is no member, and what leads to it stays.
    const decoders = [decoderAt("hb0", { ways: 1, targets: [0] }), decoderAt("d01", { ways: 1 })];
    const shared = bootWith(wideMachine(1, 3), { regions: [regionOver(["d00", "d02"])], decoders }, { policies: assembly({ onFailure: "unregister-b" }) });
    expect(ledgers(shared.kernel).decoders.map((decoder) => decoder.serial).toSorted()).toEqual([0n, 2n]);
  });
});

describe("[POL-LOG] what a failure says", () => {
  const worse = (booted: Booted): string[] => booted.kernel.log.filter((line) => line.level === "warn" || line.level === "err").map((line) => line.text);

  it("[S22] [POL-LOG] a missing member: nothing when quiet, one error with what came and what was expected when explicit", () => {
    expect(worse(partial({}))).toEqual([]);
    expect(worse(partial({ isLogged: true }))).toEqual(["cxl region0: assembly failed: 1 of 2 endpoints arrived"]);
  });

  it("[S22] [POL-LOG] a failing check: one warning for the attach when quiet, one error more when explicit", () => {
    const boot = failures["A16"] as (change: Partial<Assembly>) => Booted;
    expect(worse(boot({})).map((line) => line.replace(/decoder\S+/, "decoder"))).toEqual([expect.stringMatching(/failed to attach decoder to region0: -6$/)]);
    const explicit = worse(boot({ isLogged: true }));
    expect([explicit.length, explicit[1]]).toEqual([2, expect.stringMatching(/^cxl region0: assembly failed: .*: -6$/)]);
  });

  for (const [name, boot] of Object.entries(failures)) {
    it(`[S22] [POL-LOG] ${name}: explicit adds one error line, whatever becomes of the region`, () => {
      const quiet = worse(boot({}));
      for (const onFailure of policies) {
        const said = worse(boot({ onFailure, isLogged: true }));
        expect(said.filter((line) => !line.includes("assembly failed"))).toEqual(quiet);
        expect(said.length - quiet.length).toBe(1);
      }
    });
  }

  it("[S1] [S3] leave and quiet: no task, no mark, no line more than without the policy", () => {
    const booted = partial({ timeout: second });
    expect(booted.kernel.timers).toEqual([]);
    expect(partial({}).system.hardware.digest("kernel")).toBe(booted.system.hardware.digest("kernel"));
  });
});

describe("[POL-ASM] timeout", () => {
  /** The same machine, one card of which arrives a second later: its media takes that long. */
  const slow = (machine: MachineDescription, port: number): MachineDescription => ({
    ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map((root, p) => (p === port ? { ...root, slots: [deviceOf(`d0${p}`, { serial: BigInt(p + 1), volatileCapacity: 512n * MiB, mediaReadyTime: 0.9 * second })] } : root)) })),
  });
  const late = (change: Partial<Assembly>): Booted => bootWith(slow(wideMachine(1, 2), 1), { regions: [one] }, { policies: assembly(change) });
  const at = (booted: Booted, pattern: RegExp): number => booted.kernel.log.find((entry) => pattern.test(entry.text))?.at ?? -1;
  const arrival = (): number => {
    const booted = late({});
    return at(booted, /region sort successful/) - at(booted, /__construct_region/);
  };

  it("[S5] [POL-ASM] a member that arrives just before the limit completes the region, and the timer is gone", () => {
    const booted = late({ onFailure: "unregister-b", isLogged: true, timeout: arrival() + 1_000_000 });
    expect([read(booted, "region0/commit"), booted.kernel.timers, lines(booted)]).toEqual(["1", [], []]);
  });

  it("[S5] [POL-ASM] one that arrives just after it finds the region gone, makes a fresh one, and that one ends too", () => {
    const limit = arrival() - 1_000_000;
    const booted = late({ onFailure: "unregister-b", isLogged: true, timeout: limit });
    expect([list(booted, "region"), read(booted, "region0/target0"), read(booted, "region0/commit"), lines(booted).length]).toEqual([["region0"], "decoder3.0", "0", 1]);
    wait(booted, limit);
    expect([list(booted, "region"), lines(booted), held(booted)]).toEqual([[], ["cxl region0: assembly failed: 1 of 2 endpoints arrived", "cxl region0: assembly failed: 1 of 2 endpoints arrived"], ""]);
  });

  it("[S5] at the limit less a nanosecond the region is there, at the limit it is gone", () => {
    const booted = partial({ onFailure: "unregister-b", timeout: 5 * second });
    const deadline = booted.kernel.timers[0]?.at ?? 0;
    wait(booted, deadline - 1 - booted.system.hardware.now);
    expect(list(booted, "region")).toEqual(["region0"]);
    wait(booted, 1);
    expect(list(booted, "region")).toEqual([]);
  });

  it("[S5] two regions have timers of their own, each from its first member", () => {
    const machine = slow(wideMachine(1, 4, 256, ["d01", "d03"]), 2);
    const booted = bootWith(machine, { regions: [one, regionOver(["d03", "d02"], { base: start + 512n * MiB })] }, { policies: assembly({ onFailure: "unregister-a", timeout: 10 * second }) });
    expect(booted.kernel.timers).toHaveLength(2);
    const [first, last] = booted.kernel.timers.map((timer) => timer.at) as [number, number];
    expect(last - first).toBeGreaterThan(0.9 * second);
    wait(booted, first - booted.system.hardware.now);
    expect(list(booted, "region")).toEqual(["region1"]);
    wait(booted, last - first);
    expect(list(booted, "region")).toEqual([]);
  });

  it("[S5] a region that is deleted by hand takes its timer with it", () => {
    const booted = partial({ onFailure: "unregister-b", timeout: 5 * second });
    store(booted, "decoder0.0/delete_region", "region0");
    expect(booted.kernel.timers).toEqual([]);
  });

  it("[S31] without a limit the barrier is device probing: a card that is slow is waited for, one that is not there is not", () => {
    expect(read(late({ onFailure: "unregister-b" }), "region0/commit")).toBe("1");
    expect(list(partial({ onFailure: "unregister-b" }), "region")).toEqual([]);
  });

  it("[S5] after an ending at rest a member that comes again fails again", () => {
    const booted = partial({ onFailure: "unregister-a", isLogged: true });
    store(booted, "../drivers/cxl_mem/unbind", "mem0");
    store(booted, "../drivers/cxl_mem/bind", "mem0");
    booted.settle();
    expect([list(booted, "region"), lines(booted).length]).toEqual([[], 2]);
  });
});

describe("endings in any order", () => {
  const four = regionOver(["d00", "d10", "d01", "d11"]);
  const seeds = Array.from({ length: 24 }, (_, n) => n + 1);

  it("[S16] [S31] whatever the order of probes, a region with a member missing ends once, and a whole one never", () => {
    for (const seed of seeds) {
      for (const [absent, ends] of [[["d11"], 1], [[], 0]] as const) {
        const booted = bootWith(wideMachine(2, 2, 256, absent), { regions: [four] }, { seed, policies: assembly({ onFailure: "unregister-b", isLogged: true }) });
        expect([seed, lines(booted).length, held(booted)]).toEqual([seed, ends, ends === 1 ? "" : "HDC"]);
      }
    }
  });

  it("[S5] [S16] a limit that passes while members are still arriving: each region that was made ends or is whole, and nothing is left behind", () => {
    const counts = new Set<number>();
    for (const seed of seeds) {
      for (const timeout of [1, 20_000_000, 40_000_000]) {
        const booted = bootWith(wideMachine(2, 2), { regions: [four] }, { seed, policies: assembly({ onFailure: "unregister-b", isLogged: true, timeout }) });
        wait(booted, second);
        counts.add(lines(booted).length);
        const whole = list(booted, "region").map((region) => read(booted, `${region}/commit`));
        expect([seed, timeout, booted.kernel.timers.length, whole, held(booted)]).toEqual([seed, timeout, 0, whole.length === 0 ? [] : ["1"], whole.length === 0 ? "" : "HDC"]);
      }
    }
    expect(counts.size).toBeGreaterThan(1);
  });
});

describe("[S6] the failure is consumer independent", () => {
  const kept = { leave: "HDC", "unregister-a": "DC", "unregister-b": "" } as const;
  for (const onFailure of policies) {
    it(`[S6] ${onFailure}: the same with Soft Reserved memory over the range and without`, () => {
      const withRange = bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [one], softReserved: [{ base: start, size: 512n * MiB }] }, { policies: assembly({ onFailure }) });
      expect([held(withRange), held(partial({ onFailure }))]).toEqual([kept[onFailure], kept[onFailure]]);
    });
  }
});

describe("[S24] the region with the same addresses, by hand, after each policy", () => {
  /** Cards that the region takes whole: no other memory can stand in. */
  const whole = wideMachine(1, 2);
  const machine = { ...whole, hostBridges: whole.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map((port, p) => ({ ...port, slots: [deviceOf(`d0${p}`, { serial: BigInt(p + 1) })] })) })) };
  const failed = { regions: [one], decoders: [decoderAt("hb0", { isCommitted: false })] };
  for (const [onFailure, exitCode] of [["leave", 1], ["unregister-a", 1], ["unregister-b", 0]] as const) {
    it(`[S24] [POL-ASM] ${onFailure}: create-region ends ${exitCode}`, () => {
      const booted = bootWith(machine, failed, { policies: assembly({ onFailure }) });
      const made = booted.command("cxl create-region -d decoder0.0 -m -t ram -w 2 -g 256 -s 512M mem0 mem1");
      expect(made.exitCode).toBe(exitCode);
      if (exitCode === 0) expect([read(booted, "region0/resource"), read(booted, "region0/commit")]).toEqual(["0x400000000", "1"]);
    });
  }
});
