// Log, memory, workloads and host in a real browser, over real runs: what is shown, by mouse and by key.

import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { loadModule } from "../../../hardware/module.ts";
import { hostLook } from "../../../sandbox/live/host-look.ts";
import type { Live } from "../../../sandbox/live/live-run.ts";
import { createLive } from "../../../sandbox/live/live-run.ts";
import { logLook } from "../../../sandbox/live/log-look.ts";
import { memoryLook } from "../../../sandbox/live/memory-look.ts";
import { workloadsLook } from "../../../sandbox/live/workloads-look.ts";
import killed from "../../../../scenarios/workloads/database-movable.yaml?raw";
import pinned from "../../../../scenarios/isolation/e-pinned.yaml?raw";
import panicked from "../../../../scenarios/isolation/d-kernel-page.yaml?raw";
import promised from "../../../../scenarios/ownership/s38-hmem.yaml?raw";
import { LogView } from "../log/log-view.tsx";
import { MemoryView } from "../memory/memory-view.tsx";
import { WorkloadsView } from "../workloads/workloads-view.tsx";
import { HostView } from "./host-view.tsx";
import "../../style/tokens.css";

let module: WebAssembly.Module;
let place: HTMLElement;
beforeAll(async () => {
  module = (await loadModule("release")).module;
});
afterEach(() => {
  render(null, place);
  place.remove();
});

function runOf(text: string, kind: "ready" | "end"): Live {
  const live = createLive(module, { file: "a.yaml", text, includes: {}, seed: 1, schedule: "fixed" });
  while (live.go({ kind }).goOn(() => false) === "paused");
  return live;
}

function show(view: preact.ComponentChild): HTMLElement {
  place = document.createElement("div");
  place.style.height = "500px";
  document.body.append(place);
  render(view, place);
  return place;
}

const textsOf = (selector: string): string[] => [...place.querySelectorAll(selector)].map(({ textContent }) => textContent ?? "");
const named = (text: string): HTMLButtonElement => [...place.querySelectorAll("button")].find(({ textContent }) => textContent === text) as HTMLButtonElement;

describe("the kernel's log", () => {
  const view = (live: Live, more: { newFrom?: number; range?: { fromNs: number; toNs: number } | null; onGo?: (at: number) => void; onCopy?: (text: string) => void } = {}) => {
    const { lines } = logLook(live, { from: 0, most: 100_000 });
    return { lines, view: <LogView lines={lines} readyAtNs={live.status.readyAtNs} newFrom={more.newFrom ?? 0} isMoving={false} range={more.range ?? null} onRange={() => undefined} onGo={({ index }) => more.onGo?.(index)} onCopy={(text) => more.onCopy?.(text)} /> };
  };

  it("has the lines that dmesg has, without debugging, and the copy is what dmesg prints", async () => {
    const live = runOf(panicked, "end");
    let copied = "";
    const { lines, view: shown } = view(live, { onCopy: (text) => void (copied = text) });
    show(shown);
    const expected = lines.filter(({ level }) => level !== "debug");
    expect(textsOf(".log-text")).toEqual(expected.map(({ text }) => text));
    await userEvent.click(named("Copy"));
    expect(copied.split("\n")[0]).toMatch(/^\[ +\d+\.\d{6}\] /);
    expect(copied.split("\n").length - 1).toBe(expected.length);
  });

  it("filters by level, by text and by time, and says how many are left", async () => {
    const live = runOf(panicked, "end");
    const { lines, view: shown } = view(live, { range: { fromNs: live.status.readyAtNs, toNs: live.status.position.atNs } });
    show(shown);
    expect(textsOf(".log-text").length).toBe(lines.filter(({ level, atNs }) => level !== "debug" && atNs >= live.status.readyAtNs).length);
    await userEvent.selectOptions(place.querySelector("select") as HTMLSelectElement, "emerg");
    expect(textsOf(".log-text").every((text) => lines.some((line) => line.text === text && line.level === "emerg"))).toBe(true);
    await userEvent.fill(place.querySelector("input") as HTMLInputElement, "KERNEL PANIC");
    expect(textsOf(".log-text")).toEqual(lines.filter(({ text }) => text.includes("Kernel panic")).map(({ text }) => text));
    await userEvent.fill(place.querySelector("input") as HTMLInputElement, "no line says this");
    expect(textsOf(".empty")[0]).toContain(`None of ${lines.length} lines fits`);
  });

  it("marks lines that are new by word, and a line leads to its moment by keyboard", async () => {
    const live = runOf(panicked, "end");
    let went = -1;
    const { lines, view: shown } = view(live, { newFrom: lines0(live) - 2, onGo: (index) => void (went = index) });
    show(shown);
    expect(textsOf(".log-mark").length).toBe(2);
    const [first] = place.querySelectorAll<HTMLElement>(".log-time");
    first?.focus();
    await userEvent.keyboard("{Enter}");
    expect(lines[went]?.text).toBe(textsOf(".log-text")[0]);
  });

  const lines0 = (live: Live): number => logLook(live, { from: 0, most: 100_000 }).total;
});

