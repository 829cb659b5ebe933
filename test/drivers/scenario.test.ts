// Drivers in scenario runs: a copy of the built-in one does what that does, to the byte, and one that goes wrong ends the run with a result that says so.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import type { DriverModule } from "../../src/platform/driver.ts";
import { isolationDriver } from "../../src/sandbox.ts";
import { exitCodeOf } from "../../src/scenario/result.ts";
import { bundledScenarios } from "../support/library.ts";
import { runText } from "../support/scenarios.ts";
import { hooking } from "./host.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/isolation/"));
const [firstFile = "", firstText = ""] = files[0] ?? [];

/** The driver's source built into one file that knows nothing of this program: what a user would have who copied it. */
async function copied(): Promise<DriverModule> {
  // esbuild's process serves every file of this worker, and may have been started in a folder that is gone: it finds nothing from there.
  const { outputFiles } = await build({ absWorkingDir: root, entryPoints: ["src/drivers/isolation/driver.ts"], bundle: true, format: "esm", write: false, logLevel: "silent" });
  const { isolation }: { readonly isolation: DriverModule } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString("base64")}`);
  return isolation;
}

describe("no private door", () => {
  it("a copy of the built-in driver in its place gives the same traces, for every scenario of isolation that has it", async () => {
    const copy = await copied();
    expect(copy).not.toBe(isolationDriver);
    expect(files.length).toBeGreaterThan(5);
    for (const [file, text] of files) {
      const built = runText(file, text).result;
      if (built.policies.isoact !== "none") expect(runText(file, text, { drivers: [copy] }).result, file).toEqual(built);
    }
  }, 600_000);

  it("under a name of its own only the name of its interrupt differs", async () => {
    const copy: DriverModule = { ...(await copied()), name: "mine" };
    const parameters = { action: "recover", notification: "interrupt", order: "fence-first" };
    const [built, mine] = [runText(firstFile, firstText), runText(firstFile, firstText, { drivers: [copy], driverParameters: { mine: parameters } })];
    expect({ ...mine.result.digests, kernel: "" }).toMatchObject({ access: built.result.digests.access, hardware: built.result.digests.hardware, log: built.result.digests.log, result: built.result.digests.result });
    expect(mine.result.digests.kernel).not.toBe(built.result.digests.kernel);
  }, 60_000);

  it("parameters of the run go before those of the policies", () => {
    const { result } = runText(firstFile, firstText, { drivers: [{ ...isolationDriver }], driverParameters: { isolation: { action: "panic" } } });
    expect(result.outcome).toBe("panic");
  }, 60_000);
});

describe("a driver that goes wrong in a run", () => {
  it("ends it with status driver, and the result says driver, hook, device, time and the driver's words", () => {
    const broken = hooking((device, kernel) => {
      kernel.scheduleAfter(1000, "trip", function* () {
        yield* kernel.sleep(500);
        throw new Error(`tripped over ${device.name}`);
      });
      return {};
    });
    const { result } = runText(firstFile, firstText, { drivers: [broken] });
    expect(result).toMatchObject({ status: "driver", reason: "driver demo: work trip: tripped over 0000:0c:00.0", driver: { driver: "demo", hook: "work trip", device: "", message: "tripped over 0000:0c:00.0" } });
    expect(result.driver?.atNs).toBe(result.virtualTimeNs);
    expect(exitCodeOf([result])).toBe(6);
    expect(runText(firstFile, firstText).result).not.toHaveProperty("driver");
  }, 60_000);
});
