// Drivers taken away and given back through their files and through cxl: ports, the root, memdevs (region-assembly 3, 4.2, 4.3, 8; user-interface 7,
// cxl-topology steps 7 to 10).

import { describe, expect, it } from "vitest";
import type { MachineDescription } from "../../src/platform/description.ts";
import { isMemdev, memdevOf } from "../../src/kernel/cxl/types.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import { sleep } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { memdevs as devices, store } from "../support/memdev.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const drivers = "/sys/bus/cxl/drivers";
const list = (booted: Booted, prefix: string): string[] => booted.files.list(devices).filter((name) => name.startsWith(prefix)).toSorted();
const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trim();

/** Two host bridges with two root ports, a switch with two cards below each: 8 memdevs, as the topology of cxl_test. */
function topology(): MachineDescription {
  const card = (b: number, p: number, d: number) => deviceOf(`d${b}${p}${d}`, { serial: BigInt(b * 4 + p * 2 + d + 1) });
  const below = (b: number, p: number) => switchOf(`sw${b}${p}`, [0, 1].map((d) => downstreamOf(`dsp${b}${p}${d}`, d, [card(b, p, d)])));
  const hostBridges = [0, 1].map((b) => ({
    name: `hb${b}`, uid: b, segment: 0, busStart: 32 * (b + 1), busEnd: 32 * (b + 1) + 31, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 4, targetCount: 8,
    rootPorts: [0, 1].map((p) => portOf(`rp${b}${p}`, { portNumber: p, slots: [below(b, p)] })),
  }));
  return { ...machineOf([]), hostBridges, windows: [{ base: 16n * GiB, size: 8n * GiB, ways: 1, granularity: 256, targets: [0] }, { base: 32n * GiB, size: 8n * GiB, ways: 1, granularity: 256, targets: [1] }] };
}

const two = (): MachineDescription => machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]);

/** What is there, by kind, with names that do not depend on the order of probing. */
const counts = (booted: Booted): Record<string, number> => Object.fromEntries(["root", "port", "endpoint", "decoder", "mem", "region"].map((kind) => [kind, booted.files.list(devices).filter((name) => new RegExp(`^${kind}\\d`).test(name)).length]));
/** Who has which number is a race between the memdevs; that all of them are in use again is not. */
const numbers = (booted: Booted) => [counts(booted), booted.files.list(devices).flatMap((name) => /^(?:root|port|endpoint)(\d+)$/.exec(name)?.[1] ?? []).map(Number).toSorted((a, b) => a - b)];
const enabled = (booted: Booted): string[] => list(booted, "mem").filter((name) => booted.files.exists(`${devices}/${name}/driver`));
const disabledListed = (booted: Booted): unknown[] => (JSON.parse(booted.command("cxl list -Mi").stdout) as readonly Record<string, unknown>[]).flatMap((group) => (group["state"] === "disabled" ? [group] : ((group["anon memdevs"] as unknown[] | undefined) ?? [])));

