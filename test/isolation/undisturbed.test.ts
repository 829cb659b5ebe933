// What the scenarios of recovery and of claims say can fail: taken away what goes wrong in them, none of them passes any more.

import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../support/library.ts";
import { runText } from "../support/scenarios.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => /^scenarios\/(recovery|claims)\//.test(file));
/** It is about what is there before anything goes wrong. */
const aboutCalm = ["scenarios/claims/s90-registers.yaml"];

/** The same file with nothing that goes wrong, and no wait for what would come of it. */
const undisturbed = (text: string): string => text.replace(/^faults:\n(?: {2}- .*\n)*/m, "").replaceAll(/^ {2}- (?:inject|until): .*\n/gm, "");

describe("scenarios of recovery and of claims", () => {
  it.each(files)("%s does not pass when nothing goes wrong", (file, text) => {
    expect(runText(file, undisturbed(text)).result.status === "pass").toBe(aboutCalm.includes(file));
  });

  it("each says what becomes of the host or of its guests, and names its rule", () => {
    for (const [file, text] of files) {
      expect([file, /(outcome|metric): /.test(text)]).toEqual([file, true]);
      expect([file, /^name: ".*\((?:.*, )?(?:POL-|S\d|TR|T\d|C\d|invariant)/m.test(text)]).toEqual([file, true]);
    }
  });
});
