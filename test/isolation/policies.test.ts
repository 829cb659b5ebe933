// POL-ISOACT, POL-NOTIFY and POL-ISOOWN against each other (timeout-isolation sheet 9): who may touch the enable bit, who is told, and what comes of it.

import { describe, expect, it } from "vitest";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { serviceBytes } from "../../src/kernel/isolation/report.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { IsolationDescription } from "../../src/platform/description.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import { accessKinds } from "../../src/scenario/trace/words.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import { addKernelReader } from "../../src/workload/workloads.ts";
import { GiB, MiB, offsetOf } from "../support/machine.ts";
import type { Host } from "./host.ts";
import { boot, breakPort, inject, isDead, log, run, second, states } from "./host.ts";

type Action = KernelPolicies["isolationAction"];
type Notification = KernelPolicies["notification"];
type Owner = "os" | "firmware-enable" | "firmware-notify";

const actions: readonly Action[] = ["none", "panic", "recover"];
const notifications: readonly Notification[] = ["none", "interrupt", "interrupt+err-cor", "acpi-notify"];
const owners: readonly Owner[] = ["os", "firmware-enable", "firmware-notify"];
const cells = owners.flatMap((owner) => actions.flatMap((action) => notifications.map((notification) => ({ owner, action, notification }))));

const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const enableBit = 1 << timeoutIsolation.registers.control.fields.memoryIsolationEnable.bits;

/** Boots with two VMs on the first port; every write of a control register that the system makes: [before, value]. */
function bootCell(owner: Owner, action: Action, notification: Notification, isolation: Partial<IsolationDescription> = {}): { readonly host: Host; readonly writes: () => (readonly [number, number])[] } {
  const writes: (readonly [number, number])[] = [];
  const host = boot({
    policies: { isolationAction: action, notification }, owner, isolation, vms: 2,
    watch: ({ hardware }) => hardware.storeTrace((words) => {
      const ports = [...hardware.entities.ports.values()].map(({ id }) => id);
      for (let i = 0; i < words.length / recordWords; i++) {
        const { layer, kind, a, b, c, f } = readRecord(words, i);
        if (layer === "access" && accessKinds[kind] === "mmio write" && ports.includes(a) && b === control) writes.push([f, c]);
      }
    }),
  });
  return { host, writes: () => (host.system.hardware.drainTrace(), writes) };
}

/** How the driver learns of an isolation that somebody runs into; null: it never does. */
function sourceOf(owner: Owner, notification: Notification): string {
  if (owner === "firmware-notify") return "ACPI notify";
  return owner === "os" && (notification === "interrupt" || notification === "interrupt+err-cor") ? "interrupt" : "machine check";
}

describe("who owns isolation, who is told, and what is done", () => {
  it.each(cells)("[S89] [S90] isoown $owner, isoact $action, notify $notification", ({ owner, action, notification }) => {
    const { host, writes } = bootCell(owner, action, notification);
    const isOurs = owner !== "firmware-enable" && action !== "none";
    const touched = writes().filter(([before, value]) => ((before ^ value) & enableBit) !== 0);
    expect(touched.length).toBe(isOurs ? 2 : 0);
    if (!isOurs) expect(writes()).toEqual([]);
    breakPort(host);
    if (action === "none") {
      expect(states(host)).toEqual([]);
      expect(host.system.hardware.hostState).toBe(owner === "firmware-enable" ? "running" : "reset");
      return;
    }
    expect(log(host)).toContain(`CXL.mem isolated by link down (${sourceOf(owner, notification)})`);
    if (action === "panic") expect(host.kernel.panic?.message).toMatch(/^CXL.mem isolation on/);
    else expect([states(host), serviceBytes(host.kernel, isDead(host)).served]).toEqual([["RECOVERED"], 512n * MiB]);
    expect(writes().filter(([before, value]) => ((before ^ value) & enableBit) !== 0).length).toBe(touched.length);
  });

  it("[S89] nobody is told and nobody touches the memory: the port stays isolated; one load makes the machine check that tells", () => {
    const { host } = bootCell("firmware-enable", "recover", "interrupt");
    for (const stream of host.workloads.state.streams) stream.nextAt = host.system.hardware.now + 5 * second;
    inject(host, { kind: "linkDown", port: "rp0" });
    inject(host, { kind: "linkUp", port: "rp0" }, 400_000, 1);
    run(host, second);
    expect([states(host), host.system.hardware.port("rp0").isIsolated]).toEqual([[], true]);
    run(host, 10 * second);
    expect(states(host)).toEqual(["RECOVERED"]);
  });

  it("[S89] notification alone improves nothing: with a page of the kernel's on the port it is a panic, whoever is told", () => {
    for (const notification of notifications) {
      for (const owner of ["os", "firmware-notify"] as const) {
        const { host } = bootCell(owner, "recover", notification);
        addKernelReader(host.workloads, { name: "kworker", start: 16n * GiB, size: 64n * MiB, period: 1000, reads: 1, of: 1, wrap: 65_536 });
        breakPort(host);
        expect(host.kernel.panic?.message).toBe("Fatal local machine check");
      }
    }
  });

  it("[T6] ERR_COR reaches the root's error status with the port's own id; nobody learns of isolation by it", () => {
    const { host } = bootCell("os", "recover", "interrupt+err-cor");
    const { config } = host.system.platform;
    const port = pciAddress(0, 12, 0, 0);
    const received = (): number => config.read32(port, offsetOf("rootPortConfig", "aer", "rootErrorStatus")) & 1;
    expect(received()).toBe(0);
    inject(host, { kind: "loseInterrupt", function: "rp0", count: 100 }, 50_000, 2);
    inject(host, { kind: "linkDown", port: "rp0" });
    run(host, 10_000_000);
    expect([received(), config.read32(port, offsetOf("rootPortConfig", "aer", "errorSource")) & 0xffff]).toEqual([1, port]);
    expect(log(host)).toContain("CXL.mem isolated by link down (machine check)");
  });

  it("[S89] a port that cannot signal ERR_COR tells firmware nothing: the first machine check does", () => {
    const { host } = bootCell("firmware-notify", "recover", "acpi-notify", { errCor: false });
    breakPort(host);
    expect(log(host)).toContain("CXL.mem isolated by link down (machine check)");
    expect(states(host)).toEqual(["RECOVERED"]);
  });
});
