// Runs the suite of example 06 with some of its drivers, in one Vitest with a project for each.

import { fileURLToPath } from "node:url";
import { startVitest } from "vitest/node";

const path = (name) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** The driver as it should be, and those with a bug. */
export const drivers = ["good", "wrong-mask", "missed-busy", "cleared-before-link-down", "lost-wake-up", "locked-decoder"];

/** What each test came to, by driver: name, state, messages. */
export async function runSuites() {
  const outcomes = {};
  const collector = {
    onTestRunEnd: (modules) => {
      for (const module of modules) {
        const failures = module.errors().map(({ message }) => ({ name: module.moduleId, state: "failed", messages: [message] }));
        const tests = [...module.children.allTests()].map((test) => ({ name: test.name, state: test.result().state, messages: (test.result().errors ?? []).map(({ message }) => message) }));
        outcomes[module.project.name] = [...failures, ...tests];
      }
    },
  };
  const projects = drivers.map((driver) => ({ extends: true, test: { name: driver, env: { DRIVER: driver } } }));
  const vitest = await startVitest("test", [], { root: path("06-a-suite-that-finds-a-bug"), config: path("vitest.config.ts"), watch: false, cache: false, reporters: [collector], projects });
  await vitest.close();
  process.exitCode = 0;
  return outcomes;
}

/** The first message of each driver with a bug that names a register. */
export function messagesOf(outcomes) {
  const lines = drivers.filter((driver) => driver !== "good").map((driver) => {
    const failed = (outcomes[driver] ?? []).filter(({ state }) => state === "failed");
    const all = failed.flatMap(({ name, messages }) => messages.flatMap((message) => message.split("\n")).map((line) => ({ name, line })));
    const found = all.find(({ line }) => line.includes("Rule ")) ?? all[0];
    return `${driver}: "${found?.name}"\n  ${found?.line}`;
  });
  return lines.join("\n");
}
