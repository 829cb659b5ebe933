// createMachineWorker in a browser's worker: the same machine, the same digests; an end is noticed there too.

import { describe, expect, inject, it } from "vitest";
import { WorkerDiedError, createMachine, createMachineWorker } from "../../src/index.ts";
import type { MachineWorker } from "../../src/index.ts";
import { driveAsText, driven } from "../support/library-drive.ts";

const start = (): Worker => new Worker(new URL("../../workers/machine-entry.ts", import.meta.url), { type: "module" });
const make = (slice: number): Promise<MachineWorker> => createMachineWorker(driven, { worker: start, slice });

describe("[rule 5] a machine in this browser leaves what it left in Node", () => {
  it("in the page", async () => {
    expect(await driveAsText(await createMachine(driven))).toBe(inject("libraryDrive"));
  });

  it.each([0, 8])("in a worker, in slices of %d ms", async (slice) => {
    const machine = await make(slice);
    expect(await driveAsText(machine)).toBe(inject("libraryDrive"));
    await machine.close();
  });
});

describe("a browser's worker", () => {
  it("that ends by itself rejects what is pending and everything afterwards", async () => {
    const machine = await createMachineWorker(driven, { worker: () => new Worker(new URL("../support/ending-worker.ts", import.meta.url), { type: "module" }) });
    await expect(machine.runUntil({ time: 1_000_000_000_000 }, { limit: 1e13 })).rejects.toThrow(WorkerDiedError);
    await expect(machine.now()).rejects.toThrow("it ended");
  });

  it("whose script does not load rejects createMachineWorker", async () => {
    await expect(createMachineWorker(driven, { worker: () => new Worker("/no/such/script.js", { type: "module" }) })).rejects.toThrow(WorkerDiedError);
  });

  it("that is closed rejects what comes after", async () => {
    const machine = await make(8);
    await machine.close();
    await expect(machine.now()).rejects.toThrow("it was closed");
  });
});
