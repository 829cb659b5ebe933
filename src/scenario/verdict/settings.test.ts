import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { planScenario } from "../plan.ts";
import { hostSettings } from "../settings.ts";
import { settingsPage } from "../settings-page.ts";
import { parseTime, timeText } from "../units.ts";
import { acceptanceSettings, verdictSettings } from "./settings.ts";

const text = (keys: string): string => `version: 1\nname: one\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0 }\n${keys}\n`;
const settings = (keys: string) => planScenario("f.yaml", text(keys)).verdict;
const problem = (keys: string): string => {
  try {
    settings(keys);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("docs/settings.md", () => {
  it("is what the tables say", () => {
    expect(readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8")).toBe(settingsPage());
  });

  it("every setting has its default, its values, a meaning and where the default comes from", () => {
    for (const [name, { meaning, source }] of Object.entries({ ...hostSettings, ...verdictSettings, ...acceptanceSettings })) {
      expect(`${name}: ${meaning}`.length).toBeGreaterThan(name.length + 10);
      expect(source).not.toBe("");
      expect(settingsPage()).toMatch(new RegExp(`^\\| \`${name}\` \\| \`[^\`]+\` \\| `, "m"));
    }
  });
});

describe("verdict:", () => {
  it("what a file does not say is as the table says; what it says wins", () => {
    expect(settings("verdict: { bootTime: 90s, killedWeight: 7 }")).toMatchObject({ bootTime: 90_000_000_000, killedWeight: 7, downtimeWeight: verdictSettings.downtimeWeight.default, acceptance: { losesPort: false, userspaceManaged: false, prefersToReboot: false } });
    expect(settings("")).toEqual(settings("verdict: {}"));
  });

  it("[S92] the three conditions are false until somebody says otherwise", () => {
    expect(settings("").acceptance).toEqual({ losesPort: false, userspaceManaged: false, prefersToReboot: false });
    expect(settings("verdict: { acceptance: { losesPort: true } }").acceptance).toEqual({ losesPort: true, userspaceManaged: false, prefersToReboot: false });
  });

  it("what it does not know, and what is out of range, is a bad file with its place", () => {
    expect(problem("verdict: { bootTim: 90s }")).toMatch(/^f\.yaml:7:\d+: .*bootTim/);
    expect(problem("verdict: { bootTime: 90 }")).toMatch(/^f\.yaml:7:\d+: .*"90" is no time/);
    expect(problem("verdict: { killedWeight: -1 }")).toMatch(/^f\.yaml:7:\d+: .*killedWeight/);
    expect(problem("verdict: { killedWeight: 0.5 }")).toMatch(/^f\.yaml:7:\d+: .*killedWeight/);
    expect(problem("verdict: { reboot: lukewarm }")).toMatch(/^f\.yaml:7:\d+: .*reboot/);
    expect(problem("verdict: { acceptance: { losesPort: yes please } }")).toMatch(/^f\.yaml:7:\d+: .*losesPort/);
  });
});

describe("a time as text", () => {
  it("has the largest unit without a fraction and reads as what it was", () => {
    expect([0, 1, 1500, 90_000_000_000, 1_000_000].map(timeText)).toEqual(["0s", "1ns", "1500ns", "90s", "1ms"]);
    for (const time of [0, 1, 999, 1000, 123_456_789, 86_400_000_000_000]) expect(parseTime(timeText(time))).toBe(time);
  });
});
