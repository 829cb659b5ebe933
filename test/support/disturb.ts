// Seeded accesses of every kind, legal and not, and the digests they leave: the same everywhere.

import { traceLayers } from "../../src/sim/trace.ts";
import { createRandom, nextBelow, nextUint32 } from "../../src/sim/random.ts";
import type { Bench } from "./machine.ts";
import { GiB, machineOf, openMemory, portOf, setUp } from "./machine.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ModuleVariant } from "../../src/hardware/module.ts";

export const digestsOf = (bench: Bench): string[] => traceLayers.map((layer) => bench.hardware.digest(layer));

export function disturb(bench: Bench, seed: number, count: number): void {
  const random = createRandom(seed);
  const handles = [bench.bridge, ...bench.ports, ...bench.devices];
  for (let i = 0; i < count; i++) {
    const handle = handles[nextBelow(random, handles.length)];
    const offset = nextBelow(random, 0x1010);
    const value = nextUint32(random);
    switch (nextBelow(random, 10)) {
      case 0: handle?.read32(offset & ~3); break;
      case 1: handle?.write32(offset & ~3, value); break;
      case 2: handle?.read64(offset & ~7); break;
      case 3: handle?.write64(offset, BigInt(value) << 20n); break;
      case 4: handle?.write8(offset, value & 0xff); break;
      case 5: bench.platform.config.write32(value % 3 === 0 ? bench.portAddress(0) : bench.deviceAddress(0), offset & 0xffc, value); break;
      case 6: bench.platform.config.read16(bench.deviceAddress(1), offset & 0xffe); break;
      case 7: bench.platform.memory.issue(nextBelow(random, 64), (value & 1) === 1 ? "read" : "write", 16n * GiB + BigInt(value), BigInt(i)); break;
      case 8: bench.platform.memory.takeCompletion(); break;
      default: bench.hardware.advanceTo(bench.hardware.now + nextBelow(random, 500));
    }
  }
}

/** Runs that must leave the same digests in every engine: random accesses, and a storm through an isolation. */
export function referenceDigests(variant: ModuleVariant): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const seed of [11, 12, 13]) {
    const bench = setUp(machineOf([portOf("rp0"), portOf("rp1", { inFlight: 1 })], { platformFailure: "machine-check" }), variant);
    disturb(bench, seed, 20_000);
    found[`seed ${seed}`] = digestsOf(bench);
  }
  const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]), variant);
  openMemory(bench);
  bench.ports[0]?.write32(0x128, (1 << 16) | (1 << 26));
  armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "linkDown", port: "rp0" }, skip: 40 });
  for (let i = 0; i < 200; i++) {
    bench.platform.memory.issue(i % 64, i % 3 === 0 ? "write" : "read", 16n * GiB + BigInt(64 * i), BigInt(i));
    bench.hardware.advanceTo(bench.hardware.now + 17);
    bench.platform.memory.takeCompletion();
  }
  found["isolation"] = digestsOf(bench);
  return found;
}
