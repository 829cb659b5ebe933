import { describe, expect, it } from "vitest";
import type { Completion } from "../../src/platform/platform.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, defaultIsolation, deviceOf, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";
import { armProbe } from "../../src/hardware/probes.ts";

const base = 16n * GiB;
const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const status = offsetOf("rootPortComponent", "timeoutIsolation", "status");
const capability = offsetOf("rootPortComponent", "timeoutIsolation", "capability");
const linkStatus = offsetOf("rootPortConfig", "pcie", "linkStatus");

const timeoutEnable = 1 << 4;
const isolationEnable = 1 << 16;
const forceLinkDown = 1 << 17;
const errCorEnable = 1 << 25;
const interruptEnable = 1 << 26;
const isolated = 1 << 8;
const byLinkDown = 1 << 9;
const busy = 1 << 14;

function port(bench: Bench, index = 0) {
  const handle = bench.ports[index];
  if (handle === undefined) throw new Error("no such port");
  return { set: (value: number): void => handle.write32(control, value), status: (): number => handle.read32(status), clear: (bits: number): void => handle.write32(status, bits), read: (offset: number): number => handle.read32(offset), write: (offset: number, value: number): void => handle.write32(offset, value) };
}

function completions(bench: Bench): Completion[] {
  const taken: Completion[] = [];
  for (let one = bench.platform.memory.takeCompletion(); one !== undefined; one = bench.platform.memory.takeCompletion()) taken.push(one);
  return taken;
}

function ready(enabled: number, overrides: Parameters<typeof portOf>[1] = {}, machine: Parameters<typeof machineOf>[1] = {}): Bench {
  const bench = setUp(machineOf([portOf("rp0", overrides), portOf("rp1")], machine));
  openMemory(bench);
  port(bench).set(enabled);
  return bench;
}

const cut = (bench: Bench, name = "rp0"): number => armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: name } });
const isLinkUp = (bench: Bench): boolean => (bench.platform.config.read16(bench.portAddress(0), linkStatus) & (1 << 13)) !== 0;

