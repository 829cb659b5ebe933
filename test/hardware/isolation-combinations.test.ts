// Every combination of the controls of Timeout & Isolation with every trigger and every platform, against what the sheet says of it
// (CXL 3.2 8.2.4.24.2, 12.3; error-recovery 8; rules T1 to T12). The expectation is written from the rules and knows nothing of the model.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, defaultIsolation, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const component = (register: string): number => offsetOf("rootPortComponent", "timeoutIsolation", register);
const config = (structure: string, register: string): number => offsetOf("rootPortConfig", structure, register);
const isolation = { ...defaultIsolation, cache: true, cacheLinkDown: true, cacheTimeout: true, cacheTimeoutRanges: 15 };

/** Positions of the enables in the control register (sheet 3). */
const bits = { memoryTimeout: 4, cacheTimeout: 12, memoryIsolation: 16, memoryLinkDown: 17, cacheIsolation: 18, cacheLinkDown: 19, errCor: 25, interrupt: 26 } as const;
type Controls = Readonly<Record<keyof typeof bits, boolean>>;
const names = Object.keys(bits) as (keyof typeof bits)[];
const combinations: readonly Controls[] = Array.from({ length: 2 ** names.length }, (_, number) => Object.fromEntries(names.map((name, index) => [name, (number & (1 << index)) !== 0])) as Controls);
const wordOf = (controls: Controls): number => names.reduce((word, name) => (controls[name] ? word | (1 << bits[name]) : word), 0);

type Platform = MachineDescription["platformFailure"];
type Cause = "link" | "response" | "cache";

interface Trigger {
  readonly name: string;
  readonly cause: Cause;
  /** Before the requests are on their way. */
  readonly arrange?: (bench: Bench) => void;
  readonly act?: (bench: Bench) => void;
}

const probe = (bench: Bench, action: ProbeAction): void => {
  armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now }, action });
  bench.hardware.advanceTo(bench.hardware.now + 1);
};
const write16 = (bench: Bench, structure: string, register: string, value: number): void => bench.platform.config.write16(bench.portAddress(0), config(structure, register), value);

/** T12, T11: whatever takes the link down is the same to isolation. */
const triggers: readonly Trigger[] = [
  { name: "the cable is pulled (surprise down)", cause: "link", act: (bench) => probe(bench, { kind: "linkDown", port: "rp0" }) },
  { name: "the card is pulled", cause: "link", act: (bench) => probe(bench, { kind: "unplug", port: "rp0" }) },
  { name: "Link Disable", cause: "link", arrange: (bench) => write16(bench, "dvsecPort", "control", 2), act: (bench) => write16(bench, "pcie", "linkControl", 1 << 4) },
  { name: "hot reset", cause: "link", arrange: (bench) => write16(bench, "dvsecPort", "control", 1), act: (bench) => write16(bench, "bridgeHeader", "bridgeControl", 1 << 6) },
  { name: "slot power off", cause: "link", act: (bench) => write16(bench, "pcie", "slotControl", 1 << 10) },
  { name: "a DPC trigger", cause: "link", arrange: (bench) => write16(bench, "dpc", "control", 1), act: (bench) => write16(bench, "dpc", "control", 1 | (1 << 6)) },
  { name: "answers that never come", cause: "response", arrange: (bench) => probe(bench, { kind: "dropResponse", port: "rp0", count: 3 }) },
  { name: "a CXL.cache transaction that is not answered", cause: "cache", act: (bench) => probe(bench, { kind: "cacheTimeout", port: "rp0" }) },
];

interface Seen {
  readonly host: string;
  readonly status: number;
  readonly link: string;
  /** Ends of a read, a write and a read that were on their way; empty when the host is gone. */
  readonly ends: readonly string[];
  readonly messages: number;
  readonly errCor: string;
}

/** What becomes of requests that nothing answers and no isolation covers (T7, T9; table of error-recovery 8). */
function lost(platform: Platform): Pick<Seen, "host" | "ends"> {
  if (platform === "machine-check") return { host: "running", ends: ["fatal", "dropped", "fatal"] };
  return { host: platform === "reset" ? "reset" : "hung", ends: [] };
}