describe("a host bridge's port is disabled by force", () => {
  it("(4.3) its memdevs are left without a driver, everything below it goes, the other bridge is untouched", () => {
    const booted = bootMachine(topology());
    expect(counts(booted)).toEqual({ root: 1, port: 6, endpoint: 8, decoder: 2 + 2 * 4 + 4 * 4 + 8 * 4, mem: 8, region: 0 });
    const port = list(booted, "port").find((name) => booted.files.realpath(`${devices}/${name}`).endsWith(`/root0/${name}`)) ?? "";
    expect(booted.command(`cxl disable-port -f ${port}`)).toEqual({ exitCode: 0, stdout: "", stderr: "cxl port: cmd_disable_port: disabled 1 port\n" });
    expect(counts(booted)).toEqual({ root: 1, port: 4, endpoint: 4, decoder: 2 + 4 + 2 * 4 + 4 * 4, mem: 8, region: 0 });
    expect([enabled(booted).length, disabledListed(booted).length]).toEqual([4, 4]);
    expect([booted.files.list(`${devices}/${port}`).filter((name) => /^(dport|decoder\d|endpoint|driver)/.test(name)), booted.files.exists(`${devices}/${port}`)]).toEqual([[], true]);
  });

  it("(7, cxl-topology 9) enable-port -m gives all of it back, with the same numbers", () => {
    const booted = bootMachine(topology());
    const before = numbers(booted);
    for (const port of list(booted, "port").filter((name) => booted.files.realpath(`${devices}/${name}`).endsWith(`/root0/${name}`))) {
      expect(booted.command(`cxl disable-port -f ${port}`).exitCode).toBe(0);
      expect(disabledListed(booted)).toHaveLength(4);
      expect(booted.command(`cxl enable-port -m ${port}`)).toEqual({ exitCode: 0, stdout: "", stderr: "cxl port: cmd_enable_port: enabled 1 port\n" });
      expect(enabled(booted)).toHaveLength(8);
    }
    expect(numbers(booted)).toEqual(before);
  });

  it("without -m the memdevs stay disabled until each is enabled", () => {
    const booted = bootMachine(two());
    booted.command("cxl disable-port -f port1");
    expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(1);
    booted.command("cxl enable-port port1");
    expect(enabled(booted)).toEqual([]);
    expect(booted.command("cxl enable-memdev all").stderr).toBe("cxl memdev: cmd_enable_memdev: enabled 2 mems\n");
    expect([enabled(booted), list(booted, "endpoint")]).toEqual([["mem0", "mem1"], ["endpoint2", "endpoint3"]]);
  });

  it("(8) a region that user space made is decommitted and loses its targets; it stays, disabled", () => {
    const booted = bootMachine(two());
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0 mem1").exitCode).toBe(0);
    booted.command("cxl disable-port -f port1");
    expect([read(booted, "region0/commit"), read(booted, "region0/target0"), read(booted, "region0/target1"), booted.files.exists(`${devices}/region0/driver`)]).toEqual(["0", "", "", false]);
    booted.command("cxl enable-port -m port1");
    expect(["decoder1.0", "decoder2.0", "decoder3.0"].map((decoder) => [read(booted, `${decoder}/size`), read(booted, `${decoder}/region`)])).toEqual([["0x0", ""], ["0x0", ""], ["0x0", ""]]);
    expect(store(booted, `${devices}/decoder0.0/delete_region`, "region0")).toBe("ok");
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0 mem1").exitCode).toBe(0);
  });

  it("(7.4) a locked region of firmware's decoders goes on decoding, and is found again", () => {
    const booted = bootMachine(two(), { firmware: { setup: { ...noSetup, regions: [{ window: 0, base: 16n * GiB, size: 512n * MiB, granularity: 256, targets: ["d0", "d1"], isLocked: true }] } } });
    const { memory } = booted.system.platform;
    expect(memory.store(16n * GiB, 8, 7n)).toBe("ok");
    booted.command("cxl disable-port -f port1");
    // Software state is gone; mem_enable was firmware's, so that the device still answers.
    expect([read(booted, "region0/commit"), memory.load(16n * GiB, 8)]).toEqual(["0", { status: "ok", value: 7n }]);
    expect(store(booted, `${devices}/decoder0.0/delete_region`, "region0")).toBe("ok");
    booted.command("cxl enable-port -m port1");
    expect(["commit", "target0", "target1", "locked"].map((name) => read(booted, `${list(booted, "region")[0]}/${name}`))).toEqual(["1", "decoder2.0", "decoder3.0", "1"]);
  });
});

describe("a switch's port and an endpoint's", () => {
  it("(7, cxl-topology 8) disabling a switch's port leaves its memdevs disabled; it goes with the last of them, and enabling them makes it again", () => {
    const booted = bootMachine(topology());
    const port = list(booted, "port").find((name) => !booted.files.realpath(`${devices}/${name}`).endsWith(`/root0/${name}`)) ?? "";
    expect(booted.command(`cxl disable-port -f ${port}`).exitCode).toBe(0);
    expect([booted.files.exists(`${devices}/${port}`), enabled(booted).length]).toEqual([false, 6]);
    for (const name of list(booted, "mem")) booted.command(`cxl enable-memdev ${name}`);
    expect([counts(booted)["port"], counts(booted)["endpoint"], enabled(booted).length]).toEqual([6, 8, 8]);
  });

  it("(7, cxl-topology 7) a switch's port stays with one memdev and goes with the second", () => {
    const booted = bootMachine(topology());
    const below = list(booted, "mem").filter((name) => booted.files.realpath(`${devices}/${name}`).includes("/0000:21:00.0/"));
    expect(below).toHaveLength(2);
    booted.command(`cxl disable-memdev -f ${below[0]}`);
    expect(counts(booted)["port"]).toBe(6);
    booted.command(`cxl disable-memdev -f ${below[1]}`);
    expect(counts(booted)["port"]).toBe(5);
    for (const name of below) booted.command(`cxl enable-memdev ${name}`);
    expect(counts(booted)["port"]).toBe(6);
  });

  it("an endpoint's port that is disabled takes its memdev along", () => {
    const booted = bootMachine(two());
    expect(booted.command("cxl disable-port -e -f endpoint2").exitCode).toBe(0);
    expect([enabled(booted), list(booted, "endpoint")]).toEqual([["mem1"], ["endpoint3"]]);
    expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(0);
    expect(list(booted, "endpoint")).toEqual(["endpoint2", "endpoint3"]);
  });
});