describe("memory", () => {
  const view = (live: Live, onPart: (part: string) => void = () => undefined, part: string | null = null) =>
    <MemoryView memory={memoryLook(live, { most: 4000 })} iomem={hostLook(live, { withOwners: false }).iomem} part={part} onPart={onPart} />;

  it("maps every zone, and says in words what the cells say", () => {
    const live = runOf(killed, "end");
    show(view(live));
    const labels = [...place.querySelectorAll("svg[role=img]")].map((svg) => svg.getAttribute("aria-label") ?? "");
    expect(labels.length).toBe(memoryLook(live, { most: 4000 }).nodes.flatMap(({ zones }) => zones).length);
    expect(labels.some((label) => label.includes("Movable") && label.includes("1 GiB lost"))).toBe(true);
    expect(place.querySelectorAll(".memory-lost").length).toBeGreaterThan(1);
    for (const kind of textsOf(".memory-legend li")) expect(kind.trim()).not.toBe("");
  });

  it("a cell and a row of the table pick the card behind them", async () => {
    const picked: string[] = [];
    const live = runOf(pinned, "end");
    show(view(live, (part) => picked.push(part)));
    place.querySelector(".memory-cells :is(.memory-lost, .memory-pinned) rect")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await userEvent.click(named("Table"));
    const row = [...place.querySelectorAll("tbody tr")].find(({ textContent }) => textContent?.includes("assigned-nic") === true);
    await userEvent.click(row?.querySelector("button") as HTMLButtonElement);
    expect([picked.length, new Set(picked).size, live.run.system.hardware.entities.devices.has(picked[0] ?? "")]).toEqual([2, 1, true]);
  });

  it("what is said of a picked cell is what the run has there now", async () => {
    const live = runOf(pinned, "ready");
    show(view(live));
    place.querySelector(".memory-cells g")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await expect.poll(() => textsOf(".memory-picked-words")).toHaveLength(1);
    expect(textsOf(".memory-picked-words")[0]).not.toContain("lost");
    const memory = memoryLook(live, { most: 4000 });
    render(<MemoryView memory={{ ...memory, runs: memory.runs.map((run) => ({ ...run, isLost: true })) }} iomem={[]} part={null} onPart={() => undefined} />, place);
    await expect.poll(() => textsOf(".memory-picked-words")[0]).toContain("lost: loads do not answer");
  });

  it("/proc/iomem is a tree that keys walk, open and close", async () => {
    const picked: string[] = [];
    const live = runOf(killed, "end");
    show(view(live, (part) => picked.push(part)));
    await userEvent.click(named("/proc/iomem"));
    const items = (): HTMLElement[] => [...place.querySelectorAll<HTMLElement>("[role=treeitem]")];
    expect(items().length).toBe(live.run.files.read("/proc/iomem").trim().split("\n").length);
    expect(items().filter(({ tabIndex }) => tabIndex === 0).length).toBe(1);
    items()[0]?.focus();
    const at = items().findIndex(({ textContent }) => textContent?.includes("CXL Window 0") === true);
    await userEvent.keyboard("{ArrowDown}".repeat(at));
    expect(document.activeElement?.textContent).toContain("CXL Window 0");
    const all = items().length;
    await userEvent.keyboard("{ArrowLeft}");
    expect([document.activeElement?.getAttribute("aria-expanded"), items().length < all]).toEqual(["false", true]);
    await userEvent.keyboard("{ArrowRight}{ArrowRight}{Enter}");
    expect([document.activeElement?.textContent?.includes("region0"), document.activeElement?.getAttribute("aria-level"), picked.length]).toEqual([true, "2", 1]);
    await userEvent.keyboard("{End}{Home}");
    expect(document.activeElement).toBe(items()[0]);
  });
});

describe("workloads", () => {
  it("say who died of what and where, and lead there", async () => {
    const live = runOf(killed, "end");
    const look = workloadsLook(live, {});
    let went = -1;
    show(<WorkloadsView look={look} readyAtNs={live.status.readyAtNs} onGo={(atNs) => void (went = atNs)} />);
    const [death] = look.workloads[0]?.deaths ?? [];
    expect(textsOf(".workloads-deaths li")[0]).toContain(`SIGBUS BUS_MCEERR_AR at ${death?.address}: it used memory that is lost`);
    await userEvent.click(place.querySelector(".workloads-deaths button") as HTMLButtonElement);
    expect(went).toBe(death?.atNs);
    expect(textsOf(".workloads-lost")[0]).toContain("256 MiB lost");
  });

  it("of none says so", () => {
    const live = runOf(promised, "ready");
    show(<WorkloadsView look={{ ...workloadsLook(live, {}), workloads: [] }} readyAtNs={1} onGo={() => undefined} />);
    expect(textsOf(".empty")[0]).toContain("The scenario starts no workload");
  });
});

describe("the host", () => {
  const view = (live: Live) => <HostView host={hostLook(live, { withOwners: true })} onGo={() => undefined} />;

  it("that panicked says of what", () => {
    const live = runOf(panicked, "end");
    show(view(live));
    expect(textsOf(".host-state")[0]).toContain(`The kernel panicked: ${live.run.system.kernel.panic?.message}`);
  });

  it("says who waits for what, and who is in the way", () => {
    show(view(runOf(pinned, "end")));
    const row = textsOf("tbody tr").find((text) => text.includes("pages of dax0.0 to be unpinned"));
    expect([row?.includes("assigned-nic"), row?.includes("no signal reaches it") || row?.includes("hung")]).toEqual([true, true]);
  });

  it("says who has what firmware promised, and why", () => {
    show(view(runOf(promised, "ready")));
    const row = textsOf("tbody tr").find((text) => text.includes("soft-reserved"));
    expect(row).toContain("hmem: dax2.0 512 MiB");
  });
});
