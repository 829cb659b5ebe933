// The machine panel in a real browser over a real run: the drawing is a tree for keys and screen readers, facts that changed are marked, and pointing writes a fault.

import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadModule } from "../../../hardware/module.ts";
import { createStore } from "../../store/create.ts";
import type { PageStore } from "../../store/contract.ts";
import { inThreadWorker } from "../../../../test/support/page-in-thread.ts";
import "../../style/tokens.css";
import "../../style/shell.css";
import { MachinePanel } from "./machine-panel.tsx";

const scenario = `version: 1
name: drawn
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { name: dev0, volatile: 1GiB } }
        - { name: rp1, switch: { name: sw0, ports: [{ name: dsp0, device: { name: dev1, volatile: 256MiB } }, { name: dsp1, present: false, device: { name: late, volatile: 256MiB } }] } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
faults:
  - { id: cable, when: { at: 5ms }, do: { linkDown: rp0 } }
  - { id: bad, when: { at: 5ms }, do: { poison: { device: dev1, dpa: 4KiB, length: 128 } } }
limits: { time: 20ms }
`;

let module: WebAssembly.Module;
let place: HTMLElement;
let store: PageStore;

beforeAll(async () => {
  module = (await loadModule("release")).module;
});

afterEach(() => {
  render(null, place);
  place.remove();
});

