// ras-page-offline: pages that event logs name go offline through the files of sysfs, as rasdaemon asks for it (error-recovery 6.2).

import { describe, expect, it } from "vitest";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, pass, twoDevices } from "../support/memdev.ts";

const millisecond = 1_000_000;
const descriptors = { uncorrectable: 1, threshold: 2 } as const;

/** Online movable memory over the first card at 16 GiB, with every event traced. */
function bootMemory(): Booted {
  const booted = bootMachine(twoDevices(), { policies: { ...defaultPolicies, onlineType: "online_movable", memoryUse: "system-ram-movable" } });
  expect(booted.command("cxl create-region -d decoder0.0 -m mem0 -w 1 -t ram").exitCode).toBe(0);
  booted.command("echo 1 > /sys/kernel/tracing/events/cxl/enable");
  return booted;
}

function tell(booted: Booted, address: bigint, descriptor: number): void {
  act(booted, { kind: "injectEvent", device: "d0", log: "warning", record: encodePayload(recordLayout("generalMedia"), { id: uuidFrom(eventRecords.generalMedia.uuid), address, descriptor }), times: 1 });
  pass(booted, millisecond);
}

const corrupted = (booted: Booted): string => /HardwareCorrupted:\s+(\d+ kB)/.exec(booted.read("/proc/meminfo"))?.[1] ?? "";

describe("ras-page-offline", () => {
  it("--once takes offline what the trace holds: softly over a threshold, the hard way where an error was not corrected, each page once", () => {
    const booted = bootMemory();
    tell(booted, 0x1040n, descriptors.threshold);
    tell(booted, 0x1080n, descriptors.threshold);
    tell(booted, 0x5000n, descriptors.uncorrectable);
    tell(booted, 0x9000n, 0);
    expect(corrupted(booted)).toBe("0 kB");
    expect(booted.command("ras-page-offline --once")).toMatchObject({ exitCode: 0, stdout: "0x400001000: threshold: soft offline: done\n0x400005000: uncorrectable: hard offline: done\n", stderr: "" });
    expect(corrupted(booted)).toBe("8 kB");
  });

  it("leaves alone what it is told to, and records without an address of the host", () => {
    const booted = bootMemory();
    tell(booted, 0x1000n, descriptors.threshold);
    tell(booted, 0x1000_1000n, descriptors.uncorrectable);
    expect(booted.command("ras-page-offline --once --threshold none")).toMatchObject({ exitCode: 0, stdout: "" });
    expect(corrupted(booted)).toBe("0 kB");
  });

  it("--daemon goes on in the background and writes to its log; a page that cannot go is said so", () => {
    const booted = bootMemory();
    expect(booted.command("ras-page-offline --daemon --log /tmp/ras").exitCode).toBe(0);
    tell(booted, 0x3000n, descriptors.threshold);
    expect(booted.read("/tmp/ras")).toBe("0x400003000: threshold: soft offline: done\n");
    const idle = bootMachine(twoDevices(), { policies: { ...defaultPolicies, onlineType: "offline", memoryUse: "device-dax-only" } });
    expect(idle.command("cxl create-region -d decoder0.0 -m mem0 -w 1 -t ram").exitCode).toBe(0);
    idle.command("echo 1 > /sys/kernel/tracing/events/cxl/enable");
    tell(idle, 0x3000n, descriptors.threshold);
    const { exitCode, stdout } = idle.command("ras-page-offline --once --threshold soft");
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/^0x400003000: threshold: soft offline: .+\n$/)]);
    expect(stdout).not.toContain("done");
  });

  it("says what is wrong with its words, and shows its usage", () => {
    const booted = bootMemory();
    expect(booted.command("ras-page-offline --help").stdout).toContain("Exit: 0; 1 a page");
    for (const words of ["--threshold sometimes", "extra", "--daemon"]) {
      const { exitCode, stderr } = booted.command(`ras-page-offline ${words}`);
      expect([words, exitCode, stderr.split("\n", 1)[0]]).toEqual([words, 2, expect.stringMatching(/^ras-page-offline: ./)]);
    }
  });
});