describe("CXL.mem isolation of a root port", () => {
  it("[T1] [TS5] [TS6] a link down with isolation enabled isolates at once, whatever the timeout says", () => {
    const bench = ready(isolationEnable);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 10);
    expect(port(bench).status() & (isolated | byLinkDown | 1)).toBe(isolated | byLinkDown);
    expect(port(bench, 1).status()).toBe(0);
  });

  it("[T1] without isolation enabled a link down sets no isolation status", () => {
    const bench = ready(0);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 10);
    expect(port(bench).status()).toBe(0);
    expect(bench.hardware.hostState).toBe("running");
  });

  it("[T2] [T3] [TS1] a dropped response with timeout and isolation on isolates by timeout, link up", () => {
    const bench = ready(timeoutEnable | isolationEnable);
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "read" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
    bench.platform.memory.issue(0, "read", base, 0n);
    bench.hardware.advanceTo(bench.hardware.now + 49_999);
    expect(port(bench).status()).toBe(0);
    bench.hardware.advanceTo(bench.hardware.now + 100);
    expect(port(bench).status()).toBe(isolated | 1);
    expect(isLinkUp(bench)).toBe(true);
    expect(completions(bench).map((one) => one.status)).toEqual(["poison"]);
  });

  it("[T4] [T8] isolation by timeout with forced link down takes the link down and holds it; status[9] stays the cause of entry", () => {
    const bench = ready(timeoutEnable | isolationEnable | forceLinkDown);
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
    bench.platform.memory.issue(0, "read", base, 0n);
    bench.hardware.advanceTo(bench.hardware.now + 200_000);
    expect(port(bench).status() & (isolated | byLinkDown)).toBe(isolated);
    expect(isLinkUp(bench)).toBe(false);
    bench.hardware.advanceTo(bench.hardware.now + 10_000_000);
    expect(isLinkUp(bench)).toBe(false);
    port(bench).clear(isolated);
    bench.hardware.advanceTo(bench.hardware.now + 200_000);
    expect(isLinkUp(bench)).toBe(true);
  });

  it("[T5] one message per entry, with the message number of the capability", () => {
    const bench = ready(isolationEnable | interruptEnable);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect(bench.platform.interrupts.take()).toEqual({ address: 0xfee0_0000, data: 0x43 });
    expect(bench.platform.interrupts.take()).toBeUndefined();
  });

  it("[T5] the message number follows Multiple Message Enable", () => {
    const bench = ready(isolationEnable | interruptEnable);
    expect(port(bench).read(capability) >>> 27).toBe(3);
    bench.platform.config.write16(bench.portAddress(0), offsetOf("rootPortConfig", "msi", "control"), 1 | (1 << 4));
    expect(port(bench).read(capability) >>> 27).toBe(1);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect(bench.platform.interrupts.take()?.data).toBe(0x41);
  });

  it("[T6] ERR_COR is logged at the root with the port's requester id", () => {
    const bench = ready(isolationEnable | errCorEnable);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect(bench.platform.config.read32(bench.portAddress(0), offsetOf("rootPortConfig", "aer", "rootErrorStatus")) & 1).toBe(1);
    expect(bench.platform.config.read16(bench.portAddress(0), offsetOf("rootPortConfig", "aer", "errorSource"))).toBe(12 << 8);
  });

  it("[T7] [T9] without isolation the platform decides: reset, watchdog or fatal machine check", () => {
    const lost = (platformFailure: "reset" | "hang-until-watchdog" | "machine-check"): Bench => {
      const bench = ready(0, {}, { platformFailure, watchdogTime: 1_000_000 });
      bench.platform.memory.issue(0, "read", base, 0n);
      cut(bench);
      bench.hardware.advanceTo(bench.hardware.now + 2_000_000);
      return bench;
    };
    expect(lost("reset").hardware.hostState).toBe("reset");
    expect(lost("hang-until-watchdog").hardware.hostState).toBe("hung");
    const checked = lost("machine-check");
    expect([checked.hardware.hostState, completions(checked).map((one) => one.status)]).toEqual(["running", ["fatal"]]);
  });

  it("[T2] a lost response with neither timeout nor isolation ends in the watchdog", () => {
    const bench = ready(0, {}, { watchdogTime: 5_000_000 });
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
    const issued = bench.hardware.now;
    bench.platform.memory.issue(0, "read", base, 0n);
    bench.hardware.advanceTo(issued + 10_000_000);
    expect([bench.hardware.hostState, bench.hardware.hostStateAt]).toEqual(["hung", issued + 5_000_000]);
  });

  it("[S69] [TB1] [TB2] three reads and three writes in flight: three errors, no write lands, later requests fare alike", () => {
    const bench = ready(isolationEnable);
    for (let i = 0; i < 6; i++) bench.platform.memory.issue(i, i < 3 ? "read" : "write", base + BigInt(64 * i), 0x1111n);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: "rp0" } });
    bench.hardware.advanceTo(bench.hardware.now + 5000);
    expect(completions(bench).map((one) => one.status)).toEqual(["poison", "poison", "poison", "dropped", "dropped", "dropped"]);
    expect(bench.hardware.exports.peekMedia(0, 192, 0)).not.toBe(0x1111);
    expect(bench.platform.memory.load(base, 8).status).toBe("poison");
    expect(bench.platform.memory.store(base, 8, 1n)).toBe("dropped");
  });

  it("[TS10] [TR1] RP Busy lasts until every request pending at the trigger is answered, and for 1, 7 and 64 entries as long as the table says", () => {
    for (const entries of [1, 7, 64]) {
      const bench = ready(isolationEnable, { inFlight: 64 });
      for (let i = 0; i < entries; i++) bench.platform.memory.issue(i, "read", base + BigInt(64 * i), 0n);
      const cutAt = bench.hardware.now + 10;
      armProbe(bench.hardware, 0, { match: { kind: "time", at: cutAt }, action: { kind: "linkDown", port: "rp0" } });
      bench.hardware.advanceTo(cutAt + entries * 50 - 1);
      expect(bench.hardware.peekComponent(bench.hardware.entities.ports.get("rp0")?.id ?? 0, status) & busy).toBe(busy);
      bench.hardware.advanceTo(cutAt + entries * 50);
      expect(bench.hardware.peekComponent(bench.hardware.entities.ports.get("rp0")?.id ?? 0, status) & busy).toBe(0);
      expect(completions(bench)).toHaveLength(entries);
    }
  });

  it("[TR2] writing 1 to status[8] ends isolation whatever the other bits say", () => {
    const bench = ready(isolationEnable);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    port(bench).clear(isolated);
    expect(port(bench).status()).toBe(byLinkDown);
    port(bench).clear(byLinkDown);
    expect(port(bench).status()).toBe(0);
  });

  it("[TR1] clearing while RP Busy is a violation that changes nothing", () => {
    const bench = ready(isolationEnable, {}, { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 10_000, messageOrder: "isolation-first" } });
    bench.platform.memory.issue(0, "read", base, 0n);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 20);
    expect(port(bench).status() & busy).toBe(busy);
    port(bench).clear(isolated);
    expect(port(bench).status() & isolated).toBe(isolated);
  });

  it("[S70] seed-strict keeps isolation while the link has not been down since the trigger; cxl-3.2 lets go", () => {
    for (const exit of ["seed-strict", "cxl-3.2"] as const) {
      const bench = ready(timeoutEnable | isolationEnable, {}, { implementation: { isolationExit: exit, timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" } });
      armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
      bench.platform.memory.issue(0, "read", base, 0n);
      bench.hardware.advanceTo(bench.hardware.now + 100_000);
      port(bench).clear(isolated);
      expect(port(bench).status() & isolated).toBe(exit === "seed-strict" ? isolated : 0);
    }
  });

  it("[TR4] after link-up BARs, memory enable, HDM enable and decoders of the device are gone, those of the host bridge are kept", () => {
    const bench = ready(isolationEnable);
    bench.platform.memory.store(base, 8, 0xabcdn);
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    port(bench).clear(isolated | byLinkDown);
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkUp", port: "rp0" } });
    bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
    expect(isLinkUp(bench)).toBe(true);
    const device = bench.deviceAddress(0);
    const id = bench.hardware.entities.devices.get("rp0-dev")?.id ?? 0;
    expect([bench.platform.config.read32(device, 0x10), bench.platform.config.read16(device, 4), bench.platform.config.read16(device, offsetOf("deviceConfig", "dvsecDevice", "control"))]).toEqual([0xc, 0, 2]);
    expect(bench.hardware.peekComponent(id, offsetOf("deviceComponent", "hdmDecoderDevice", "control"))).toBe(0);
    expect(bench.hardware.peekComponent(id, offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl"))).toBe(0);
    expect(bench.bridge.read32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "control")) & 0x400).toBe(0x400);
  });

  it("[S72] what a volatile device holds after the hot reset is the pattern, or the old bytes where it declares preservation", () => {
    for (const preservesVolatile of [false, true]) {
      const bench = ready(isolationEnable, { slots: [deviceOf("d", { preservesVolatile })] });
      bench.platform.memory.store(base, 8, 0xabcdn);
      expect(bench.hardware.exports.peekMedia(0, 0, 0)).toBe(0xabcd);
      cut(bench);
      bench.hardware.advanceTo(bench.hardware.now + 1000);
      if (preservesVolatile) expect(bench.hardware.exports.peekMedia(0, 0, 0)).toBe(0xabcd);
      else expect(bench.hardware.exports.peekMedia(0, 0, 0)).not.toBe(0xabcd);
    }
  });

  it("a replacement with other serial, BAR size and capacity is what the next link-up shows", () => {
    const bench = ready(isolationEnable, { slots: [deviceOf("old"), deviceOf("new", { serial: 0x99n, barSize: 1n << 20n, volatileCapacity: 512n << 20n })] });
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: "rp0" } });
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 20 }, action: { kind: "plug", port: "rp0", device: "new" } });
    armProbe(bench.hardware, 2, { match: { kind: "time", at: bench.hardware.now + 30 }, action: { kind: "linkUp", port: "rp0" } });
    bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
    port(bench).clear(isolated | byLinkDown);
    const device = bench.deviceAddress(0);
    bench.platform.config.write32(device, 0x10, 0xffff_ffff);
    expect([bench.platform.config.read32(device, offsetOf("deviceConfig", "serialNumber", "low")), bench.platform.config.read32(device, 0x10), bench.platform.config.read32(device, offsetOf("deviceConfig", "dvsecDevice", "range1SizeLow")) >>> 28]).toEqual([0x99, 0xfff0_000c, 2]);
  });

  it("a port without the capability shows a NULL header and reserved bytes; CXL.cache bits stay 0", () => {
    const without = setUp(machineOf([portOf("rp0", { isolation: null })]));
    port(without).write(control, 0xffff_ffff);
    expect([port(without).read(0x0c), port(without).read(capability), port(without).read(control)]).toEqual([0, 0, 0]);
    const bench = ready(0);
    expect(port(bench).read(0x0c)).toBe((9 | (1 << 16) | (capability << 20)) >>> 0);
    port(bench).set(0xffff_ffff);
    expect(port(bench).read(control)).toBe(0x0603_001f);
  });

  it("controls whose capability bit is 0 are RO 0", () => {
    const bench = ready(0, { isolation: { ...defaultIsolation, timeout: false, timeoutRanges: 0, memoryLinkDown: false, errCor: false, interruptMessage: -1 } });
    port(bench).set(0xffff_ffff);
    expect(port(bench).read(control)).toBe(1 << 16);
  });

  it("a timeout value without its range, or reserved, keeps what was written and behaves as 0", () => {
    for (const [ranges, value, expected] of [[1, 5, 50_000], [15, 3, 50_000], [15, 5, 16_000_000], [15, 14, 17_000_000_000], [1, 2, 1_000_000]] as const) {
      const bench = ready(timeoutEnable | isolationEnable | value, { isolation: { ...defaultIsolation, timeoutRanges: ranges } }, { watchdogTime: 100_000_000_000 });
      expect(port(bench).read(control) & 15).toBe(value);
      armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
      const issued = bench.hardware.now;
      bench.platform.memory.issue(0, "read", base, 0n);
      bench.hardware.advanceTo(issued + expected - 1);
      expect(bench.hardware.peekComponent(1, status) & isolated).toBe(0);
      bench.hardware.advanceTo(issued + expected);
      expect(bench.hardware.peekComponent(1, status) & isolated).toBe(isolated);
    }
  });

  it("a link that never retrains stays down after isolation is left", () => {
    const bench = ready(isolationEnable);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 5 }, action: { kind: "neverRetrain", port: "rp0" } });
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: "rp0" } });
    bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
    port(bench).clear(isolated | byLinkDown);
    bench.hardware.advanceTo(bench.hardware.now + 10_000_000);
    expect(isLinkUp(bench)).toBe(false);
  });

  it("a lost interrupt is lost once, and the evidence of the probe says so", () => {
    const bench = ready(isolationEnable | interruptEnable);
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 5 }, action: { kind: "loseInterrupt", function: "rp0", message: 3, count: 1 } });
    cut(bench);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect(bench.platform.interrupts.take()).toBeUndefined();
    expect(port(bench).status() & isolated).toBe(isolated);
  });
});
