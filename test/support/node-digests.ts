// Runs once in Node before all projects: what the browser project compares itself with.

import type { TestProject } from "vitest/node";
import { referenceDigests } from "./disturb.ts";
import { bundledScenarios } from "./library.ts";
import { scenarioDigests } from "./scenarios.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly hardwareDigests: Record<string, string[]>;
    readonly scenarioDigests: Record<string, string>;
  }
}

export default function provideDigests(project: TestProject): void {
  project.provide("hardwareDigests", referenceDigests("release"));
  project.provide("scenarioDigests", scenarioDigests(bundledScenarios()));
}
