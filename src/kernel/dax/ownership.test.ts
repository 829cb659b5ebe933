// The decision as a table: ranges, regions and what went wrong in, owners and pieces out.

import { describe, expect, it } from "vitest";
import type { OwnershipPolicies, RegionView, SoftReservedView } from "./ownership.ts";
import { decideOwnership } from "./ownership.ts";

const linux: OwnershipPolicies = { owner: "per-range", split: "softened", leftover: "whole-to-hmem", blast: "per-range", failover: true };
const range = (first: number, last: number, isRemainder = false): SoftReservedView => ({ start: BigInt(first), end: BigInt(last), isRemainder });
const region = (name: string, first: number, last: number, isCommitted = true): RegionView => ({ name, start: BigInt(first), end: BigInt(last), isCommitted });

/** `removal | owner pieces | ...` */
function decided(policy: Partial<OwnershipPolicies>, ranges: readonly SoftReservedView[], regions: readonly RegionView[], troubles: readonly string[] = []): string {
  const { removal, ranges: verdicts } = decideOwnership({ ranges, regions, troubles, policy: { ...linux, ...policy } });
  const shown = verdicts.map(({ owner, pieces }) => [owner, ...pieces.map(({ start, end }) => `${start}-${end}`)].join(" "));
  return [removal.kind === "regions" ? `without ${removal.names.join()}` : removal.kind, ...shown].join(" | ");
}

const exact = [region("r", 0, 99)];
const smaller = [region("r", 20, 59)];
const two = [region("r", 0, 29), region("s", 50, 69)];
const partial = [region("r", 0, 99, false)];

describe("one range, by split and leftover", () => {
  const table: readonly [Partial<OwnershipPolicies>, readonly RegionView[], string][] = [
    [{}, exact, "nothing | cxl"],
    [{}, partial, "nothing | hmem 0-99"],
    [{}, [], "nothing | hmem 0-99"],
    [{}, smaller, "nothing | hmem 0-99"],
    [{}, two, "nothing | hmem 0-99"],
    [{ leftover: "to-dax" }, smaller, "nothing | hmem 0-19 60-99"],
    [{ leftover: "to-dax" }, two, "nothing | hmem 30-49 70-99"],
    [{ leftover: "to-dax" }, partial, "nothing | hmem 0-99"],
    [{ leftover: "waste" }, smaller, "nothing | nobody"],
    [{ leftover: "waste" }, partial, "nothing | hmem 0-99"],
    [{ split: "trim-after-probe" }, smaller, "nothing | hmem 0-19 60-99"],
    [{ split: "trim-after-probe", leftover: "to-dax" }, two, "nothing | hmem 30-49 70-99"],
    [{ split: "trim-after-probe" }, [region("r", 0, 49), region("s", 50, 99)], "nothing | cxl"],
    [{ split: "trim-after-probe", leftover: "waste" }, smaller, "nothing | nobody"],
    [{ split: "trim-after-probe" }, partial, "nothing | hmem 0-99"],
    [{ split: "all-or-nothing" }, exact, "nothing | cxl"],
    [{ split: "all-or-nothing" }, smaller, "nothing | nobody"],
    [{ split: "all-or-nothing", leftover: "waste" }, smaller, "nothing | nobody"],
    [{ split: "all-or-nothing", leftover: "to-dax" }, smaller, "nothing | hmem 0-19 60-99"],
    [{ split: "all-or-nothing" }, [], "nothing | cxl"],
    [{ split: "none" }, partial, "nothing | cxl"],
    [{ owner: "none" }, partial, "nothing | cxl"],
  ];
  for (const [policy, regions, wanted] of table) {
    it(`[S46] [S47] [S53] [S56] [S66] [POL-SR] [POL-LEFTOVER] ${JSON.stringify(policy)} over ${regions.map((one) => `${one.name} ${one.start}-${one.end}${one.isCommitted ? "" : " partial"}`).join(", ") || "no region"}`, () => {
      expect(decided(policy, [range(0, 99)], regions)).toBe(wanted);
    });
  }

  it("[S46] [POL-SR] trim: what is left of a range that was cut goes to dax, or is wasted; an uncut one is hmem's", () => {
    const left = [range(0, 19, true), range(60, 99, true), range(200, 299)];
    expect(decided({ split: "trim", leftover: "to-dax" }, left, smaller)).toBe("nothing | hmem 0-19 | hmem 60-99 | hmem 200-299");
    expect(decided({ split: "trim", leftover: "whole-to-hmem" }, left, smaller)).toBe("nothing | hmem 0-19 | hmem 60-99 | hmem 200-299");
    expect(decided({ split: "trim", leftover: "waste" }, left, smaller)).toBe("nothing | nobody | nobody | hmem 200-299");
  });
});

describe("what is taken away first", () => {
  const ranges = [range(0, 99), range(100, 199)];
  const regions = [region("good", 0, 99), region("bad", 100, 199, false), region("user", 300, 399)];

  it("[S8] a boundary that does not fit, a missing member and a refused one are one question to one function", () => {
    for (const [name, regionsThen] of Object.entries({ boundary: [region("r", 0, 49)], missing: partial, refused: partial })) {
      expect(decided({}, [range(0, 99)], regionsThen, [name])).toBe("nothing | hmem 0-99");
      expect(decided({ failover: false }, [range(0, 99)], regionsThen, [name])).toBe("nothing | nobody");
      expect(decided({ leftover: "waste" }, [range(0, 99)], regionsThen, [name])).toBe(name === "boundary" ? "nothing | nobody" : "nothing | hmem 0-99");
    }
  });

  it("[S33] [S36] [POL-OWN] [POL-BLAST] global-teardown: every region with global, the ones over failing ranges with per-range", () => {
    expect(decided({ owner: "global-teardown", blast: "global" }, ranges, regions)).toBe("without good,bad,user | hmem 0-99 | hmem 100-199");
    expect(decided({ owner: "global-teardown" }, ranges, regions)).toBe("without bad | cxl | hmem 100-199");
    expect(decided({ owner: "global-teardown", blast: "global" }, [range(0, 99)], regions)).toBe("nothing | cxl");
  });

  it("[S36] [POL-OWN] mode-variable: one range decides for all, and nothing goes", () => {
    expect(decided({ owner: "mode-variable" }, ranges, regions)).toBe("nothing | hmem 0-99 | hmem 100-199");
  });

  it("[S48] [POL-SR] [POL-BLAST] all-or-nothing: the flag takes the topology, or by range what fails", () => {
    expect(decided({ split: "all-or-nothing", blast: "global" }, ranges, regions, ["mem3"])).toBe("topology | hmem 0-99 | hmem 100-199");
    expect(decided({ split: "all-or-nothing" }, ranges, regions, ["mem3"])).toBe("without bad | cxl | hmem 100-199");
  });

  it("[S33] [POL-BLAST] global by itself: any failure takes every region", () => {
    expect(decided({ blast: "global" }, ranges, regions, ["bad"])).toBe("without good,bad,user | hmem 0-99 | hmem 100-199");
    expect(decided({ blast: "global" }, ranges, regions)).toBe("nothing | cxl | hmem 100-199");
  });

  it("[S7] [POL-FAILOVER] off: nothing is registered, whatever goes", () => {
    expect(decided({ split: "all-or-nothing", blast: "global", failover: false }, ranges, regions, ["mem3"])).toBe("topology | nobody | nobody");
    expect(decided({ leftover: "to-dax", failover: false }, [range(0, 99)], smaller)).toBe("nothing | nobody");
  });
});
