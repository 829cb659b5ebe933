import { render } from "preact";
import { afterEach, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { textStore } from "../../../../test/web/text-store.ts";
import { libraryPathOf, libraryText, openFromLibrary } from "../../library/library.ts";
import { LibraryPanel } from "./library-panel.tsx";

function storeOf() {
  const { store } = textStore({ file: "mine.yaml", text: "my: text\n", seed: 7, schedule: "seeded" });
  return { store, document: store.document, notice: store.notice };
}

const host = document.createElement("div");
document.body.append(host);
afterEach(() => render(null, host));

const options = (): HTMLElement[] => [...host.querySelectorAll<HTMLElement>("[role=option]")];
const input = (): HTMLInputElement | null => host.querySelector("input");

describe("the library's panel", () => {
  it("by keyboard alone: words, arrow keys, Enter; then back to what was there", async () => {
    const { store, document: edited, notice } = storeOf();
    render(<LibraryPanel store={store} />, host);
    await expect.poll(() => options().length).toBeGreaterThan(300);
    await userEvent.click(host.querySelector("label") ?? host);
    await userEvent.keyboard("isolation/ recovered");
    const first = options();
    expect(first.length).toBeLessThan(20);
    expect(input()?.getAttribute("aria-activedescendant")).toBe(first[0]?.id);
    await userEvent.keyboard("{ArrowDown}");
    expect(options()[1]?.getAttribute("aria-selected")).toBe("true");
    const path = options()[1]?.querySelector(".library-path")?.textContent ?? "";
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => edited.value.file).toBe(`scenarios/${path}`);
    expect(edited.value.text).toBe((await libraryText(path))?.text);
    expect(host.querySelector("[aria-current]")?.textContent).toContain(path);
    expect(notice.value?.text).toBe(`Opened ${path}.`);
    notice.value?.action?.run();
    expect(edited.value).toEqual({ file: "mine.yaml", text: "my: text\n", includes: {}, seed: 7, schedule: "seeded" });
    expect(notice.value).toBe(null);
    await userEvent.keyboard("{Escape}");
    expect([input()?.value, options().length > 300]).toEqual(["", true]);
  });

  it("a click opens; what nothing has is said", async () => {
    const { store, document: edited } = storeOf();
    render(<LibraryPanel store={store} />, host);
    await expect.poll(() => options().length).toBeGreaterThan(300);
    options()[0]?.click();
    await expect.poll(() => edited.value.file).toMatch(/^scenarios\/assembly\//);
    await userEvent.fill(input() ?? host, "zzz");
    expect([options().length, host.querySelector("[role=status]")?.textContent]).toEqual([0, "No scenario has all these words."]);
  });

  it("a scenario that is not there is told; a changed one is no longer the library's", async () => {
    const { store, document: edited, notice } = storeOf();
    expect(await openFromLibrary(store, "nothing/here.yaml")).toBe(false);
    expect(notice.value?.text).toContain("nothing/here.yaml");
    await openFromLibrary(store, "device/events.yaml");
    expect(await libraryPathOf(edited.value)).toBe("device/events.yaml");
    expect(await libraryPathOf({ ...edited.value, text: `${edited.value.text}#` })).toBeUndefined();
    expect(await libraryPathOf({ ...edited.value, includes: { "a.yaml": "" } })).toBeUndefined();
    expect(await libraryPathOf({ ...edited.value, file: "scenarios/toString" })).toBeUndefined();
  });
});
