// Runs once in Node before all projects: what the browser project compares itself with. The library is run by the command as built, beside the rest; between its parts the
// process hears of what runs beside it (packed.ts).

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { referenceDigests } from "./disturb.ts";
import { digestOf } from "../oracles/differential/run.ts";
import { topologies, topologyNames } from "../oracles/differential/topologies.ts";
import { mailboxDeviceNames, mailboxDevices } from "../oracles/mailbox/devices.ts";
import { mailboxDigest } from "../oracles/mailbox/run.ts";
import { createMachineSync } from "../../src/sandbox.ts";
import { bundledScenarios } from "./library.ts";
import { keepLibraryRun } from "./library-run.ts";
import { useLibrary } from "./library-use.ts";
import { driveAsText, driven } from "./library-drive.ts";
import { modules } from "./machine.ts";
import type { scenarioDigests } from "./scenarios.ts";
import { traceSums } from "./traces.ts";
import { driveByHand } from "./wasm-drivers.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly hardwareDigests: Record<string, string[]>;
    readonly scenarioDigests: ReturnType<typeof scenarioDigests>;
    /** Length and checksum of the whole trace files of some scenarios. */
    readonly traceSums: Record<string, readonly number[]>;
    /** By topology, the folded trace digest of so many random accesses. */
    readonly randomDigests: Record<string, string>;
    readonly randomAccesses: number;
    /** By device, the folded trace digest of so many random mailbox transactions. */
    readonly mailboxDigests: Record<string, string>;
    readonly mailboxTransactions: number;
    /** What one use of the library answered and left. */
    readonly libraryUse: string[];
    /** What the library's machine shows and leaves when it is driven. */
    readonly libraryDrive: string;
    /** Of a wasm driver's accesses, and what it logged. */
    readonly wasmDriver: ReturnType<typeof driveByHand>;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export default async function provideDigests(project: TestProject): Promise<() => void> {
  // Steps whose inputs did not change are skipped.
  const { status } = spawnSync(process.execPath, ["tools/build.mjs", "registers", "module", "dist"], { cwd: fileURLToPath(new URL("../../", import.meta.url)), stdio: "inherit" });
  if (status !== 0) throw new Error("the build failed");
  const running = keepLibraryRun();
  project.provide("hardwareDigests", referenceDigests("release"));
  await turn();
  project.provide("traceSums", traceSums(bundledScenarios()));
  const accesses = Math.ceil(Number(process.env["CXL_SANDBOX_ACCESSES"] ?? 50_000) / topologyNames.length);
  project.provide("randomAccesses", accesses);
  project.provide("randomDigests", Object.fromEntries(topologyNames.map((name) => [name, digestOf(modules.release, topologies[name], { accesses, seed: 1 })])));
  const transactions = Math.ceil(Number(process.env["CXL_SANDBOX_TRANSACTIONS"] ?? 4000) / mailboxDeviceNames.length);
  project.provide("mailboxTransactions", transactions);
  project.provide("mailboxDigests", Object.fromEntries(mailboxDeviceNames.map((name) => [name, mailboxDigest(modules.release, mailboxDevices[name], { transactions, seed: 1 })])));
  project.provide("libraryUse", await useLibrary());
  project.provide("libraryDrive", await driveAsText(createMachineSync(modules.release, driven)));
  project.provide("wasmDriver", driveByHand());
  const { scenarios, remove } = await running;
  project.provide("scenarioDigests", Object.fromEntries(scenarios.flatMap(({ file, traceDigest, digests }) => (traceDigest === null || digests === null ? [] : [[file.replace(/^scenarios\//, ""), { traceDigest, digests }] as const]))));
  return remove;
}
