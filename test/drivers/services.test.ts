// What a driver can ask of the kernel, one service after the other, and what is taken back when it lets go.

import { describe, expect, it } from "vitest";
import { aerEndpoint } from "../../registers/aer.ts";
import { memoryDeviceStatus, primaryMailbox } from "../../registers/device-block.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { msix } from "../../registers/messages.ts";
import { endpointHeader, pcieEndpoint } from "../../registers/pci.ts";
import { ras } from "../../registers/ras-link.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import type { ClaimedRange, DriverDevice, DriverServices, WaitQueue } from "../../src/platform/driver.ts";
import { plugInState } from "../../src/kernel/plug-in/state.ts";
import type { Task } from "../../src/sim/task.ts";
import type { Host } from "./host.ts";
import { bootWith, driverOf, memoryDevices, second } from "./host.ts";

interface Held {
  readonly host: Host;
  readonly kernel: DriverServices;
  readonly devices: readonly DriverDevice[];
}

/** A driver that is bound to all memory devices (or what `over` says) and does nothing; the test uses its services. */
function held(over: Parameters<typeof driverOf>[1] = memoryDevices, remove?: (kernel: DriverServices) => void): Held {
  const devices: DriverDevice[] = [];
  let services: DriverServices | undefined;
  const host = bootWith([driverOf((device, kernel) => {
    services = kernel;
    devices.push(device);
    return remove === undefined ? {} : { remove: () => remove(kernel) };
  }, over)]);
  if (services === undefined) throw new Error("the driver was not bound");
  return { host, kernel: services, devices };
}

function first({ devices }: Held): DriverDevice {
  const [device] = devices;
  if (device === undefined) throw new Error("no device");
  return device;
}

const errorOf = (kernel: DriverServices, call: () => unknown): string => {
  try {
    call();
  } catch (thrown) {
    return kernel.errorOf(thrown)?.name ?? String(thrown);
  }
  return "ok";
};

describe("registers", () => {
  it("config space ends where it ends, memory is reached at addresses and in widths that there are", () => {
    const made = held();
    const { kernel } = made;
    const config = kernel.config(first(made));
    for (const offset of [-4, 1, 4096, 0.5, Number.NaN]) expect(() => config.read32(offset)).toThrow(/^config space: 4 bytes at .*up to 4092$/);
    expect(() => config.write16(4095, 0)).toThrow("config space: 2 bytes at 4095");
    expect(config.read32(4092)).toBe(0);
    const load = (address: unknown, width: number): string => errorOf(kernel, () => kernel.memory.load(address as bigint, width as 8));
    expect([load(0x1000n, 3), load(-1n, 8), load(1n << 64n, 8), load(4096, 8), load(0x1000n, 8)]).toEqual(["EINVAL", "EINVAL", "EINVAL", "EINVAL", "ok"]);
  });

  it("a declaration that a service gave cannot be changed for others", () => {
    const { kernel } = held();
    const declaration = kernel.structure("timeoutIsolation") as { length: number; registers: Record<string, { offset: number }> };
    expect(() => (declaration.length = 1)).toThrow(TypeError);
    expect(() => Object.assign(declaration.registers["status"] ?? {}, { offset: 0 })).toThrow(TypeError);
  });

  it("config space, its capabilities and DVSECs, component and device registers are found by name", () => {
    const made = held();
    const { kernel } = made;
    const device = first(made);
    expect(kernel.config(device).read16(0)).toBe(kernel.capability(device, endpointHeader)?.vendorId.get("value"));
    expect(kernel.capability(device, msix)?.control.get("enable")).toBe(1);
    expect(kernel.capability(device, pcieEndpoint)?.flags.get("portType")).toBe(0);
    expect(kernel.capability(device, dvsecDevice)?.header2.get("id")).toBe(0);
    expect(kernel.capability(device, aerEndpoint)?.header.get("id")).toBe(1);
    expect(kernel.component(device, ras)?.uncorrectableMask.readRaw()).toBeGreaterThan(0n);
    expect(kernel.component(device, timeoutIsolation)).toBeUndefined();
    expect(kernel.deviceRegisters(device, memoryDeviceStatus)?.status.get("mediaStatus")).toBe(1);
    expect(kernel.deviceRegisters(device, primaryMailbox)?.capability.get("payloadSize")).toBeGreaterThan(7);
    expect(kernel.structure("timeoutIsolation")).toBe(timeoutIsolation);
  });

  it("are mapped once for all that ask, and given back with the last driver", () => {
    const made = held();
    const { kernel, host } = made;
    const device = first(made);
    expect(kernel.component(device, ras)).toBe(kernel.component(device, ras));
    expect(kernel.deviceRegisters(device, primaryMailbox)).toBe(kernel.deviceRegisters(device, primaryMailbox));
    const { devices } = plugInState(host.kernel);
    expect(devices.has(device.id)).toBe(true);
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    expect(devices.has(device.id)).toBe(false);
    expect(errorOf(kernel, () => kernel.config(device))).toBe("ENODEV");
  });

  it("a structure of another place, and a name that there is not, are errors with a remedy", () => {
    const made = held();
    const { kernel } = made;
    expect(() => kernel.component(first(made), pcieEndpoint)).toThrow(/pcie is not among component registers; it lies in config space/);
    expect(() => kernel.capability(first(made), ras)).toThrow(/ras does not lie in config space/);
    expect(() => kernel.deviceRegisters(first(made), ras)).toThrow(/ras is not among device registers/);
    expect(() => kernel.structure("timeoutIsolatoin")).toThrow(/there is no structure "timeoutIsolatoin"; did you mean "timeoutIsolation"\?/);
    expect(errorOf(kernel, () => kernel.structure("timeoutIsolatoin"))).toBe("EINVAL");
  });

  it("map refuses what cannot be mapped, runs out with ENOMEM, and takes back with the driver's last function", () => {
    const made = held({ match: { kind: "root-port" } });
    const { kernel, host } = made;
    expect([errorOf(kernel, () => kernel.map(-1n, 16n)), errorOf(kernel, () => kernel.map(1n << 64n, 16n))]).toEqual(["EINVAL", "EINVAL"]);
    expect(() => kernel.map(0xfe00_0000 as never, 16n)).toThrow(/address and size are bigint/);
    expect([errorOf(kernel, () => kernel.map(0n, 0n)), errorOf(kernel, () => kernel.map(0n, (1n << 31n) + 1n))]).toEqual(["EINVAL", "EINVAL"]);
    let count = 0;
    while (errorOf(kernel, () => kernel.map(0xfe00_0000n, 16n)) === "ok") count++;
    expect(errorOf(kernel, () => kernel.map(0xfe00_0000n, 16n))).toBe("ENOMEM");
    for (const port of ["0c:00.0", "0c:01.0"]) host.command(`echo 0000:${port} > /sys/bus/pci/drivers/pcieport/unbind`);
    for (const port of ["0c:00.0", "0c:01.0"]) host.command(`echo 0000:${port} > /sys/bus/pci/drivers/pcieport/bind`);
    let again = 0;
    while (errorOf(kernel, () => kernel.map(0xfe00_0000n, 16n)) === "ok") again++;
    expect(again).toBe(count);
  });

  it("memory and caches are the platform's", () => {
    const { kernel } = held();
    kernel.memory.store(0x1000n, 8, 0x1122n);
    expect([kernel.memory.load(0x1000n, 8), kernel.invalidateCaches(0n, 4096n)]).toEqual([{ status: "ok", value: 0x1122n }, true]);
  });
});

