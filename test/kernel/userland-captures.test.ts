// The tools' documents at every moment of a captured run (2b-two-way-ram), names mapped by serial number.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { memdevWith } from "../support/memdev.ts";

const folder = new URL("../fixtures/captures/linux/2b-two-way-ram/", import.meta.url);

/** Memdevs, endpoints and their decoders named after the serial number; the revision of the firmware is each device's own. */
function named(text: string): unknown {
  const names = new Map<string, string>();
  for (const [, memdev, serial] of text.matchAll(/"memdev":"(mem\d+)",\s+"ram_size":\d+,\s+"serial":(\d+)/g)) if (memdev !== undefined) names.set(memdev, `mem-${serial}`);
  for (const [, number, memdev] of text.matchAll(/"endpoint":"endpoint(\d+)",\s+"host":"(mem\d+)"/g)) {
    const serial = names.get(memdev ?? "")?.slice(4);
    names.set(`endpoint${number}`, `endpoint-${serial}`);
    names.set(`decoder${number}`, `decoder-${serial}`);
  }
  const mapped = text.replaceAll(/\b(mem|endpoint|decoder)\d+\b/g, (name) => names.get(name) ?? name).replaceAll(/"firmware_version":"[^"]*"/g, '"firmware_version":""');
  // The order of endpoints is that of their numbers, which are a race.
  return JSON.parse(mapped, (key: string, value: unknown) => (key.startsWith("endpoints:") && Array.isArray(value) ? (value as { readonly endpoint: string }[]).toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)) : value)) as unknown;
}

function boot(): Booted {
  const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })], { windows: [{ base: 0x4_d000_0000n, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }] });
  const hostBridges = machine.hostBridges.map((bridge) => ({ ...bridge, uid: 12 }));
  return bootMachine({ ...machine, hostBridges }, { policies: { memoryUse: "system-ram-movable" }, restrictions: { persistent: true } });
}

describe("cxl list -BDMPERTXi and daxctl list -DRMi are the captured documents", () => {
  it("from an empty machine over online, devdax, split, disabled and destroyed regions to a member that is forced out", () => {
    const booted = boot();
    const [first, second] = [memdevWith(booted, 2n), memdevWith(booted, 1n)];
    const moments: readonly (readonly [string, boolean, readonly string[]])[] = [
      ["0-up", false, []],
      ["1-region-kmem-offline", true, [`cxl create-region -d decoder0.0 -w 2 -m -t ram ${first} ${second}`]],
      ["2-online-movable", true, ["daxctl online-memory dax0.0"]],
      ["3-offlined", true, ["daxctl offline-memory dax0.0"]],
      ["4-devdax", true, ["daxctl reconfigure-device -m devdax dax0.0"]],
      ["5-two-dax-devices", true, ["daxctl disable-device dax0.0", "daxctl destroy-device dax0.0", "daxctl create-device -r region0 -s 128M", "daxctl create-device -r region0"]],
      ["6-region-disabled", false, ["cxl disable-region region0"]],
      ["7-region-enabled", true, ["cxl enable-region region0"]],
      ["8-destroyed", false, ["cxl destroy-region -f region0"]],
      ["9-recreated-reversed-g4096", true, [`cxl create-region -d decoder0.0 -w 2 -g 4096 -m -t ram ${second} ${first}`]],
      ["10-memdev-disabled", false, [`cxl disable-memdev ${first} -f`]],
    ];
    for (const [moment, hasDax, lines] of moments) {
      for (const line of lines) expect([line, booted.command(line).exitCode]).toEqual([line, 0]);
      const captured = (kind: string): unknown => named(readFileSync(new URL(`${moment}.${kind}.json`, folder), "utf8"));
      expect([moment, named(booted.command("cxl list -BDMPERTXi").stdout)]).toEqual([moment, captured("cxl-all")]);
      if (hasDax) expect(booted.command("daxctl list -DRMi").stdout).toBe(readFileSync(new URL(`${moment}.daxctl.json`, folder), "utf8"));
    }
  });
});