describe("the root is disabled by force", () => {
  it("(3) takes ports, regions, windows and the memdevs' drivers away, and gives them back with the same numbers when it is bound again", () => {
    const booted = bootMachine(topology());
    const before = numbers(booted);
    const lines = (): string => booted.read("/proc/iomem").replaceAll(/(port|endpoint)\d+/g, "$1");
    const iomem = lines();
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode).toBe(0);
    expect(booted.command("cxl disable-bus -f root0")).toEqual({ exitCode: 0, stdout: "", stderr: "cxl bus: cmd_disable_bus: disabled 1 bus\n" });
    expect(booted.files.list(devices)).toEqual(list(booted, "mem"));
    expect([enabled(booted), booted.read("/proc/iomem").includes("CXL Window"), list(booted, "mem").length]).toEqual([[], false, 8]);
    expect(store(booted, "/sys/bus/platform/drivers/cxl_acpi/bind", "ACPI0017:00")).toBe("ok");
    booted.settle();
    expect(numbers(booted)).toEqual(before);
    expect([enabled(booted).length, lines()]).toEqual([8, iomem]);
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode).toBe(0);
  });

  it("(3) a memdev that is enabled while there is no root stays without a driver: ENXIO", () => {
    const booted = bootMachine(two());
    booted.command("cxl disable-bus -f root0");
    expect(store(booted, `${drivers}/cxl_mem/bind`, "mem0")).toBe("ENXIO");
  });

  it("leaves no register mapped and no line in /proc/iomem below the host bridge", () => {
    const booted = bootMachine(two());
    expect(booted.read("/proc/iomem")).toMatch(/ : (port|endpoint)\d/);
    booted.command("cxl disable-bus -f root0");
    expect(booted.read("/proc/iomem")).not.toMatch(/ : (port|endpoint)\d/);
  });
});

describe("a memdev that is being detached", () => {
  it("(4.2) takes no driver before the queued work is done (EBUSY); flush waits for the work", () => {
    const booted = bootMachine(two());
    const memdev = [...booted.kernel.devices.values()].find((device) => isMemdev(device) && device.name === "mem0");
    if (memdev === undefined) throw new Error("no mem0");
    const answers: string[] = [];
    booted.run((function* (): Task<void> {
      yield* booted.files.write(`${drivers}/cxl_port/unbind`, "endpoint2");
      answers.push(`pending ${memdevOf(memdev).isDetaching}`);
      yield* booted.files.write("/sys/bus/cxl/flush", "1");
      answers.push(`pending ${memdevOf(memdev).isDetaching}, driver ${memdev.driver?.name}`);
      yield sleep(1);
    })());
    expect(answers).toEqual(["pending true", "pending false, driver undefined"]);
    memdevOf(memdev).isDetaching = true;
    expect(store(booted, `${drivers}/cxl_mem/bind`, "mem0")).toBe("EBUSY");
    expect(store(booted, "/sys/bus/cxl/flush", "0")).toBe("EINVAL");
  });

  it("disable-memdev: refused with decoders that are committed, forced with -f", () => {
    const booted = bootMachine(two());
    booted.command("cxl create-region -d decoder0.0 -t ram -m mem0");
    expect(booted.command("cxl disable-memdev mem0").stderr).toContain("mem0 is part of an active region");
    expect(enabled(booted)).toEqual(["mem0", "mem1"]);
    expect(booted.command("cxl disable-memdev -f mem0").exitCode).toBe(0);
    expect([enabled(booted), read(booted, "region0/commit"), read(booted, "region0/target0")]).toEqual([["mem1"], "0", ""]);
  });
});
