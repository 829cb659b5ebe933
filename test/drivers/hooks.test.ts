// The life of a driver: which functions it is offered, what it hears, what is taken back when it lets go, and what becomes of one that goes wrong.

import { describe, expect, it } from "vitest";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { PlugInError } from "../../src/kernel/plug-in/failure.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import type { DriverDevice, DriverEvent, DriverModule } from "../../src/platform/driver.ts";
import { bootWith, driverOf, hooking, memoryDevices, second } from "./host.ts";

const record = (kind: "memoryModule" | "dram"): Uint8Array => encodePayload(recordLayout(kind), { id: uuidFrom(eventRecords[kind].uuid) });
const firstByte = (kind: "memoryModule" | "dram"): number => Number(uuidFrom(eventRecords[kind].uuid)[0]);

describe("matching and probe", () => {
  it("a driver is offered every function that matches, in order of discovery, each once", () => {
    const seen: string[] = [];
    const note = (device: DriverDevice): null => {
      seen.push(`${device.name} ${device.kind}`);
      return null;
    };
    bootWith([driverOf(note)]);
    expect(seen).toEqual(["0000:0c:00.0 root-port", "0000:0c:01.0 root-port"]);
    seen.length = 0;
    bootWith([driverOf(note, { match: [{ class: 0x05_0210 }, { kind: "root-port", vendor: 1 }] })]);
    expect(seen).toEqual(["0000:0d:00.0 endpoint", "0000:0e:00.0 endpoint"]);
    seen.length = 0;
    bootWith([driverOf(note, { match: { capability: "hdmDecoderDevice" } })]);
    expect(seen).toEqual(["0000:0d:00.0 endpoint", "0000:0e:00.0 endpoint"]);
  });

  it("of two drivers for one capability the first has it; one that declines leaves it to the next, and other matches are no rivals", () => {
    const seen: string[] = [];
    const named = (name: string, takes: boolean, over: Partial<DriverModule> = {}): DriverModule => driverOf((device) => (void seen.push(`${name} ${device.name.slice(5)}`), takes ? {} : null), { name, match: { capability: "timeoutIsolation" }, ...over });
    bootWith([named("first", true), named("second", true), named("other", true, { match: { kind: "root-port" } })]);
    expect(seen).toEqual(["first 0c:00.0", "first 0c:01.0", "other 0c:00.0", "other 0c:01.0"]);
    seen.length = 0;
    bootWith([named("first", false), named("second", true)]);
    expect(seen).toEqual(["first 0c:00.0", "first 0c:01.0", "second 0c:00.0", "second 0c:01.0"]);
  });

  it("a scenario's driver for isolation stands before the built-in one, which finds nothing", () => {
    const policies = { isolationAction: "recover", notification: "interrupt" } as const;
    const built = bootWith([], { policies });
    expect(built.log().filter((line) => line.includes("CXL.mem isolation enabled"))).toHaveLength(2);
    expect(built.kernel.trace.strings).toContain("0000:0c:00.0 isolation armed");
    const host = bootWith([driverOf(() => ({}), { match: { capability: "timeoutIsolation" } })], { policies });
    expect(host.log().some((line) => line.startsWith("cxl_isolation"))).toBe(false);
  });

  it("an error number leaves the function without this driver, and the log says so as Linux does", () => {
    const host = bootWith([driverOf((_device, kernel) => {
      throw kernel.error("EIO", "does not answer");
    })]);
    expect(host.kernel.log.filter((line) => line.text.includes(": probe with")).map((line) => `${line.level} ${line.text}`)).toEqual(["err demo 0000:0c:00.0: probe with driver demo failed with error -5", "err demo 0000:0c:01.0: probe with driver demo failed with error -5"]);
  });

  it("a driver that takes functions may put its probe off until some other driver has bound", () => {
    const seen: string[] = [];
    const host = bootWith([driverOf((device, kernel) => {
      seen.push(device.name);
      if (seen.length === 1) throw kernel.error("EPROBE_DEFER", "not yet");
      return {};
    }, { takesFunction: true, match: { kind: "root-port" } })]);
    expect(seen).toEqual(["0000:0c:00.0", "0000:0c:01.0", "0000:0c:00.0"]);
    expect(host.files.list("/sys/bus/pci/drivers/demo")).toEqual(expect.arrayContaining(["0000:0c:00.0", "0000:0c:01.0"]));
    expect(host.log().some((line) => line.startsWith("demo: probe"))).toBe(false);
  });

  it("what another error is, ends the run with driver, hook, device, time and the driver's own words", () => {
    const thrown = ((): unknown => {
      try {
        return bootWith([driverOf(() => {
          throw new RangeError("no such thing");
        })]);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(PlugInError);
    expect(thrown).toMatchObject({ driver: "demo", hook: "probe", device: "0000:0c:00.0", reason: "RangeError: no such thing", message: "driver demo: probe of 0000:0c:00.0: RangeError: no such thing" });
    expect((thrown as PlugInError).at).toBeGreaterThan(0);
  });

  it("a driver that takes the function stands before Linux's own, and leaves to it what it declines", () => {
    const takes = (name: string, wanted: boolean): DriverModule => driverOf((device) => (wanted && device.name.startsWith("0000:0d") ? {} : null), { name, takesFunction: true, ...memoryDevices });
    const host = bootWith([takes("mine", true)]);
    expect(host.files.list("/sys/bus/pci/drivers/mine")).toContain("0000:0d:00.0");
    expect(host.files.list("/sys/bus/pci/drivers/cxl_pci")).toContain("0000:0e:00.0");
    expect(host.files.list("/sys/bus/cxl/devices").filter((name) => name.startsWith("mem"))).toEqual(["mem0"]);
    host.command("echo 0000:0d:00.0 > /sys/bus/pci/drivers/mine/unbind");
    host.command("echo 0000:0d:00.0 > /sys/bus/pci/drivers/cxl_pci/bind");
    host.run(second);
    expect(host.files.list("/sys/bus/cxl/devices").filter((name) => name.startsWith("mem"))).toHaveLength(2);
  });

  it("a driver that takes functions by capability looks at functions that nobody enabled", () => {
    const seen: string[] = [];
    bootWith([driverOf((device) => (void seen.push(device.name), {}), { takesFunction: true, match: { capability: "hdmDecoderDevice" } })]);
    expect(seen).toEqual(["0000:0d:00.0", "0000:0e:00.0"]);
  });
});

describe("interrupt, isolation", () => {
  const arm = (heard: string[]): DriverModule => hooking((device, kernel) => {
    const registers = kernel.component(device, timeoutIsolation);
    if (registers === undefined) throw new Error("no registers");
    const { interruptMessage } = registers.capability.read();
    kernel.requestInterrupt(device, interruptMessage);
    registers.control.modify({ memoryIsolationEnable: 1, interruptEnable: 1 });
    return {
      interrupt: (message) => void heard.push(`interrupt ${message} of ${device.name}: ${registers.status.get("memoryIsolation")}`),
      isolation: (source) => void heard.push(`${source} at ${device.name}`),
    };
  }, { match: { capability: "timeoutIsolation" } });

  it("a message that was asked for calls the hook of its function alone", () => {
    const heard: string[] = [];
    const host = bootWith([arm(heard)]);
    host.act({ kind: "linkDown", port: "rp1" });
    host.run(second);
    expect(heard).toEqual(["interrupt 3 of 0000:0c:01.0: 1"]);
  });

  it("a notify of firmware and the first machine check reach every driver that listens, in order of binding", () => {
    const heard: string[] = [];
    const host = bootWith([arm(heard)]);
    host.kernel.handlers.get("plug-in-notify")?.(host.kernel, 0);
    host.kernel.handlers.get("plug-in-machine-check")?.(host.kernel, 0);
    host.kernel.handlers.get("plug-in-notify")?.(host.kernel, 7);
    expect(heard).toEqual(["ACPI notify at 0000:0c:00.0", "ACPI notify at 0000:0c:01.0", "machine check at 0000:0c:00.0", "machine check at 0000:0c:01.0"]);
  });

  it("a hook in interrupt context that throws, or waits, ends the run by name", () => {
    const broken = (interrupt: (message: number) => void): DriverModule => hooking((device, kernel) => {
      kernel.requestInterrupt(device, 3);
      kernel.component(device, timeoutIsolation)?.control.modify({ memoryIsolationEnable: 1, interruptEnable: 1 });
      return { interrupt };
    });
    const breaking = (module: DriverModule) => (): void => {
      const host = bootWith([module]);
      host.act({ kind: "linkDown", port: "rp0" });
      host.run(second);
    };
    expect(breaking(broken(() => {
      throw new Error("lost my mind");
    }))).toThrow("driver demo: interrupt of 0000:0c:00.0: lost my mind");
    expect(breaking(broken(function* () {
      yield { kind: "sleep" };
    } as unknown as () => void))).toThrow(/interrupt of 0000:0c:00.0: it may not wait, being in interrupt context/);
  });
});

describe("event, resetDone, remove", () => {
  it("records of event logs come with their log's name after Linux has traced and before it has cleared them", () => {
    const heard: string[] = [];
    const host = bootWith([hooking((device) => ({ event: (event: DriverEvent) => void heard.push(`${device.name} ${event.log} ${event.record.length} bytes, first ${event.record[0]}`) }), memoryDevices)]);
    host.act({ kind: "injectEvent", device: "rp0-dev", log: "warning", record: record("memoryModule") });
    host.act({ kind: "injectEvent", device: "rp0-dev", log: "fatal", record: record("dram") });
    host.run(second);
    expect(heard).toEqual([`0000:0d:00.0 fatal 128 bytes, first ${firstByte("dram")}`, `0000:0d:00.0 warning 128 bytes, first ${firstByte("memoryModule")}`]);
  });

  it("a reset is told after config space is back", () => {
    const heard: string[] = [];
    const host = bootWith([hooking((device, kernel) => ({
      *resetDone() {
        heard.push(`${device.name} ${(kernel.config(device).read16(4) & 2) === 2 ? "memory on" : "memory off"} ${kernel.config(device).read32(0x10) === 0 ? "BAR lost" : "BAR back"}`);
        yield* kernel.sleep(1000);
        heard.push("done");
      },
    }), memoryDevices)]);
    for (const line of ["echo cxl_bus > /sys/bus/pci/devices/0000:0d:00.0/reset_method", "echo 1 > /sys/bus/pci/devices/0000:0d:00.0/reset"]) host.command(line);
    expect(heard).toEqual(["0000:0d:00.0 memory on BAR back", "done"]);
  });

  it("a function that is removed is let go first, while it still answers, and is offered anew when it comes back", () => {
    const heard: string[] = [];
    const host = bootWith([driverOf((device, kernel) => {
      heard.push(`probe ${device.id > 0 ? device.name : ""}`);
      return {
        *remove() {
          yield* kernel.sleep(1000);
          heard.push(`remove ${device.name} 0x${kernel.config(device).read16(0).toString(16)}`);
        },
      };
    }, memoryDevices)]);
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    host.command("echo 1 > /sys/bus/pci/rescan");
    host.run(second);
    expect(heard.slice(0, 3)).toEqual(["probe 0000:0d:00.0", "probe 0000:0e:00.0", expect.stringMatching(/^remove 0000:0d:00.0 0x[0-9a-f]{4}$/)]);
    expect(heard[2]).not.toContain("0xffff");
  });

  it("a driver is a module: it is unloaded from all its functions, newest first, and loaded again", () => {
    const heard: string[] = [];
    const module = driverOf((device) => (void heard.push(`probe ${device.name}`), { remove: () => void heard.push(`remove ${device.name}`) }), memoryDevices);
    const host = bootWith([module, driverOf(() => ({}), { ...memoryDevices, name: "taker", takesFunction: true, match: { class: 0x05_0210, vendor: 0xffff } })], { policies: { isolationAction: "recover" } });
    expect(host.command("lsmod").split("\n").slice(1)).toEqual([expect.stringMatching(/^taker /), expect.stringMatching(/^demo /), ""]);
    expect([host.command("rmmod demo"), host.command("rmmod demo"), host.command("rmmod isolation")]).toEqual(["", "rmmod: ERROR: Module demo is not currently loaded\n", "rmmod: ERROR: Module isolation is not currently loaded\n"]);
    expect(host.files.exists("/sys/module/demo")).toBe(false);
    for (const what of ["unbind", "bind"]) host.command(`echo 0000:0d:00.0 > /sys/bus/pci/drivers/cxl_pci/${what}`);
    expect([host.command("modprobe demo"), host.files.read("/sys/module/demo/initstate")]).toEqual(["", "live\n"]);
    const both = (what: string, ...functions: readonly string[]): string[] => functions.map((name) => `${what} 0000:${name}:00.0`);
    expect(heard).toEqual([...both("probe", "0d", "0e"), ...both("remove", "0e", "0d"), ...both("probe", "0d", "0e")]);
  });

  it("a module that takes functions leaves them without a driver when it goes, and takes them again", () => {
    const host = bootWith([driverOf(() => ({}), { ...memoryDevices, takesFunction: true })]);
    const bound = (): string[] => host.files.list("/sys/bus/pci/drivers/demo").filter((name) => name.startsWith("0000"));
    expect(bound()).toEqual(["0000:0d:00.0", "0000:0e:00.0"]);
    host.command("rmmod demo");
    expect([host.files.exists("/sys/bus/pci/drivers/demo"), host.files.list("/sys/bus/cxl/devices").filter((name) => name.startsWith("mem"))]).toEqual([false, []]);
    host.command("modprobe demo");
    expect(bound()).toEqual(["0000:0d:00.0", "0000:0e:00.0"]);
  });

  it("unbinding Linux's driver lets services go too, and binding it brings them back", () => {
    const heard: string[] = [];
    const host = bootWith([driverOf((device) => (void heard.push(`probe ${device.name}`), { remove: () => void heard.push(`remove ${device.name}`) }), memoryDevices)]);
    heard.length = 0;
    host.command("echo 0000:0d:00.0 > /sys/bus/pci/drivers/cxl_pci/unbind");
    expect(heard).toEqual(["remove 0000:0d:00.0"]);
    host.command("echo 0000:0d:00.0 > /sys/bus/pci/drivers/cxl_pci/bind");
    expect(heard).toEqual(["remove 0000:0d:00.0", "probe 0000:0d:00.0"]);
  });
});
