import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "./load.ts";
import { planScenario } from "./plan.ts";

const GiB = 1n << 30n;
const text = (firmware: string): string => `version: 1
name: firmware
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: d0, volatile: 512MiB } }
        - { name: rp1, device: { name: d1, volatile: 1GiB } }
firmware:
  windows: [{ targets: [hb0], size: 8GiB, granularity: 1KiB }]
${firmware}`;

function problem(firmware: string): string {
  try {
    planScenario("f.yaml", text(firmware));
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

describe("what firmware does before the system runs", () => {
  it("is nothing unless the file says so", () => {
    expect(planScenario("f.yaml", text("")).firmware).toEqual({ regions: [], decoders: [], softReserved: [] });
  });

  it("regions name devices or their ports; size is all that every member has, one lies behind the other, Soft Reserved follows them", () => {
    const plan = planScenario("f.yaml", text("  regions: [{ targets: [rp1, d0], softReserved: true }, { targets: [d1], size: 256MiB, granularity: 256, locked: true }]"));
    const base = plan.machine.windows[0]?.base ?? 0n;
    expect(plan.firmware.regions).toEqual([
      { window: 0, base, size: GiB, granularity: 1024, targets: ["d1", "d0"], isLocked: false },
      { window: 0, base: base + GiB, size: GiB / 4n, granularity: 256, targets: ["d1"], isLocked: true },
    ]);
    expect(plan.firmware.softReserved).toEqual([{ base, size: GiB }]);
  });

  it("single decoders may be wrong in every way that can be written to them", () => {
    const [decoder] = planScenario("f.yaml", text("  decoders: [{ of: hb0, index: 1, base: 64GiB, size: 256MiB, targets: [1, 1], committed: false }]")).firmware.decoders;
    expect(decoder).toEqual({ place: "hb0", index: 1, base: 64n * GiB, size: GiB / 4n, ways: 2, granularity: 256, targets: [1, 1], skip: 0n, isLocked: false, isCommitted: false });
  });

  it("what cannot be is said where it stands", () => {
    expect(problem("  regions: [{ targets: [rp7] }]")).toContain('no device "rp7"');
    expect(problem("  regions: [{ targets: [d0], window: 3 }]")).toContain("no window 3");
    expect(problem("  regions: [{ targets: [d0, d1], size: 256MiB }]")).toContain("positive multiple of 512MiB");
    expect(problem("  decoders: [{ of: hb7, base: 0, size: 256MiB }]")).toContain('nothing named "hb7" has decoders');
    expect(problem("  decoders: [{ of: hb0, base: 1MiB, size: 256MiB }]")).toContain("multiple of 256MiB");
    expect(problem("  softReserved: [{ base: 512MiB, size: 1GiB }]")).toContain("overlaps the range at 0x0");
  });
});
