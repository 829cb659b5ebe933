// The time line over a real run in a real browser: what is drawn where, keys, picking, stretches of time, going to a place.

import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { loadModule } from "../../../hardware/module.ts";
import { pageRun } from "../../../../test/support/page-store.ts";
import type { PageRun } from "../../../../test/support/page-store.ts";
import { pulledCable } from "../../../../test/support/pulled-cable.ts";
import { syntheticColumns } from "../../../../test/support/synthetic-columns.ts";
import { coloursOf } from "./colours.ts";
import { TimelineData } from "./data.ts";
import { TimelineDrawing } from "./drawing.ts";
import type { Scene } from "./drawing.ts";
import { axisHeight, rowHeight, rowsOf } from "./rows.ts";
import { TimelinePanel } from "./timeline-panel.tsx";
import { pixelOf, wholeView } from "./view.ts";
import "../../style/tokens.css";

let module: WebAssembly.Module;
beforeAll(async () => {
  module = (await loadModule("release")).module;
});

let place: HTMLElement | null = null;
function room(): HTMLElement {
  place = document.createElement("div");
  place.style.cssText = "width:900px;height:600px;background:var(--ground)";
  document.body.append(place);
  return place;
}
function show(to: "start" | "ready" | "end" = "end"): PageRun {
  const run = pageRun(module, pulledCable, to);
  render(<TimelinePanel store={run.store} />, room());
  return run;
}
afterEach(() => {
  if (place !== null) render(null, place);
  place?.remove();
});

const canvas = (): HTMLCanvasElement => page.getByRole("application").element() as HTMLCanvasElement;
const said = () => page.getByRole("status");
const rowNames = (): (string | null)[] => [...document.querySelectorAll(".timeline-names li")].map(({ textContent }) => textContent);
const drawn = async (): Promise<void> => expect.poll(() => rowNames().length).toBeGreaterThan(5);

/** Focuses the drawing and goes down to a row by keys. */
async function toRow(name: RegExp): Promise<void> {
  canvas().focus();
  for (let step = 0; step < 40; step++) {
    await userEvent.keyboard("{ArrowDown}");
    if (name.test(said().element().textContent ?? "")) return;
  }
  throw new Error(`no row is called ${name.source}: ${rowNames().join(", ")}`);
}

describe("the time line", () => {
  it("has rows for what the run did, groups that open and close, and a name for who cannot see it", async () => {
    show();
    await drawn();
    expect(rowNames()).toEqual(expect.arrayContaining([expect.stringMatching(/^Links: rp0/), expect.stringMatching(/Recoveries: 0000:/), expect.stringMatching(/Workloads: vm1/)]));
    expect(canvas().getAttribute("aria-roledescription")).toBe("time line");
    expect(canvas().getAttribute("aria-label")).toMatch(/^Time line of [1-9]\d+ records in [1-9]\d* lanes/);
    const group = page.getByRole("button", { name: /^Ports \(2\)/ });
    await expect.element(group).toHaveAttribute("aria-expanded", "true");
    const before = rowNames().length;
    await userEvent.click(group);
    await expect.element(group).toHaveAttribute("aria-expanded", "false");
    expect(document.querySelector(".timeline-space")?.clientHeight).toBeGreaterThan(0);
    expect(rowNames().length).toBeLessThanOrEqual(before);
  });

  it("goes from event to event by keys, says each, and goes there with Enter", async () => {
    const { store, asked } = show();
    await drawn();
    await toRow(/^Links: rp0/);
    await userEvent.keyboard("{Home}");
    await expect.element(said()).toHaveTextContent(/rp0: link down, it was up, 5 ms after ready, record \d+ of \d+/);
    const first = store.record.value;
    expect(first).not.toBeNull();
    await userEvent.keyboard("{ArrowRight}");
    await expect.element(said()).toHaveTextContent(/rp0: link training/);
    expect(store.record.value).toBeGreaterThan(first ?? 0);
    await userEvent.keyboard("{ArrowLeft}{Enter}");
    expect(store.record.value).toBe(first);
    expect(asked).toContain(`go {"kind":"record","index":${first}}`);
    await userEvent.keyboard("{Escape}");
    expect(store.record.value).toBeNull();
  });

  it("picks a stretch of time by keys and by dragging with Shift, and gives it up with Escape", async () => {
    const { store, asked } = show();
    await drawn();
    await toRow(/^Links: rp0/);
    await userEvent.keyboard("{Home}{Shift>}{ArrowRight}{/Shift}");
    const byKeys = store.range.value;
    expect((byKeys?.toNs ?? 0) - (byKeys?.fromNs ?? 0)).toBeGreaterThan(0);
    await expect.element(page.getByRole("button", { name: /after ready.* long/ })).toBeVisible();
    await userEvent.keyboard("{Escape}");
    expect(store.range.value).toBeNull();
    const { left, top, width } = canvas().getBoundingClientRect();
    const send = (type: string, x: number): boolean => canvas().dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, shiftKey: true, clientX: left + x, clientY: top + 60, bubbles: true }));
    send("pointerdown", width * 0.25);
    send("pointermove", width * 0.5);
    send("pointerup", width * 0.5);
    const range = store.range.value;
    expect(range).not.toBeNull();
    await userEvent.click(page.getByRole("button", { name: "List what is shown" }));
    expect(asked).toContain("show records");
  });

  it("picks what is clicked, goes where the axis is clicked, and picks parts by their names", async () => {
    const { store, asked } = show();
    await drawn();
    await toRow(/^Links: rp0/);
    await userEvent.keyboard("{Home}{Escape}");
    const { left, top } = canvas().getBoundingClientRect();
    const click = (x: number, y: number): void => {
      for (const type of ["pointerdown", "pointerup"]) canvas().dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, clientX: left + x, clientY: top + y, bubbles: true }));
    };
    const row = rowNames().findIndex((name) => name?.startsWith("Links: rp0") === true);
    for (let x = 0; x < canvas().clientWidth && store.record.value === null; x += 4) click(x, axisHeight + row * rowHeight + 10);
    await expect.element(said()).toHaveTextContent(/rp0: link/);
    click(canvas().clientWidth / 2, 5);
    expect(asked.some((one) => one.startsWith('go {"kind":"time"'))).toBe(true);
    await userEvent.click(page.getByRole("button", { name: "Links: rp0" }));
    expect(store.part.value).toBe("rp0");
  });

  it("grows with the run", async () => {
    const { store } = show("ready");
    await drawn();
    const before = canvas().getAttribute("aria-label");
    await store.go({ kind: "end" });
    await expect.poll(() => canvas().getAttribute("aria-label")).not.toBe(before);
    await expect.poll(() => rowNames().some((name) => name?.startsWith("Recoveries") === true)).toBe(true);
  });
});