describe("log, mark, errors", () => {
  it("a line is logged as it is, a mark can be waited for, an error number is named and known again", () => {
    const { kernel, host } = held();
    kernel.log("warn", "demo: something");
    expect(host.kernel.log.at(-1)).toMatchObject({ level: "warn", text: "demo: something" });
    const marks: string[] = [];
    host.kernel.trace.onText = (layer, _kind, text, detail) => void (layer === "kernel" && marks.push(`${text} ${detail}`));
    kernel.mark("demo is there", "twice");
    expect(marks).toEqual(["demo is there twice"]);
    expect(kernel.errorOf(kernel.error("EBUSY", "taken"))).toEqual({ name: "EBUSY", number: 16, message: "taken" });
    expect(kernel.errorOf(new Error("other"))).toBeUndefined();
    expect(() => kernel.error("EBUSSY", "taken")).toThrow(/there is no error number EBUSSY; did you mean "EBUSY"\?/);
  });

  it("panic ends the host", () => {
    const made = held();
    made.kernel.schedule("end", function* () {
      yield* made.kernel.sleep(1);
      made.kernel.panic("demo has had enough");
    });
    made.host.run(second);
    expect(made.host.kernel.panic?.message).toBe("demo has had enough");
  });
});

describe("resources and interrupts", () => {
  const base = 0x2_0000_0000n;

  it("a claim stands in /proc/iomem under the function's name; a second one is EBUSY; release and removal take it back", () => {
    const made = held();
    const { kernel, host } = made;
    const device = first(made);
    const lines = (): string[] => host.files.read("/proc/iomem").split("\n").filter((line) => line.startsWith("200000"));
    const claim: ClaimedRange = kernel.claim(device, base, 0x1000n);
    expect(lines()).toEqual([`200000000-200000fff : ${device.name}`]);
    expect([errorOf(kernel, () => kernel.claim(device, base, 16n)), errorOf(kernel, () => kernel.claim(device, base, 0n))]).toEqual(["EBUSY", "EINVAL"]);
    claim.release();
    claim.release();
    expect(lines()).toEqual([]);
    kernel.claim(device, base, 0x1000n);
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    expect(lines()).toEqual([]);
    expect(errorOf(kernel, () => kernel.claim(device, base, 16n))).toBe("EINVAL");
  });

  it("a message beyond those granted is EINVAL; one that was asked for goes back to whom it reached before", () => {
    const made = held({ match: { kind: "root-port" } });
    const { kernel, host } = made;
    const device = first(made);
    const before = new Map(host.kernel.interrupts);
    for (const none of [99, -1, 1.5, Number.NaN]) expect(errorOf(kernel, () => kernel.requestInterrupt(device, none))).toBe("EINVAL");
    expect(host.kernel.interrupts).toEqual(before);
    kernel.requestInterrupt(device, 3);
    kernel.requestInterrupt(device, 4);
    expect([...host.kernel.interrupts.values()].filter(({ handler }) => handler === "plug-in-interrupt")).toHaveLength(2);
    kernel.freeInterrupt(device, 3);
    expect([...host.kernel.interrupts.values()].filter(({ handler }) => handler === "plug-in-interrupt")).toHaveLength(1);
    kernel.freeInterrupt(device, 4);
    expect(host.kernel.interrupts).toEqual(before);
  });

  it("a removed function's messages are free", () => {
    const made = held();
    made.kernel.requestInterrupt(first(made), 0);
    expect(plugInState(made.host.kernel).messages.size).toBe(1);
    made.host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    expect(plugInState(made.host.kernel).messages.size).toBe(0);
    expect([...made.host.kernel.interrupts.values()].some(({ handler }) => handler === "plug-in-interrupt")).toBe(false);
  });
});

