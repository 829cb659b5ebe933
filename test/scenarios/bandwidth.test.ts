// The scenarios of bandwidth and classes hold, and would not with other figures.

import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../support/library.ts";
import { runText } from "../support/scenarios.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/bandwidth/"));

describe("scenarios/bandwidth", () => {
  it("are five", () => {
    expect(files).toHaveLength(5);
  });

  it.each(files)("%s holds", (file, text) => {
    const { result } = runText(file, text);
    expect([result.status, result.reason]).toEqual(["pass", null]);
  });

  it.each(files)("%s does not hold when firmware gives no figures", (file, text) => {
    expect(runText(file, text.replaceAll(/performance: \{.*\}/g, "decoders: 8")).result.status).not.toBe("pass");
  });
});
