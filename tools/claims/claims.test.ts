import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { claimsPage, runClaim } from "./page.ts";
import type { Came, Claim } from "./table.ts";
import { claims } from "./table.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { module } = await loadModule("release");
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

/** Each claim's scenarios run once. */
const known = new Map<Claim, Came>();
function cameOf(claim: Claim): Came {
  const came = known.get(claim) ?? runClaim({ module, read }, claim);
  known.set(claim, came);
  return came;
}

/** Every claim of a rule agrees with its runs, all of which pass. */
function agree(rule: string): void {
  const about = claims.filter(({ rules, holds }) => rules.includes(rule) && holds !== undefined);
  expect(about.length).toBeGreaterThan(0);
  for (const claim of about) {
    const came = cameOf(claim);
    expect([claim.text, came.runs.map(({ file, status }) => [file, status]), claim.holds?.(came)]).toEqual([claim.text, came.runs.map(({ file }) => [file, "pass"]), true]);
  }
}

describe("claims of the review of 2024", () => {
  it("[S68] [S69] [S70] [S71] [S72] what isolation does and what it asks of software", () => ["S68", "S69", "S70", "S71", "S72"].forEach(agree));
  it("[S73] one lost port is cheaper to recover than a reboot, where every guest has its own file", () => agree("S73"));
  it("[S74] [S75] [S76] who survives a machine check, and that one page of the kernel's is enough for none to", () => ["S74", "S75", "S76"].forEach(agree));
  it("[S77] [S78] how far a lost port reaches", () => ["S77", "S78"].forEach(agree));
  it("[S79] System RAM in ZONE_NORMAL ends in a panic", () => agree("S79"));
  it("[S80] so does ZONE_MOVABLE with its struct pages on the memory; with them in DRAM it costs DRAM, and is no recovery", () => agree("S80"));
  it("[S81] a card that is pulled below ZONE_NORMAL memory leaves it stranded", () => agree("S81"));
  it("[S82] [S83] who holds pages, and for how long that holds everybody", () => ["S82", "S83"].forEach(agree));
  it("[S84] [S85] [S86] [S87] what device-dax can that System RAM cannot", () => ["S84", "S85", "S86", "S87"].forEach(agree));
  it("[S88] anonymous memory is not revoked: its reader meets the machine check", () => agree("S88"));
  it("[S89] [S90] notification and registers alone change nothing", () => ["S89", "S90"].forEach(agree));
  it("[S92] recovered by outcome, and not said so where nobody has asked for it", () => agree("S92"));

  it("each can fail: a run in which nothing happened shows none of them", () => {
    const quiet = claims.find(({ scenarios }) => scenarios[0] === "claims/s90-registers");
    const loud = claims.find(({ scenarios }) => scenarios[0] === "isolation/f-not-enabled-hang");
    for (const claim of claims) {
      const other = claim === quiet ? loud : quiet;
      const [run] = other === undefined ? [] : cameOf(other).runs;
      if (claim.holds === undefined || run === undefined) continue;
      expect([claim.text, claim.holds({ runs: claim.scenarios.map(() => run), verdict: null })]).toEqual([claim.text, false]);
    }
  });

  it("what has nothing to run says why", () => {
    expect(claims.filter(({ holds, reason }) => holds === undefined && reason === undefined)).toEqual([]);
    expect(claims.filter(({ holds }) => holds === undefined).flatMap(({ rules }) => rules)).toEqual(["S91", "S93", "S92"]);
  });

  it("docs/claims.md is what the runs give", () => {
    expect(read("docs/claims.md")).toBe(claimsPage(cameOf));
  });
});