describe("work and time", () => {
  it("work runs on its own, later work later, delay spends time on the spot", () => {
    const { kernel, host } = held();
    const seen: string[] = [];
    const start = kernel.now;
    const note = (text: string): void => void seen.push(`${text} ${kernel.now - start}`);
    kernel.scheduleAfter(2000, "later", function* () {
      note("later");
      yield* kernel.point("somewhere");
    });
    kernel.schedule("soon", function* () {
      note("soon");
      yield* kernel.sleep(500);
      note("slept");
      kernel.delay(250);
      note("delayed");
    });
    host.run(second);
    expect(seen).toEqual(["soon 0", "slept 500", "delayed 750", "later 2000"]);
  });

  it("a wait queue wakes who waits; a wake-up with nobody waiting is lost", () => {
    const { kernel, host } = held();
    const queue: WaitQueue = kernel.waitQueue();
    const other: WaitQueue = kernel.waitQueue();
    const seen: string[] = [];
    const waiter = (name: string, on: WaitQueue) => function* (): Task<void> {
      yield* on.wait();
      seen.push(name);
    };
    queue.wake();
    kernel.schedule("one", waiter("one", queue));
    kernel.schedule("two", waiter("two", queue));
    kernel.schedule("three", waiter("three", other));
    host.run(1000);
    expect(seen).toEqual([]);
    queue.wake();
    host.run(1000);
    expect(seen).toEqual(["one", "two"]);
  });

  it("times that are none, and work that is no function, are refused", () => {
    const { kernel } = held();
    expect(() => kernel.sleep(-1)).toThrow(/sleep: -1 is no time/);
    expect(() => kernel.delay(Number.NaN)).toThrow(/delay: NaN is no time/);
    expect(() => kernel.delay(1e300)).toThrow(/delay: 1e\+300 is no time/);
    expect(() => kernel.scheduleAfter(Infinity, "never", function* () {})).toThrow(/is no time/);
    expect(() => kernel.schedule("wrong", (function* () {})() as never)).toThrow(/work "wrong" is no function/);
  });

  it("a service that is called and not waited for is named, and so is one that is yielded without the star", () => {
    const forgetting = (work: (kernel: DriverServices) => () => Task<void>) => (): void => {
      const { kernel, host } = held();
      kernel.schedule("careless", work(kernel));
      host.run(second);
    };
    expect(forgetting((kernel) => function* () {
      kernel.sleep(5);
      yield* kernel.point("here");
    })).toThrow("driver demo: work careless: service sleep was called and not waited for: a missing yield*");
    expect(forgetting((kernel) => function* () {
      yield kernel.waitQueue().wait() as never;
    })).toThrow(/work careless: service wait was called and not waited for/);
    expect(forgetting(() => function* () {
      yield 5 as never;
    })).toThrow(/work careless: it yields something that is no wait/);
    expect(() => bootWith([driverOf((device, kernel) => {
      kernel.link.wait(device, true, 5);
      return {};
    })])).toThrow("driver demo: probe of 0000:0c:00.0: service link.wait was called and not waited for: a missing yield*");
  });

  it("an error number that work does not deal with ends the run", () => {
    const { kernel, host } = held();
    kernel.schedule("careless", function* () {
      yield* kernel.sleep(1);
      throw kernel.error("EIO", "no answer");
    });
    expect(() => host.run(second)).toThrow("driver demo: work careless: EIO: no answer");
  });
});

