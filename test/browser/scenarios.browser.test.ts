import { describe, expect, inject, it } from "vitest";
import { changedLayers, parseGolden } from "../../src/scenario/golden.ts";
import { scenarioDigests } from "../support/scenarios.ts";

// Vite reads the files; each comes as its text.
const files = import.meta.glob<string>("../../scenarios/**/*.yaml", { query: "?raw", import: "default", eager: true });
const goldens = import.meta.glob<string>("../../scenarios/**/*.golden", { query: "?raw", import: "default", eager: true });

describe("[rule 5] bundled scenarios in this engine", () => {
  const found = scenarioDigests(files);

  it("leave the digests that Node left", () => {
    const expected = inject("scenarioDigests");
    expect(Object.keys(expected).length).toBe(Object.keys(files).length);
    expect(found).toEqual(expected);
  });

  it("leave the result, log and hardware of their goldens", () => {
    const changed = Object.entries(goldens).flatMap(([file, text]) => {
      const name = file.replace(/^.*scenarios\//, "").replace(/\.golden$/, ".yaml");
      const digests = found[name]?.digests;
      return digests === undefined ? [`${name}: no such scenario`] : changedLayers(parseGolden(file, text), digests).map((layer) => `${name}: ${layer}`);
    });
    expect(changed).toEqual([]);
    expect(Object.keys(goldens).length).toBe(Object.keys(files).length);
  });
});
