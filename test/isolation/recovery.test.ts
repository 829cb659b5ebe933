// Isolation and recovery of a whole system: hardware, firmware, kernel and workloads joined, without scenario files.

import { isPortIsolated } from "../../src/sandbox/system.ts";
import { describe, expect, it } from "vitest";
import { busDevices } from "../../src/kernel/base/device.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { serviceBytes } from "../../src/kernel/isolation/report.ts";
import { isRecoveryBlocked, recoveries } from "../../src/kernel/isolation/state.ts";
import { fileSize } from "../../src/kernel/mm/mapping.ts";
import { checkTasks } from "../../src/sim/task.ts";
import { addKernelReader, addPin } from "../../src/workload/workloads.ts";
import { GiB, MiB, deviceOf } from "../support/machine.ts";
import { boot, breakPort, inject, isDead, log, run, second, serials, states } from "./host.ts";

describe("recovery of an isolated root port", () => {
  it("[S86] [S71] 8 VMs on 2 ports, one isolates by link down: 4 die, 4 live, the memory is served again with the same devices", () => {
    const host = boot();
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 512n * MiB, stranded: 0n });
    const before = busDevices(host.kernel, "dax").map((device) => `${device.name} ${fileSize(daxDeviceOf(device))}`).toSorted();
    breakPort(host);
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
    expect(host.workloads.metrics().machineChecks).toBeGreaterThanOrEqual(4);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 512n * MiB, stranded: 0n });
    expect(busDevices(host.kernel, "dax").map((device) => `${device.name} ${fileSize(daxDeviceOf(device))}`).toSorted()).toEqual(before);
    expect(recoveries(host.kernel)[0]).toMatchObject({ bytesBefore: 256n * MiB, bytesAfter: 256n * MiB, blockedOn: "" });
    checkTasks(host.kernel.tasks);
  });

  it("[TR6] memory comes back as new: what was written before the isolation is not there after it", () => {
    const host = boot();
    const { memory } = host.system.platform;
    const [range] = busDevices(host.kernel, "dax").map((device) => daxDeviceOf(device)).flatMap((device) => device.ranges).toSorted((a, b) => (a.start < b.start ? -1 : 1));
    const last = (range?.start ?? 0n) + (range?.size ?? 0n) - 8n;
    expect([memory.store(last, 8, 0x5eedn), memory.load(last, 8)]).toEqual(["ok", { status: "ok", value: 0x5eedn }]);
    breakPort(host, "rp0");
    breakPort(host, "rp1");
    expect(states(host)).toEqual(["RECOVERED", "RECOVERED"]);
    const after = memory.load(last, 8);
    expect([after.status, after.value === 0x5eedn]).toEqual(["ok", false]);
  });

  it("[S86] the port whose region lies above the other recovers too", () => {
    const host = boot();
    breakPort(host, "rp1");
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("[S68] [TR3] a transaction timeout isolates; the link is taken through down before it is used again", () => {
    const host = boot();
    inject(host, { kind: "dropResponse", port: "rp0", count: 1 });
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(log(host)).toContain("isolated by transaction timeout");
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("[TR3] a port that does not force the link down: recovery disables it, and enables it again", () => {
    const host = boot({ forcesLinkDown: false });
    inject(host, { kind: "dropResponse", port: "rp0", count: 1 });
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("[S77] [S78] a region interleaved over both ports dies as a whole: all VMs are killed, and it comes back", () => {
    const host = boot({ isInterleaved: true });
    breakPort(host);
    expect(host.workloads.metrics()).toMatchObject({ survived: 0 });
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(serviceBytes(host.kernel, isDead(host)).served).toBe(512n * MiB);
  });

  it("[S82] a pin that never goes away holds recovery off; one with an end delays it", () => {
    const forever = boot({ vms: 3 });
    addPin(forever.workloads, { name: "vfio", device: "dax0.4" });
    breakPort(forever);
    expect(states(forever)).toEqual(["BLOCKED"]);
    expect(isRecoveryBlocked(forever.kernel)).toBe(true);
    expect(recoveries(forever.kernel)[0]?.blockedOn).toBe("vfio");
    expect(busDevices(forever.kernel, "dax").filter((device) => device.name.startsWith("dax0.")).some((device) => daxDeviceOf(device).isAlive)).toBe(false);
    const finite = boot({ vms: 3 });
    addPin(finite.workloads, { name: "rdma", device: "dax0.4", release: 5 * second });
    breakPort(finite);
    expect(states(finite)).toEqual(["RECOVERED"]);
    expect((recoveries(finite.kernel)[0]?.endedAt ?? 0) - (recoveries(finite.kernel)[0]?.startedAt ?? 0)).toBeGreaterThan(4 * second);
  });

  it("[S75] a load by the kernel from the isolated range is a panic", () => {
    const host = boot({ vms: 0 });
    addKernelReader(host.workloads, { name: "kworker", start: 16n * GiB, size: 64n * MiB, period: 1000, reads: 1, of: 1, wrap: 65536 });
    breakPort(host);
    expect(host.kernel.panic?.message).toBe("Fatal local machine check");
    expect(log(host)).toContain("mce: [Hardware Error]");
  });

  it("[S89] with the interrupt lost the first machine check starts the recovery", () => {
    const host = boot();
    inject(host, { kind: "loseInterrupt", function: "rp0", count: 1 }, 50_000, 2);
    breakPort(host);
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(log(host)).toContain("(machine check)");
  });

  it("[S89] POL-NOTIFY none, and firmware that notifies: recovery all the same", () => {
    const none = boot({ policies: { notification: "none" } });
    breakPort(none);
    expect(states(none)).toEqual(["RECOVERED"]);
    const acpi = boot({ policies: { notification: "acpi-notify" }, owner: "firmware-notify" });
    breakPort(acpi);
    expect(states(acpi)).toEqual(["RECOVERED"]);
  });

  it("[TR7] a link that never comes up leaves the service reduced, and nothing of it is stranded", () => {
    const host = boot();
    inject(host, { kind: "neverRetrain", port: "rp0" }, 50_000, 2);
    inject(host, { kind: "linkDown", port: "rp0" });
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED-REDUCED"]);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 256n * MiB, stranded: 0n });
  });

  it("[TR4] a replacement with another serial, BAR size and capacity comes up with its own values", () => {
    const host = boot({ slots: [deviceOf("spare", { serial: 0xb0n, barSize: 0x8_0000n, volatileCapacity: 512n * MiB })] });
    expect(serials(host)).toEqual([0xa0n, 0xa1n]);
    inject(host, { kind: "linkDown", port: "rp0" });
    inject(host, { kind: "plug", port: "rp0", device: "spare" }, 300_000, 1);
    inject(host, { kind: "linkUp", port: "rp0" }, 400_000, 2);
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED"]);
    expect(serials(host)).toEqual([0xa1n, 0xb0n]);
  });

  it("[S70] both ports isolate, one during the recovery of the other: one after the other, all of it comes back", () => {
    const host = boot();
    inject(host, { kind: "linkDown", port: "rp1" }, 150_000, 2);
    inject(host, { kind: "linkUp", port: "rp1" }, 450_000, 3);
    breakPort(host);
    expect(states(host)).toEqual(["RECOVERED", "RECOVERED"]);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 512n * MiB, stranded: 0n });
    expect(host.workloads.metrics()).toMatchObject({ killed: 8, survived: 0 });
  });

  it("POL-ISOACT none with firmware that armed isolation: nobody handles it, the bytes are stranded", () => {
    const host = boot({ policies: { isolationAction: "none" }, owner: "firmware-enable", forcesLinkDown: false });
    inject(host, { kind: "dropResponse", port: "rp0", count: 1 });
    run(host, 2 * second);
    expect([states(host), isPortIsolated(host.system.hardware, "rp0")]).toEqual([[], true]);
    expect(serviceBytes(host.kernel, ({ name }) => name === "0000:0c:00.0")).toMatchObject({ served: 256n * MiB, stranded: 256n * MiB });
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("the same with the link down: hot-plug leaves an isolated port to whoever armed it", () => {
    const host = boot({ policies: { isolationAction: "none" }, owner: "firmware-enable" });
    inject(host, { kind: "linkDown", port: "rp0" });
    run(host, second);
    expect([states(host), serviceBytes(host.kernel, isDead(host))]).toMatchObject([[], { served: 256n * MiB, stranded: 256n * MiB }]);
    expect(host.kernel.log.filter(({ text }) => text.includes("pciehp: Slot"))).toEqual([]);
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("POL-ISOACT panic: the interrupt ends the host", () => {
    const host = boot({ policies: { isolationAction: "panic" } });
    breakPort(host);
    expect(host.kernel.panic?.message).toMatch(/^CXL.mem isolation on/);
  });

  it("[S78] a region whose two ports both isolate comes back after the second recovery", () => {
    const host = boot({ isInterleaved: true });
    inject(host, { kind: "linkDown", port: "rp1" }, 150_000, 2);
    inject(host, { kind: "linkUp", port: "rp1" }, 450_000, 3);
    breakPort(host);
    expect(states(host)).toEqual(["RECOVERED-REDUCED", "RECOVERED"]);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 512n * MiB, stranded: 0n });
  });

  it("a smaller replacement on the upper port gives a smaller region, its devices cut short in order", () => {
    const host = boot({ capacity: 512n * MiB, spareAt: "rp1", slots: [deviceOf("spare", { serial: 0xb1n })] });
    inject(host, { kind: "linkDown", port: "rp1" });
    inject(host, { kind: "plug", port: "rp1", device: "spare" }, 300_000, 1);
    inject(host, { kind: "linkUp", port: "rp1" }, 400_000, 2);
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED-REDUCED"]);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 768n * MiB, stranded: 0n });
    expect(busDevices(host.kernel, "dax").filter((device) => device.name.startsWith("dax1.")).map((device) => fileSize(daxDeviceOf(device)))).toEqual([0n, 128n * MiB, 128n * MiB]);
  });

  it("a smaller replacement below another region cannot take its place: reduced, the other region untouched", () => {
    const host = boot({ capacity: 512n * MiB, slots: [deviceOf("spare", { serial: 0xb0n })] });
    inject(host, { kind: "linkDown", port: "rp0" });
    inject(host, { kind: "plug", port: "rp0", device: "spare" }, 300_000, 1);
    inject(host, { kind: "linkUp", port: "rp0" }, 400_000, 2);
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED-REDUCED"]);
    expect(serviceBytes(host.kernel, isDead(host))).toMatchObject({ served: 512n * MiB, stranded: 0n });
    expect(host.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("[S71] POL-RECORDER removal-first takes decode away from live users: a bridge with regions above cannot give it back", () => {
    const host = boot({ policies: { recoveryOrder: "removal-first" } });
    breakPort(host);
    expect(states(host)).toEqual(["RECOVERED-REDUCED"]);
    const upper = boot({ policies: { recoveryOrder: "removal-first" } });
    breakPort(upper, "rp1");
    expect(states(upper)).toEqual(["RECOVERED"]);
    expect(upper.workloads.metrics()).toMatchObject({ killed: 4, survived: 4 });
  });

  it("[TR2] [TR3] the states come in order, and clearing never comes before the link was down", () => {
    const host = boot();
    breakPort(host);
    const seen = host.kernel.log.map((line) => /recovery: ([A-Z_]+)/.exec(line.text)?.[1]).filter((state) => state !== undefined);
    expect(seen).toEqual(["NOTIFIED", "FENCED", "EVACUATED", "UNBOUND", "REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED", "RECREATED", "RECOVERED"]);
  });

  it("[rule 7] counting in closed form changes nothing that a report shows", () => {
    const outcomes = (["exact", "aggregated"] as const).map((counting) => {
      const host = boot({ counting });
      inject(host, { kind: "linkDown", port: "rp0" }, 2_000_500);
      inject(host, { kind: "linkUp", port: "rp0" }, 2_400_000, 1);
      run(host, 8_000_000);
      const { skipped, ...metrics } = host.workloads.metrics();
      return { metrics, log: host.kernel.log, now: host.system.hardware.now, isCounted: skipped > 0 };
    });
    expect(outcomes.map((outcome) => outcome.isCounted)).toEqual([false, true]);
    expect({ ...outcomes[0], isCounted: true }).toEqual(outcomes[1]);
  });
});