describe("link, slot and regions", () => {
  it("a port's link is taken down and up, what is below goes and comes, with the slot held meanwhile", () => {
    const made = held({ match: { kind: "root-port" } });
    const { kernel, host } = made;
    const port = first(made);
    const seen: unknown[] = [];
    kernel.schedule("cycle", function* () {
      kernel.slot.hold(port, true);
      seen.push(kernel.link.isUp(port));
      yield* kernel.slot.removeBelow(port);
      kernel.link.disable(port);
      seen.push(yield* kernel.link.wait(port, false, second), host.files.list("/sys/bus/pci/devices").includes("0000:0d:00.0"));
      kernel.link.enable(port);
      seen.push(yield* kernel.link.wait(port, true, second));
      yield* kernel.sleep(100_000_000);
      seen.push(yield* kernel.slot.rescan(port));
      kernel.slot.hold(port, false);
    });
    host.run(10 * second);
    expect(seen).toEqual([true, true, false, true, 1]);
    expect(host.files.list("/sys/bus/pci/devices")).toContain("0000:0d:00.0");
  });

  it("a region is planned, given up and made again; what the driver holds are names and figures alone", () => {
    const made = held({ match: { kind: "root-port" } });
    const { kernel, host } = made;
    const port = first(made);
    expect(host.command("cxl create-region -d decoder0.0 -w 1 -m -t ram mem0")).toContain("region0");
    const seen: unknown[] = [];
    kernel.schedule("remake", function* () {
      const [region] = kernel.cxl.regionsBelow(port);
      if (region === undefined) return;
      const plan = kernel.cxl.plan(region);
      seen.push(Object.keys(region), plan, kernel.cxl.isKernelMapped(plan), kernel.cxl.pinOwners([region]));
      yield* kernel.cxl.fence([region]);
      yield* kernel.cxl.unbind(region);
      yield* kernel.cxl.release(region, plan, port);
      seen.push(region.isGone, kernel.cxl.regionsBelow(port).length);
      const again = yield* kernel.cxl.recreate(plan);
      seen.push(again.region.name, again.size, yield* kernel.cxl.clear(again.start, again.size));
      yield* kernel.cxl.activate(again.region);
      yield* kernel.cxl.restoreDax(again.region, plan);
      seen.push(kernel.cxl.aliveBytes(again.region));
    });
    host.run(10 * second);
    const size = 256n << 20n;
    expect(seen).toEqual([["name", "isGone"], { name: "region0", start: 16n << 30n, size, aliveBytes: size }, false, [], true, 0, "region0", size, true, size]);
    expect(errorOf(kernel, () => kernel.cxl.aliveBytes({ name: "region0", isGone: false }))).toBe("EINVAL");
  });

  it("what granted gave is the driver's to keep: nothing of it reaches the kernel's own record", () => {
    const isolating = held({ match: { capability: "timeoutIsolation" } });
    Object.assign(isolating.kernel.cxl.granted(first(isolating)), { isolationControl: false });
    expect(isolating.kernel.cxl.granted(first(isolating))).toMatchObject({ isolationControl: true });
  });

  it("granted says what _OSC left to the system when a driver for isolation is there, and a recovery's record is the report's", () => {
    const isolating = held({ match: { capability: "timeoutIsolation" } });
    expect(isolating.kernel.cxl.granted(first(isolating))).toMatchObject({ isolationControl: true, isolationNotification: true });
    const other = held({ match: { kind: "root-port" } });
    expect(other.kernel.cxl.granted(first(other))).toMatchObject({ isolationControl: false });
    const record = other.kernel.cxl.recovery(first(other));
    record.enter("FENCED", "by hand");
    expect([record.state, other.host.log().at(-1)]).toEqual(["FENCED", "cxl_isolation 0000:0c:00.0: recovery: FENCED (by hand)"]);
    record.end();
  });

  it("a recovery's record takes no figure and no state that the report could not tell", () => {
    const made = held({ match: { kind: "root-port" } });
    const record = made.kernel.cxl.recovery(first(made));
    expect(() => Object.assign(record, { bytesBefore: 5 })).toThrow(/bytesBefore of a recovery is a bigint/);
    expect(() => Object.assign(record, { bytesAfter: -1n })).toThrow(/bytesAfter of a recovery is a bigint/);
    expect(() => record.enter("RECOVERD" as never)).toThrow(/"RECOVERD" is no state of a recovery; did you mean "RECOVERED"/);
    expect([record.bytesBefore, record.bytesAfter, record.state]).toEqual([0n, 0n, "NOTIFIED"]);
  });
});
