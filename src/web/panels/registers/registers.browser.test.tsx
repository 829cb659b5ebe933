// The register panel over a real machine in a real browser: values, bits, keys, writing by hand, pins, accesses in time.

import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { loadModule } from "../../../hardware/module.ts";
import { pageRun } from "../../../../test/support/page-store.ts";
import type { PageRun } from "../../../../test/support/page-store.ts";
import { richScenario } from "../../../../test/support/rich-machine.ts";
import { RegistersPanel } from "./registers-panel.tsx";
import "../../style/tokens.css";
import "../../style/shell.css";

let module: WebAssembly.Module;
beforeAll(async () => {
  module = (await loadModule("release")).module;
});

let place: HTMLElement | null = null;
function show(to: "ready" | "end" = "ready", text = richScenario): PageRun {
  localStorage.clear();
  const run = pageRun(module, text, to);
  place = document.createElement("div");
  document.body.append(place);
  render(<RegistersPanel store={run.store} />, place);
  return run;
}
afterEach(() => {
  if (place !== null) render(null, place);
  place?.remove();
});

const openRegister = async (name: RegExp): Promise<void> => userEvent.click(page.getByRole("button", { name, expanded: false }));
const focused = (): string => document.activeElement?.getAttribute("aria-label") ?? "";

