// Runs the suite of example 06 with some of its drivers, in one Vitest with a project for each, and prints what each test came to as JSON.

import { fileURLToPath } from "node:url";
import { startVitest } from "vitest/node";

const path = (name) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const results = {};

const collector = {
  onTestRunEnd: (modules) => {
    for (const module of modules) {
      results[module.project.name] = [...module.children.allTests()].map((test) => ({ name: test.name, state: test.result().state, messages: (test.result().errors ?? []).map(({ message }) => message) }));
      if (module.errors().length > 0) results[module.project.name] = [{ name: module.moduleId, state: "failed", messages: module.errors().map(({ message }) => message) }];
    }
  },
};

const projects = process.argv.slice(2).map((driver) => ({ extends: true, test: { name: driver, env: { DRIVER: driver } } }));
const vitest = await startVitest("test", [], { root: path("06-a-suite-that-finds-a-bug"), config: path("vitest.config.ts"), watch: false, reporters: [collector], projects });
await vitest.close();
console.log(JSON.stringify(results));
process.exit(0);
