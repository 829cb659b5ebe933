import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { actionsOf } from "./actions.ts";
import { found } from "./palette.tsx";
import type { Entry } from "./palette.tsx";
import { isOver, placeWords, stateWords, timeWords } from "./words.ts";
import type { LiveStatus } from "../../sandbox/live/contract.ts";
import type { PageStore } from "../store/contract.ts";

const nothing = (): void => undefined;
const actions = actionsOf({} as PageStore, { openPalette: nothing, openHelp: nothing, focusMark: nothing, nextArea: nothing });

describe("actions of the page", () => {
  it("docs/page.md lists every key and what it does, and no other", () => {
    const page = readFileSync(new URL("../../../docs/page.md", import.meta.url), "utf8");
    const table = page.slice(page.indexOf("## Keys"), page.indexOf("## Without a network"));
    const listed = [...table.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, key, title]) => `${key}: ${title}`);
    const keys = actions.flatMap(({ key, title }) => (key === undefined ? [] : [`${key.replace("Mod+", "Ctrl+").replace(/\b([a-z])$/, (letter) => letter.toUpperCase())}: ${title}`]));
    expect(listed).toEqual(keys);
  });

  it("no two have the same key or the same name", () => {
    expect(new Set(actions.map(({ id }) => id)).size).toBe(actions.length);
    const keys = actions.flatMap(({ key }) => (key === undefined ? [] : [key.toLowerCase()]));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("the palette", () => {
  const entries = [["scenario", "a link goes down", "isolation/a-link-down.yaml"], ["panel", "Kernel log", ""], ["action", "Go to the end", ""]].map(([kind = "", title = "", detail = ""]): Entry => ({ id: title, kind: kind as Entry["kind"], title, detail, run: nothing }));

  it("has what holds every word, in any order and in capitals or not, beginnings of words first", () => {
    expect(found(entries, "DOWN isolation").map(({ title }) => title)).toEqual(["a link goes down"]);
    expect(found(entries, "log").map(({ title }) => title)).toEqual(["Kernel log"]);
    expect(found(entries, "go").map(({ title }) => title)[0]).toBe("a link goes down");
    expect(found(entries, "nothing of this")).toEqual([]);
    expect(found(entries, "")).toHaveLength(3);
  });
});

describe("times and states in words", () => {
  const at = { records: 10, turns: 3, atNs: 12_300_000 };
  const status = { phase: "running", position: at, reached: at, readyAtNs: 2_300_000, isMoving: false, result: null } as unknown as LiveStatus;

  it("a time has the unit that keeps it short", () => {
    expect([0, 999, 1500, 12_300_000, 2_000_000_000, -4000].map(timeWords)).toEqual(["0 ns", "999 ns", "1.5 µs", "12.3 ms", "2 s", "-4 µs"]);
    expect(placeWords(status)).toBe("10 ms after ready");
    expect(placeWords({ ...status, readyAtNs: -1 })).toBe("12.3 ms after power-on");
  });

  it("the state is the same word while the run moves, so that it is said once", () => {
    expect(stateWords(null, null)).toBe("no run");
    expect(stateWords(status, "gone")).toBe("the worker has ended");
    expect(stateWords({ ...status, isMoving: true }, null)).toBe("running");
    expect(stateWords(status, null)).toBe("paused at 10 ms");
    expect(stateWords({ ...status, phase: "done" }, null)).toBe("ended");
  });

  it("a run whose last step is looked into is not over there", () => {
    const inside = { ...status, phase: "done" as const, reached: { ...at, records: 20 } };
    expect(isOver(inside)).toBe(false);
    expect(stateWords(inside, null)).toBe("paused at 10 ms");
  });
});