/** Until something holds; the page redraws when the run's answers come. */
async function until<T>(what: () => T | null | undefined | false): Promise<T> {
  for (let turn = 0; turn < 400; turn++) {
    const found = what();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error(`not reached: ${what.toString()}\n${place.textContent}`);
}

async function show(width = 1000): Promise<void> {
  place = document.createElement("div");
  place.style.width = `${width}px`;
  place.style.height = "800px";
  document.body.append(place);
  store = createStore(() => inThreadWorker(module));
  render(<MachinePanel store={store} />, place);
  await store.openScenario("drawn.yaml", scenario);
  await store.go({ kind: "ready" });
  await until(() => item("part:dev0")?.getAttribute("aria-label")?.includes("region0"));
}

const afterReady = (nanoseconds: number): Promise<unknown> => store.go({ kind: "time", atNs: (store.status.peek()?.readyAtNs ?? 0) + nanoseconds });
const item = (id: string): SVGGElement | null => place.querySelector<SVGGElement>(`[data-id="${id}"]`);
const labelOf = (id: string): string => item(id)?.getAttribute("aria-label") ?? "";
const press = (key: string): boolean | undefined => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const button = (name: string): HTMLButtonElement | undefined => [...place.querySelectorAll("button")].find(({ textContent, ariaLabel }) => textContent === name || ariaLabel === name);

describe("the drawing of a machine", () => {
  it("shows parts, windows and regions by name, and says what became of them when a fault acts", async () => {
    await show();
    expect(place.querySelectorAll("[role=treeitem]")).toHaveLength(11);
    expect(place.querySelectorAll(".machine-slot")).toHaveLength(1);
    expect(labelOf("part:rp0")).toContain("link up, isolation armed");
    expect(labelOf("region:region0")).toContain("on dev0");
    await store.go({ kind: "mark", text: "CXL.mem isolated by link down" });
    await until(() => labelOf("part:rp0").includes("isolated"));
    expect(labelOf("part:rp0")).toMatch(/link (down|training)/);
    expect(labelOf("part:dev1")).toContain("poison, 2 lines");
    expect(place.querySelector(".machine-drawing")?.textContent).toContain("✕ isolated");
    expect(place.querySelector(".machine-badge.poison")?.textContent).toBe("poison, 2 lines");
  });

  it("is one stop of the Tab key, walked by arrows; Enter leads to the facts", async () => {
    await show();
    expect(place.querySelectorAll("[role=treeitem][tabindex='0']")).toHaveLength(1);
    item("host")?.focus();
    press("ArrowDown");
    await until(() => document.activeElement === item("window:window 0"));
    press("ArrowRight");
    press("ArrowDown");
    press("ArrowRight");
    await until(() => document.activeElement === item("part:rp1"));
    expect(store.part.value).toBe("rp1");
    await until(() => item("part:rp1")?.getAttribute("tabindex") === "0");
    expect(place.querySelectorAll("[role=treeitem][tabindex='0']")).toHaveLength(1);
    await until(() => button("Break it…"));
    press("Enter");
    expect(document.activeElement).toBe(button("Break it…"));
  });

  it("marks the facts that changed since the position before, in words", async () => {
    await show();
    store.part.value = "rp0";
    await until(() => place.querySelector(".machine-inspector h3")?.textContent === "rp0");
    const facts = (): string => place.querySelector(".machine-inspector")?.textContent ?? "";
    await store.go({ kind: "start" });
    await until(() => !facts().includes("Isolationarmed"));
    // The position before is power-on, whatever was looked at on the way to ready.
    await store.go({ kind: "ready" });
    await until(() => facts().includes("armedchanged, was "));
    await afterReady(1_000_000);
    await until(() => facts().includes("nothing changed since the position before"));
    await store.go({ kind: "mark", text: "CXL.mem isolated by link down" });
    const changed = await until(() => [...place.querySelectorAll(".machine-inspector tr.changed")].find((row) => row.textContent.startsWith("Isolation")));
    expect(changed.querySelector("th")?.textContent).toBe("Isolation");
    expect([...place.querySelectorAll(".machine-inspector tr")].find((row) => row.textContent.startsWith("Card"))?.className).toBe("");
  });

  it("says the same as a list", async () => {
    await show();
    place.querySelector<HTMLElement>(".machine-list summary")?.click();
    const entries = await until(() => { const found = [...place.querySelectorAll(".machine-entry")]; return found.length > 0 && found; });
    expect(entries.map(({ textContent }) => textContent)).toEqual([...place.querySelectorAll("[role=treeitem]")].map((one) => one.getAttribute("aria-label")));
  });

  it.each([1000, 390])("has nothing that axe objects to, with the menu open (%i pixels)", async (width) => {
    await show(width);
    store.part.value = "dev0";
    (await until(() => button("Break it…"))).click();
    await until(() => place.querySelector(".machine-lines"));
    const { violations } = await axe.run(place, { rules: { region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`)).toEqual([]);
  });
});

describe("breaking by pointing", () => {
  it("shows the lines, writes them, runs again to where it stood, and takes them back", async () => {
    await show();
    await afterReady(2_000_000);
    store.part.value = "dsp0";
    (await until(() => button("Break it…"))).click();
    const lines = await until(() => place.querySelector(".machine-lines pre"));
    expect(lines.textContent).toBe("  - { id: link-down-dsp0, when: { at: 2ms }, do: { linkDown: dsp0 } }");
    button("Write into the scenario")?.click();
    await until(() => store.notice.value?.text.startsWith("Added to the scenario"));
    expect(store.document.value.text).toContain(lines.textContent);
    expect(store.isChanged.value).toBe(false);
    expect(store.status.value?.position.atNs).toBe((store.status.value?.readyAtNs ?? 0) + 2_000_000);
    await store.go({ kind: "end" });
    await until(() => labelOf("part:dsp0").includes("link down"));
    store.notice.value?.action?.run();
    await until(() => store.document.value.text === scenario && store.status.value?.phase === "running");
    await until(() => labelOf("part:dsp0").includes("link up"));
  });

  it("writes into the text as it is then, also where that was changed while the menu was open", async () => {
    await show();
    store.part.value = "rp0";
    (await until(() => button("Break it…"))).click();
    await until(() => button("Write into the scenario")?.disabled === false);
    store.document.value = { ...store.document.peek(), text: scenario.replace("name: drawn", "name: drawn anew\ndescription: a line more") };
    await until(() => button("Write into the scenario")?.disabled);
    await until(() => button("Write into the scenario")?.disabled === false);
    button("Write into the scenario")?.click();
    await until(() => store.notice.value?.text.startsWith("Added to the scenario"));
    expect(store.document.value.text).toContain("name: drawn anew\ndescription: a line more");
    expect(store.document.value.text).toMatch(/do: \{ \w+: .*rp0/);
  });

  it("is left by Escape to where it was opened", async () => {
    await show();
    store.part.value = "rp0";
    (await until(() => button("Break it…"))).click();
    await until(() => place.querySelector(".machine-break select") === document.activeElement);
    press("Escape");
    await until(() => document.activeElement === button("Break it…"));
    expect(place.querySelector(".machine-break")).toBeNull();
  });

  it("says what is wrong with a value, and writes nothing", async () => {
    await show();
    store.part.value = "dev0";
    (await until(() => button("Break it…"))).click();
    const select = await until(() => place.querySelector<HTMLSelectElement>(".machine-break select"));
    select.value = "poison";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    const dpa = await until(() => [...place.querySelectorAll<HTMLLabelElement>(".machine-parameters label")].find(({ textContent }) => textContent.startsWith("dpa"))?.querySelector("input"));
    dpa.value = "5";
    dpa.dispatchEvent(new Event("input", { bubbles: true }));
    expect((await until(() => place.querySelector(".machine-refused"))).textContent).toContain("multiples of 64");
    expect(button("Write into the scenario")?.disabled).toBe(true);
    expect(button("Do it now, by hand")?.disabled).toBe(true);
  });
});