/** The sheet's answer. `entries`: how often the port enters isolation, each with its own signals (T5, T6). */
function expected(controls: Controls, cause: Cause, platform: Platform): Seen {
  const isTimeout = cause === "response" && controls.memoryTimeout;
  const isCacheTimeout = cause === "cache" && controls.cacheTimeout;
  const byTimeout = isTimeout && controls.memoryIsolation;
  const byCacheTimeout = isCacheTimeout && controls.cacheIsolation;
  const isDown = cause === "link" || (byTimeout && controls.memoryLinkDown) || (byCacheTimeout && controls.cacheLinkDown);
  const memory = byTimeout || (isDown && controls.memoryIsolation);
  const cache = byCacheTimeout || (isDown && controls.cacheIsolation);
  const status = (isTimeout ? 1 : 0) | (isCacheTimeout ? 1 << 4 : 0) | (memory ? 1 << 8 : 0) | (memory && !byTimeout ? 1 << 9 : 0) | (cache ? 1 << 12 : 0) | (cache && !byCacheTimeout ? 1 << 13 : 0);
  const entries = (memory ? 1 : 0) + (cache ? 1 : 0);
  const requests = (): Pick<Seen, "host" | "ends"> => {
    if (memory) return { host: "running", ends: ["poison", "dropped", "poison"] };
    if (cause === "response" && !isTimeout) return { host: "hung", ends: [] };
    if (isDown || isTimeout) return lost(platform);
    return { host: "running", ends: ["ok", "ok", "ok"] };
  };
  return { ...requests(), status, link: isDown ? "down" : "up", messages: controls.interrupt && entries > 0 ? 1 : 0, errCor: !controls.errCor || entries === 0 ? "none" : entries === 1 ? "one" : "several" };
}

function look(bench: Bench): Seen {
  const ends: string[] = [];
  for (let one = bench.platform.memory.takeCompletion(); one !== undefined; one = bench.platform.memory.takeCompletion()) ends[one.requester] = one.status;
  let messages = 0;
  for (let one = bench.platform.interrupts.take(); one !== undefined; one = bench.platform.interrupts.take()) if (one.data === 0x43) messages++;
  const root = bench.platform.config.read32(bench.portAddress(0), config("aer", "rootErrorStatus"));
  const id = bench.hardware.entities.ports.get("rp0")?.id ?? 0;
  return { host: bench.hardware.hostState, status: bench.hardware.peekComponent(id, component("status")), link: bench.hardware.port("rp0").link, ends, messages, errCor: (root & 2) !== 0 ? "several" : (root & 1) !== 0 ? "one" : "none" };
}

function benchOf(platformFailure: Platform): Bench {
  const bench = setUp(machineOf([portOf("rp0", { isolation, powerController: true })], { platformFailure, watchdogTime: 1_000_000 }));
  openMemory(bench);
  return bench;
}

describe("every combination of the isolation controls", () => {
  for (const platform of ["reset", "hang-until-watchdog", "machine-check"] as const) {
    const bench = benchOf(platform);
    const start = bench.hardware.snapshot();
    it.each(triggers)(`[T1] [T2] [T3] [T4] [T5] [T6] [T7] [T9] [T11] [T12] [S68] platform ${platform}: $name`, ({ cause, arrange, act }) => {
      for (const controls of combinations) {
        bench.hardware.restore(start);
        bench.ports[0]?.write32(component("control"), wordOf(controls));
        arrange?.(bench);
        for (const requester of [0, 1, 2]) bench.platform.memory.issue(requester, requester === 1 ? "write" : "read", base + BigInt(64 * requester), 7n);
        act?.(bench);
        bench.hardware.advanceTo(bench.hardware.now + 2_000_000);
        expect({ controls, ...look(bench) }).toEqual({ controls, ...expected(controls, cause, platform) });
      }
    });
  }

  it("[T4] [TR2] wherever the link was forced down, clearing both halves lets it train, and nothing else does", () => {
    const bench = benchOf("machine-check");
    const start = bench.hardware.snapshot();
    for (const controls of combinations) {
      for (const cause of ["response", "cache"] as const) {
        bench.hardware.restore(start);
        bench.ports[0]?.write32(component("control"), wordOf(controls));
        if (cause === "cache") probe(bench, { kind: "cacheTimeout", port: "rp0" });
        else {
          probe(bench, { kind: "dropResponse", port: "rp0", count: 1 });
          bench.platform.memory.issue(0, "read", base, 0n);
          bench.hardware.advanceTo(bench.hardware.now + 900_000);
        }
        if (expected(controls, cause, "machine-check").link === "up") continue;
        bench.ports[0]?.write32(component("status"), 0x2211);
        bench.hardware.advanceTo(bench.hardware.now + 10_000_000);
        expect(bench.hardware.port("rp0").link).toBe("down");
        bench.ports[0]?.write32(component("status"), 0x1100);
        bench.hardware.advanceTo(bench.hardware.now + 100_000);
        expect([controls, bench.hardware.port("rp0").link]).toEqual([controls, "up"]);
      }
    }
  });

  it("the register takes exactly the enables whose capability the port has", () => {
    for (let has = 0; has < 256; has++) {
      const [memory, memoryLinkDown, timeout, cache, cacheLinkDown, cacheTimeout, errCor, interrupt] = [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => (has & (1 << bit)) !== 0);
      if ((memoryLinkDown === true && memory !== true) || (cacheLinkDown === true && cache !== true)) continue;
      const offered = { memory: memory === true, memoryLinkDown: memoryLinkDown === true, timeout: timeout === true, timeoutRanges: timeout === true ? 15 : 0, cache: cache === true, cacheLinkDown: cacheLinkDown === true, cacheTimeout: cacheTimeout === true, cacheTimeoutRanges: cacheTimeout === true ? 15 : 0, errCor: errCor === true, interruptMessage: interrupt === true ? 3 : -1 };
      const bench = setUp(machineOf([portOf("rp0", { isolation: offered })]));
      bench.ports[0]?.write32(component("control"), 0xffff_ffff);
      const wanted = (timeout === true ? 0x1f : 0) | (cacheTimeout === true ? 0x1f00 : 0) | (memory === true ? 1 << 16 : 0) | (memoryLinkDown === true ? 1 << 17 : 0) | (cache === true ? 1 << 18 : 0) | (cacheLinkDown === true ? 1 << 19 : 0) | (errCor === true ? 1 << 25 : 0) | (interrupt === true ? 1 << 26 : 0);
      expect([offered, bench.ports[0]?.read32(component("control"))]).toEqual([offered, wanted]);
    }
  });
});

