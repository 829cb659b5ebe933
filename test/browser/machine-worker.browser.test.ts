// createMachineWorker in a browser's worker: the same machine, the same digests; an end is noticed there too.

import { describe, expect, inject, it } from "vitest";
import { WorkerDiedError, createMachine, createMachineWorker } from "../../src/index.ts";
import type { MachineWorker } from "../../src/index.ts";
import { drive, driven } from "../support/library-drive.ts";

const start = (): Worker => new Worker(new URL("../../workers/machine-entry.ts", import.meta.url), { type: "module" });
const make = (slice: number): Promise<MachineWorker> => createMachineWorker(driven, { worker: start, slice });

describe("[rule 5] a machine in this browser leaves what it left in Node", () => {
  it("in the page", async () => {
    expect(await drive(await createMachine(driven))).toEqual(inject("libraryDrive"));
  });

  it.each([0, 8])("in a worker, in slices of %d ms", async (slice) => {
    const machine = await make(slice);
    expect(await drive(machine)).toEqual(inject("libraryDrive"));
    await machine.close();
  });
});

describe("a browser's worker", () => {
  it("that ends by itself rejects what is pending and everything afterwards", async () => {
    const ending = URL.createObjectURL(new Blob([`
      import(${JSON.stringify(new URL("../../workers/machine-entry.ts", import.meta.url).href)}).then(() => {
        let seen = 0;
        self.addEventListener("message", () => { if (++seen === 3) self.close(); });
        const waiting = self.onearly; self.onready?.();
      });
    `], { type: "text/javascript" }));
    const machine = await createMachineWorker(driven, { worker: () => new Worker(ending, { type: "module" }) });
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
