// The types of the packed file, as compilers find them: with NodeNext resolution and with a bundler's.

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { project } from "./project.ts";

const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

const program = `
import { createMachine } from "cxl-sandbox";
import type { Machine } from "cxl-sandbox";
import { blocks } from "cxl-sandbox/registers";

const machine: Machine = await createMachine({ hostBridges: [{ rootPorts: [{ name: "rp0", isolation: { mem: true }, device: { volatile: "256MiB" } }] }] });
const { capability, control } = machine.rootPort("rp0").registers.timeoutIsolation;
const supported: number = capability.read().memoryIsolation;
const clause: "8.2.4.24" = blocks.rootPortComponent.placements.timeoutIsolation.structure.clause;
control.modify({ memoryIsolationEnable: supported });
machine.inject({ linkDown: "rp0" }, { at: "5ms" });
export { clause };

// @ts-expect-error no such field
control.modify({ memoryIsolationEnabled: 1 });
// @ts-expect-error no such register
machine.rootPort("rp0").registers.timeoutIsolation.capabilities;
// @ts-expect-error addresses are bigint
machine.bus.read32(0x1000);
`;

const suite = `
import { expect } from "vitest";
import { createMachine, runScenario } from "cxl-sandbox";
import { describeScenarios } from "cxl-sandbox/vitest";

const machine = await createMachine({ hostBridges: [{ rootPorts: [{ name: "rp0", device: { volatile: "256MiB" } }] }] });
expect(machine.rootPort("rp0").registers.timeoutIsolation.status).toHaveFields({ memoryIsolation: 1 });
expect(machine).toHaveFired();
// @ts-expect-error no such matcher
expect(machine).toHaveBurnt();

const run = await runScenario("scenario.yaml", { seed: 2, keepTrace: true });
expect(run).toHaveOutcome("recovered");
expect(run.result).toHaveFired("cable");
expect(run).toMatchTrace("scenario.golden", { layers: ["log"] });
// @ts-expect-error no such outcome
expect(run).toHaveOutcome("mended");
describeScenarios(["scenarios"], { seeds: "1..3", test: { concurrent: true } });
// @ts-expect-error no such option
describeScenarios("scenarios", { seed: 1 });
`;

const options = { target: "es2022", strict: true, noEmit: true, skipLibCheck: false, types: [], lib: ["es2023", "dom", "esnext.disposable"] };

describe("the types of the package", () => {
  const user = project("types");

  it.each([
    { module: "nodenext" },
    { module: "esnext", moduleResolution: "bundler" },
  ])("resolve with %o, are no `any`, and stand on their own", async (resolution) => {
    user.write({ "program.mts": program, "tsconfig.json": JSON.stringify({ compilerOptions: { ...options, ...resolution }, files: ["program.mts"] }) });
    expect(await user.node(compiler, "-p", ".")).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("Vitest's `expect` has the matchers", async () => {
    const tests = project("types-vitest", ["vitest"]);
    tests.write({ "suite.mts": suite, "tsconfig.json": JSON.stringify({ compilerOptions: { ...options, skipLibCheck: true, module: "esnext", moduleResolution: "bundler" }, files: ["suite.mts"] }) });
    expect(await tests.node(compiler, "-p", ".")).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
