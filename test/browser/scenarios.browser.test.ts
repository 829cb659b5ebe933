import { describe, expect, inject, it } from "vitest";
import { scenarioDigests } from "../support/scenarios.ts";

// Vite reads the files; each comes as its text.
const files = import.meta.glob<string>("../../scenarios/**/*.yaml", { query: "?raw", import: "default", eager: true });

describe("[rule 5] bundled scenarios in this engine", () => {
  it("leave the digests that Node left", () => {
    const expected = inject("scenarioDigests");
    expect(Object.keys(expected).length).toBeGreaterThanOrEqual(9);
    expect(scenarioDigests(files)).toEqual(expected);
  });
});
