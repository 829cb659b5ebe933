// Runs once in Node before all projects: what the browser project compares itself with.

import type { TestProject } from "vitest/node";
import { referenceDigests } from "./disturb.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly hardwareDigests: Record<string, string[]>;
  }
}

export default function provideDigests(project: TestProject): void {
  project.provide("hardwareDigests", referenceDigests("release"));
}
