// Memory cleared at once (PhysicalMemory.zero): what was written in a range becomes zero at whatever device an address of it reaches, and nothing else does.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, MiB, machineOf, offsetOf, openMemory, portOf, programDecoder, setUp } from "../support/machine.ts";

const base = 16n * GiB;

/** Two ways of 256 bytes over both ports. */
function interleaved(): Bench {
  const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]), "checked");
  const size = 512n * MiB;
  programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size, ways: 1, targets: 0x100n });
  for (const device of bench.devices) {
    device.write32(offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl"), 2);
    programDecoder(device, "deviceComponent", 0, { base, size, ways: 1 });
  }
  return bench;
}

const value = (bench: Bench, address: bigint): bigint => bench.platform.memory.load(address, 8).value;

describe("memory cleared at once", () => {
  it("[S72] every line of the range, on both ways of an interleave, up to its ends and no further", () => {
    const bench = interleaved();
    const addresses = Array.from({ length: 64 }, (_, i) => base + BigInt(i) * 256n);
    for (const address of addresses) bench.platform.memory.store(address, 8, address);
    bench.platform.memory.zero(base + 1024n, 4096n);
    for (const [i, address] of addresses.entries()) expect([i, value(bench, address)]).toEqual([i, i >= 4 && i < 20 ? 0n : address]);
  });

  it("takes poison with it", () => {
    const bench = interleaved();
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now }, action: { kind: "poison", device: "rp1-dev", dpa: 0n, length: 64 } });
    bench.hardware.advanceTo(bench.hardware.now + 1);
    expect(bench.platform.memory.load(base + 256n, 8).status).toBe("poison");
    bench.platform.memory.zero(base, 4096n);
    expect(bench.platform.memory.load(base + 256n, 8)).toEqual({ status: "ok", value: 0n });
  });

  it("[TB2] spares what is not reached: behind an isolated port, and behind a decoder that is not there", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [{ ...portOf("x").slots[0], name: "d", preservesVolatile: true } as never] })]), "checked");
    openMemory(bench);
    bench.platform.memory.store(base, 8, 5n);
    const media = (): number => bench.hardware.exports.peekMedia(0, 0, 0) >>> 0;
    bench.platform.memory.zero(base + 256n * MiB, 256n * MiB);
    expect(media()).toBe(5);
    bench.ports[0]?.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), 1 << 16);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "linkDown", port: "rp0" } });
    bench.hardware.advanceTo(bench.hardware.now + 1);
    bench.platform.memory.zero(base, 256n * MiB);
    expect(media()).toBe(5);
  });

  it("leaves the processors' cache as it is", () => {
    const bench = setUp(machineOf([portOf("rp0")], { cache: { size: 4096n, ways: 2, latency: 5 } }), "checked");
    openMemory(bench);
    bench.platform.memory.store(base, 8, 5n);
    bench.platform.memory.zero(base, 4096n);
    expect(value(bench, base)).toBe(5n);
    bench.hardware.reset("warm");
    expect(bench.hardware.viewOf(base)?.isCached).not.toBe(true);
  });
});