describe("slot power", () => {
  const off = (bench: Bench, value: number): void => write16(bench, "pcie", "slotControl", value << 10);

  it("[T12] takes the link down and holds it; the card forgets what a hot reset would spare; without a controller the bit stays 0", () => {
    for (const powerController of [false, true]) {
      const bench = setUp(machineOf([portOf("rp0", { powerController })]));
      const sticky = offsetOf("deviceConfig", "aer", "uncorrectableMask");
      bench.platform.config.write32(bench.deviceAddress(0), sticky, 1 << 20);
      off(bench, 1);
      bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
      expect([bench.platform.config.read16(bench.portAddress(0), config("pcie", "slotControl")) >> 10, bench.hardware.port("rp0").heldBy]).toEqual(powerController ? [1, ["slot power"]] : [0, []]);
      off(bench, 0);
      bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
      expect([bench.hardware.port("rp0").link, bench.platform.config.read32(bench.deviceAddress(0), sticky) & (1 << 20)]).toEqual(["up", powerController ? 0 : 1 << 20]);
    }
  });

  it("is no Surprise Down", () => {
    const bench = setUp(machineOf([portOf("rp0", { powerController: true })]));
    off(bench, 1);
    expect(bench.platform.config.read32(bench.portAddress(0), config("aer", "uncorrectableStatus"))).toBe(0);
  });
});

describe("clearing isolation while Root Port Busy", () => {
  const cleared = (clearWhileBusy: "ignored" | "ends" | undefined): readonly unknown[] => {
    const choice = clearWhileBusy === undefined ? {} : { clearWhileBusy };
    const bench = setUp(machineOf([portOf("rp0")], { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 10_000, messageOrder: "isolation-first", ...choice } }));
    openMemory(bench);
    bench.ports[0]?.write32(component("control"), (1 << 16) | (1 << 4));
    probe(bench, { kind: "dropResponse", port: "rp0", count: 2 });
    for (const requester of [0, 1]) bench.platform.memory.issue(requester, "read", base + BigInt(64 * requester), 0n);
    bench.hardware.advanceTo(bench.hardware.now + 50_100);
    bench.ports[0]?.write32(component("status"), 1 << 8);
    const isIsolated = bench.hardware.port("rp0").isIsolated;
    const later = bench.platform.memory.load(base + 4096n, 8).status;
    bench.hardware.advanceTo(bench.hardware.now + 100_000);
    return [isIsolated, later, look(bench).ends];
  };

  it("[TR1] is ignored or ends isolation, as the implementation has it; what was pending is answered as isolated either way", () => {
    expect(cleared("ignored")).toEqual([true, "poison", ["poison", "poison"]]);
    expect(cleared(undefined)).toEqual(cleared("ignored"));
    expect(cleared("ends")).toEqual([false, "ok", ["poison", "poison"]]);
  });
});
