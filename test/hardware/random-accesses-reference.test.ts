// Module and reference machine side by side over random accesses, in both builds: every value read, every end of a load or store, and after each
// episode every register. `npm run campaign` does the same for longer.

import { describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { bringUp, digestOf, runCampaign } from "../oracles/differential/run.ts";
import { unpredictedFields } from "../oracles/reference/unpredicted.ts";
import { topologies, topologyNames } from "../oracles/differential/topologies.ts";

const release = (await loadModule("release")).module;
const checked = (await loadModule("checked")).module;
/** Over the five topologies; a campaign asks for more. */
const total = Number(process.env["CXL_SANDBOX_ACCESSES"] ?? 100_000);
const isCampaign = process.env["CXL_SANDBOX_ACCESSES"] !== undefined;
const perTopology = Math.ceil(total / topologyNames.length);

describe("[rule 2] random accesses leave module and reference equal", () => {
  it.each(topologyNames)("%s", (name) => {
    const differential = bringUp([release, checked], topologies[name]);
    const { accesses, divergences, traps, stories, digest } = runCampaign(differential, { accesses: perTopology, seed: 1, stopAfter: 3 });
    if (isCampaign) console.log(`${name}: ${accesses} accesses, ${divergences} divergences, ${traps} traps, digest ${digest}`);
    expect(stories.join("\n\n")).toBe("");
    expect({ accesses, divergences, traps }).toEqual({ accesses: perTopology, divergences: 0, traps: 0 });
    for (const part of differential.reference.tree.parts.values()) {
      for (const file of part.kind === "bridge" ? [part.component] : [part.config, part.component]) {
        for (const { structure, register, field } of unpredictedFields) if (file.has(structure)) expect([part.name, structure, register, field, file.field(structure, register, field).get()]).toEqual([part.name, structure, register, field, 0]);
      }
    }
    expect(digestOf(release, topologies[name], { accesses: perTopology, seed: 1 })).toBe(digest);
  }, 3_600_000);
});