describe("the drawing", () => {
  const columns = syntheticColumns(200_000);
  const data = new TimelineData();
  data.append(columns);
  const rows = rowsOf(data, new Map());
  const [width, height] = [800, 700];

  /** Draws on a canvas and gives the colour at a place. */
  function drawing(ratio = 1): { readonly draw: (changes: Partial<Scene>) => void; readonly colourAt: (x: number, y: number) => string; readonly scene: Scene } {
    const element = document.createElement("canvas");
    [element.width, element.height] = [width * ratio, height * ratio];
    const probe = document.createElement("span");
    room().append(probe);
    const context = element.getContext("2d", { alpha: false, willReadFrequently: true });
    if (context === null) throw new Error("no canvas");
    const painter = new TimelineDrawing(context);
    const scene: Scene = { data, rows, view: wholeView(0, data.endNs), width, height, ratio, scroll: 0, colours: coloursOf(probe), zeroNs: 0, positionNs: null, record: null, range: null, focused: null, part: null };
    return { draw: (changes) => painter.draw({ ...scene, ...changes }), colourAt: (x, y) => [...context.getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3).join(","), scene };
  }
  const middleOf = (title: string): number => axisHeight + (rows.find((row) => row.title === title)?.y ?? 0) + rowHeight / 2;

  it("shows events as strokes in their row alone, and nothing where none are", () => {
    const { draw, colourAt, scene } = drawing();
    draw({});
    const ground = colourAt(1, height - 2);
    const y = middleOf("Log");
    const across = Array.from({ length: width }, (_, x) => colourAt(x, y));
    expect(across.some((colour) => colour !== ground)).toBe(true);
    draw({ view: { fromNs: data.endNs + 1000, untilNs: data.endNs + 2000 } });
    // Ticks of the axis go through all rows.
    const ticks = Array.from({ length: width }, (_, x) => colourAt(x, y)).filter((colour) => colour !== ground);
    expect(ticks.length).toBeLessThan(15);
    expect(scene.rows.length).toBeGreaterThan(10);
  });

  it("dims what is known behind the position, marks the position, the range and the picked record", () => {
    const { draw, colourAt, scene } = drawing();
    const at = (share: number): number => scene.view.fromNs + (scene.view.untilNs - scene.view.fromNs) * share;
    const y = middleOf("Log");
    draw({});
    const before = [0.25, 0.75].map((share) => Array.from({ length: 40 }, (_, x) => colourAt(width * share + x, y)).join(" "));
    draw({ positionNs: at(0.5) });
    const after = [0.25, 0.75].map((share) => Array.from({ length: 40 }, (_, x) => colourAt(width * share + x, y)).join(" "));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    draw({});
    const plain = colourAt(width * 0.3, height - 2);
    draw({ range: { fromNs: at(0.2), toNs: at(0.4) } });
    expect(colourAt(width * 0.3, height - 2)).not.toBe(plain);
    const record = data.lanes.find(({ name }) => name === "log")?.series[0]?.indices.values[100] ?? 0;
    const x = Math.round(pixelOf(scene.view, width, data.times[record] ?? 0));
    draw({});
    const top = middleOf("Log") - rowHeight / 2 + 1;
    const unpicked = Array.from({ length: 14 }, (_, step) => colourAt(x - 6 + step, top)).join(" ");
    draw({ record });
    expect(Array.from({ length: 14 }, (_, step) => colourAt(x - 6 + step, top)).join(" ")).not.toBe(unpicked);
  });

  it("draws the same at twice the pixels", () => {
    const [one, two] = [drawing(1), drawing(2)];
    one.draw({});
    two.draw({});
    // Heads of open groups and the axis: flat, and told from the ground.
    const places = rows.filter(({ isOpen }) => isOpen === true).map(({ y }) => axisHeight + y + rowHeight / 2).concat(5);
    expect(places.map((y) => two.colourAt(width - 3, y))).toEqual(places.map((y) => one.colourAt(width - 3, y)));
    expect(new Set(places.map((y) => two.colourAt(width - 3, y))).size).toBeGreaterThan(1);
  });
});