describe("the register panel", () => {
  it("shows the registers of the part that is picked, and follows it", async () => {
    const { store } = show();
    await expect.element(page.getByLabelText("Part")).toHaveValue("rp0");
    store.part.value = "dev0";
    await expect.element(page.getByLabelText("Part")).toHaveValue("dev0");
    await userEvent.selectOptions(page.getByLabelText("Structure"), "hdmDecoderDevice");
    await expect.element(page.getByRole("button", { name: /^control\[0\] 0x0000[0-9a-f]6/ })).toBeVisible();
    await userEvent.selectOptions(page.getByLabelText("Part"), "rp1");
    expect(store.part.value).toBe("rp1");
    await expect.element(page.getByLabelText("Structure")).not.toHaveValue("hdmDecoderDevice");
  });

  it("filters by names, fields and words", async () => {
    show();
    await userEvent.selectOptions(page.getByLabelText("Structure"), "*");
    await userEvent.fill(page.getByRole("searchbox", { name: "Filter" }), "timeoutIsolation rootPortBusy");
    await expect.element(page.getByRole("listitem")).toHaveTextContent("timeoutIsolation.status");
    await userEvent.fill(page.getByRole("searchbox", { name: "Filter" }), "nothing of this kind");
    await expect.element(page.getByText(/No register here has/)).toBeVisible();
  });

  it("has the bits as a grid that the arrow keys walk, each with its field, and says what a field means", async () => {
    const { store } = show();
    store.part.value = "rp1";
    await userEvent.selectOptions(page.getByLabelText("Structure"), "timeoutIsolation");
    await openRegister(/^control /);
    const grid = page.getByRole("grid", { name: "Bits of timeoutIsolation.control" });
    await expect.element(grid).toBeVisible();
    expect(grid.getByRole("gridcell").elements()).toHaveLength(32);
    expect(grid.getByRole("row").elements()).toHaveLength(2);
    grid.getByRole("gridcell").first().element().focus();
    expect(focused()).toBe("bit 31, reserved, 0");
    await expect.element(page.getByText(/Bit 31 is reserved/)).toBeVisible();
    await userEvent.keyboard("{ArrowDown}{ArrowUp}{End}");
    expect(focused()).toMatch(/^bit 16, memoryIsolationEnable, RW, 1$/);
    await expect.element(page.getByText(/bit 16 = 0x1.*Isolate on a detected timeout/)).toBeVisible();
    await userEvent.keyboard("{ArrowRight}{ArrowLeft}{PageDown}");
    expect(focused()).toMatch(/^bit 0, memoryTimeoutValue 3:0, RW, /);
    await userEvent.keyboard("{Enter}");
    await expect.element(page.getByRole("columnheader", { name: "memoryTimeoutValue" })).toBeVisible();
    expect(grid.getByRole("gridcell", { selected: true }).elements()).toHaveLength(4);
  });

  it("writes by hand, shows what came of it and marks the bits that changed", async () => {
    const { store, live } = show();
    store.part.value = "rp1";
    await userEvent.selectOptions(page.getByLabelText("Structure"), "timeoutIsolation");
    await openRegister(/^control /);
    await userEvent.click(page.getByRole("button", { name: "Write by hand" }));
    await userEvent.click(page.getByLabelText("memoryIsolationEnable to write"));
    await userEvent.click(page.getByRole("button", { name: "Write", exact: true }));
    await expect.element(page.getByRole("status")).toHaveTextContent(/rp1 timeoutIsolation\.control <- 0x[0-9a-f]{8} at 0x[0-9a-f]+; reads back/);
    await expect.element(page.getByRole("gridcell", { name: "bit 16, memoryIsolationEnable, RW, 0, was 1" })).toHaveClass("changed");
    const { hardware } = live.run.system;
    expect((hardware.peekComponent(hardware.entities.ports.get("rp1")?.id ?? -1, 0x128) >>> 16) & 1).toBe(0);
    await userEvent.fill(page.getByRole("textbox", { name: "Value", exact: true }), "0x1ffffffff");
    await userEvent.click(page.getByRole("button", { name: "Write", exact: true }));
    await expect.element(page.getByRole("status")).toHaveTextContent(/^Not written: .*does not fit into 32 bits/);
  });

  it("lists every access in time; a click goes there", async () => {
    const run = show("end");
    run.store.part.value = "rp1";
    await userEvent.selectOptions(page.getByLabelText("Structure"), "timeoutIsolation");
    await openRegister(/^status /);
    await expect.element(page.getByRole("heading", { name: /^Accesses 1 to \d+ of \d+/ })).toBeVisible();
    const first = page.getByRole("region", { name: "Accesses to timeoutIsolation.status" }).getByRole("row").nth(1);
    const { record } = (await run.store.look("accesses", { of: "rp1", register: "timeoutIsolation.status", most: 1000 }))?.rows[0] ?? { record: -1 };
    await userEvent.click(first.getByRole("button"));
    expect(run.store.record.value).toBe(record);
    expect(run.asked).toContain(`go {"kind":"record","index":${record}}`);
    await expect.element(first).toHaveAttribute("aria-current", "true");
  });

  it("watches pinned registers of several parts, now and before, over a reset of the run", async () => {
    const { store } = show();
    store.part.value = "rp1";
    await userEvent.selectOptions(page.getByLabelText("Structure"), "timeoutIsolation");
    await userEvent.click(page.getByRole("button", { name: "Pin timeoutIsolation.control" }));
    store.part.value = "dev0";
    await userEvent.selectOptions(page.getByLabelText("Structure"), "pcie");
    await userEvent.click(page.getByRole("button", { name: "Pin pcie.deviceControl" }));
    const watched = page.getByRole("table", { name: "Pinned" });
    await expect.element(watched.getByRole("row").nth(2)).toHaveTextContent(/dev0 pcie\.deviceControl0x[0-9a-f]{4}/);
    const was = (await store.look("registers", { of: "rp1", registers: ["timeoutIsolation.control"] }))?.values["timeoutIsolation.control"] ?? "";
    await store.touch({ kind: "write", of: "rp1", register: "timeoutIsolation.control", value: "0x0" });
    await expect.element(watched.getByRole("row").nth(1)).toHaveTextContent(`rp1 timeoutIsolation.control0x00000000 changed${was}`);
    expect(JSON.parse(localStorage.getItem("cxl-sandbox register pins") ?? "[]")).toHaveLength(2);
    await userEvent.click(page.getByRole("button", { name: "Unpin dev0 pcie.deviceControl" }));
    expect(watched.getByRole("row").elements()).toHaveLength(2);
    await userEvent.click(watched.getByRole("button", { name: "rp1 timeoutIsolation.control", exact: true }));
    await expect.element(page.getByRole("grid", { name: "Bits of timeoutIsolation.control" })).toBeVisible();
  });

  it("says that a card is in the drawer, and that a part has no registers", async () => {
    const { store } = show();
    store.part.value = "spare";
    await expect.element(page.getByText(/spare is not plugged in/)).toBeVisible();
    store.part.value = "vm7";
    await expect.element(page.getByText("vm7 has no registers. Pick another part.")).toBeVisible();
  });
});
