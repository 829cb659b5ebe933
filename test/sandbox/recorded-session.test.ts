// The recorded session is what the machine does today, and it shows what it says: listed, not destroyed, understood, recovered under unwind: full.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sessionFiles } from "../../tools/session.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { playSession } from "../../src/sandbox/scripted.ts";
import { modules } from "../support/machine.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const lines = read("docs/examples/partial-region.session").trimEnd().split("\n");

/** What was printed behind each line, with the policy in place of the file's. */
function play(unwind: string): Record<string, string> {
  const text = read("docs/examples/partial-region.yaml").replace("unwind: full", `unwind: ${unwind}`);
  const printed: Record<string, string> = {};
  let line = "";
  for (const { kind, text: shown } of playSession(modules.release, planScenario("partial-region.yaml", text), lines)) {
    if (kind === "typed") line = shown;
    else if (kind === "printed") printed[line] = (printed[line] ?? "") + shown;
  }
  return printed;
}

const lineWith = (printed: Record<string, string>, words: string): string => printed[lines.find((line) => line.includes(words)) ?? ""] ?? "";

describe("the recorded session", () => {
  it("page, recording and picture are current", () => {
    for (const [path, text] of Object.entries(sessionFiles(modules.release, read))) expect([path, read(path)]).toEqual([path, text]);
  });

  it("[S15] [S17] the partial region is listed, cannot be destroyed, is taken apart and its card serves", () => {
    const printed = play("full");
    expect(lineWith(printed, "cxl list -RT")).toContain('"decode_state":"reset"');
    expect(lineWith(printed, "destroy-region")).toMatch(/error locating decoder for target1[^]*destroyed 0 regions/);
    expect(lineWith(printed, "region0/target1")).toBe("0\ndecoder2.0\n\n");
    expect(lineWith(printed, "echo 0 > region0/commit")).toBe("");
    expect(lineWith(printed, "delete_region")).toBe("");
    expect(lineWith(printed, "create-region")).toMatch(/"decode_state":"commit"[^]*created 1 region/);
  });

  it("[S17] without that policy the same lines do not get there", () => {
    expect(lineWith(play("targets"), "create-region")).toContain("created 0 regions");
    expect(lineWith(play("none"), "create-region")).toContain("created 0 regions");
  });
});
