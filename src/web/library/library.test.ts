import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../../../test/support/library.ts";
import { loadScenario } from "../../scenario/load.ts";
import { readIndex, readTexts } from "../build/library.ts";
import { entryOf } from "../build/library-entry.ts";
import { grouped, moved } from "../panels/library/library-panel.tsx";
import { searchLibrary } from "./library.ts";

const [index, texts] = [readIndex(), readTexts()];
const found = (query: string): string[] => searchLibrary(index.entries, query).map(({ path }) => path);

describe("the library has all bundled scenarios", () => {
  it("with their texts, byte for byte", () => {
    expect(Object.fromEntries(Object.entries(texts).map(([path, { text }]) => [`scenarios/${path}`, text]))).toEqual(Object.fromEntries(Object.entries(bundledScenarios()).filter(([file]) => !file.includes(".inc."))));
    expect(Object.values(texts).every(({ includes }) => Object.keys(includes).length === 0)).toBe(true);
  });
  it("under the names that they have", () => {
    for (const { path, title } of index.entries.slice(0, 40)) expect(loadScenario(path, texts[path]?.text ?? "").scenario.name).toBe(title);
  });
  it("by theme, each folder with what the README says of it", () => {
    const groups = grouped(index, index.entries);
    expect(groups.flatMap(({ entries }) => entries).length).toBe(index.entries.length);
    expect(groups.filter(({ theme }) => theme.about === "").map(({ theme }) => theme.folder)).toEqual([]);
    expect(groups[0]?.theme).toEqual({ folder: "assembly", about: expect.stringMatching(/^regions of firmware that fail to assemble/) });
    expect(groups.map(({ theme }) => theme.about).join()).not.toMatch(/\]\(|`/);
  });
});

describe("search", () => {
  it("by folder, name, fault and outcome, all words at once, in any order", () => {
    expect(found("isolation/a-")).toEqual(["isolation/a-link-down.yaml"]);
    expect(found("LOSEINTERRUPT").length).toBeGreaterThan(2);
    const both = found("recovered linkDown");
    expect(both).toContain("isolation/a-link-down.yaml");
    expect(both).toEqual(found("linkdown  RECOVERED"));
    expect(both.length).toBeLessThan(found("linkDown").length);
  });
  it("by words of the description and of the first comment", () => {
    expect(found("hot sensor repair")).toEqual(["device/events.yaml"]);
    expect(entryOf("a.yaml", "# yaml-language-server: $schema=x\n# Two lines\n# of text.\nname: a\n")).toMatchObject({ about: "Two lines of text.", title: "a" });
  });
  it("of nothing is everything, of what is nowhere nothing", () => {
    expect(found(" ").length).toBe(index.entries.length);
    expect(found("no such words")).toEqual([]);
  });
});

describe("arrow keys", () => {
  it("stay in the list", () => expect([moved("ArrowDown", -1, 3), moved("ArrowDown", 2, 3), moved("ArrowUp", 0, 3), moved("PageDown", 0, 30), moved("PageUp", 3, 30), moved("x", 1, 3)]).toEqual([0, 2, 0, 10, 0, undefined]));
});
