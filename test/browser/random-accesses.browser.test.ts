import { describe, expect, inject, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { digestOf } from "../oracles/differential/run.ts";
import { topologies, topologyNames } from "../oracles/differential/topologies.ts";

const { module } = await loadModule("release");

describe("[rule 5] random accesses in this engine leave the digest that Node left", () => {
  it.each(topologyNames)("%s", (name) => {
    expect(digestOf(module, topologies[name], { accesses: inject("randomAccesses"), seed: 1 })).toBe(inject("randomDigests")[name]);
  }, 3_600_000);
});
