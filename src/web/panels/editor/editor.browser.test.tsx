import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { textStore } from "../../../../test/web/text-store.ts";
import type { PageStore } from "../../store/contract.ts";
import "../../style/tokens.css";
import { EditorPanel } from "./editor-panel.tsx";

const violations: string[] = [];

beforeAll(() => {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "style-src 'self'";
  document.head.append(policy);
  addEventListener("securitypolicyviolation", ({ violatedDirective, sourceFile }) => violations.push(`${violatedDirective} ${sourceFile}`));
});

const text = "version: 1\nname: two ports\nmachine:\n  hostBridges:\n    - rootPorts:\n        - { name: rp0, device: { volatile: 1GiB } }\n";

function storeOf(first: string) {
  const { store, check } = textStore({ text: first });
  return { store, check, document: store.document, place: store.place };
}

let host: HTMLElement;

async function mounted(first = text) {
  const made = storeOf(first);
  await mount(made.store);
  return made;
}

async function mount(store: PageStore): Promise<void> {
  host = document.createElement("div");
  host.style.height = "400px";
  document.body.append(host);
  render(<EditorPanel store={store} />, host);
  await expect.poll(() => contentOf()?.textContent).toBeDefined();
}

const rootOf = (): ShadowRoot | null => host.querySelector(".editor-text")?.shadowRoot ?? null;
const contentOf = (): HTMLElement | null => rootOf()?.querySelector<HTMLElement>(".cm-content") ?? null;
const all = (selector: string): Element[] => [...(rootOf()?.querySelectorAll(selector) ?? [])];
const lines = (): string => all(".cm-line").map(({ textContent }) => textContent).join("\n");

/** Undoes until the text is as it was: what is typed slowly is undone piece by piece. */
async function undoTo(edited: PageStore["document"], before: string): Promise<void> {
  for (let press = 0; press < 12 && edited.value.text !== before; press++) await userEvent.keyboard("{Control>}z{/Control}");
  expect(edited.value.text).toBe(before);
}

afterEach(() => {
  render(null, host);
  host.remove();
});

describe("the editor and the document are one text", () => {
  it("what is typed is in the document, and can be undone", async () => {
    const { document: edited } = await mounted();
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{End}{/Control}seed");
    expect(edited.value.text).toBe(`${text}seed`);
    await undoTo(edited, text);
  });

  it("a change of the document is shown, the cursor stays where it was, and it can be undone", async () => {
    const { document: edited } = await mounted();
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{Home}{/Control}{End}");
    edited.value = { ...edited.value, text: `${text}faults: []\n` };
    expect(lines()).toContain("faults: []");
    await userEvent.keyboard("# here");
    expect(edited.value.text).toBe(`${text}faults: []\n`.replace("version: 1", "version: 1# here"));
    await undoTo(edited, text);
  });

  it("what can be undone is there when the panel comes back, and each file has its own", async () => {
    const { document: edited, store } = await mounted();
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{End}{/Control}one");
    edited.value = { ...edited.value, file: "b.yaml", text: "version: 1\n" };
    expect(lines()).toBe("version: 1\n");
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(edited.value.text).toBe("version: 1\n");
    edited.value = { ...edited.value, file: "a.yaml", text: `${text}one` };
    render(null, host);
    host.remove();
    await mount(store);
    contentOf()?.focus();
    await undoTo(edited, text);
  });

  it("a file of \\r\\n keeps them where it is changed and everywhere else", async () => {
    const { document: edited } = await mounted("a: 1\r\nb: 2\r\n");
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{End}{/Control}c: 3{Enter}");
    expect(edited.value.text).toBe("a: 1\r\nb: 2\r\nc: 3\r\n");
  });
});

describe("what is wrong is marked at its place", () => {
  const wrong = text.replace("device:", "devise:");

  it("the whole key, with its message, in text and list", async () => {
    const { check } = await mounted(wrong);
    check();
    await expect.poll(() => all(".cm-lintRange-error").map(({ textContent }) => textContent).join("")).toBe("devise");
    expect(host.querySelector(".editor-problems")?.textContent).toContain('unknown key "devise"; did you mean "device"?');
    expect(host.querySelector(".editor-problems summary")?.textContent).toBe("1 problem");
  });

  it("F8 goes to the next problem, the list to its place", async () => {
    const { check, place } = await mounted(`${wrong}stps: []\n`);
    check();
    await expect.poll(() => all(".cm-lintRange-error").length).toBe(2);
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{Home}{/Control}{F8}");
    expect(rootOf()?.querySelector(".cm-activeLine")?.textContent).toContain("devise");
    host.querySelector<HTMLElement>(".editor-problems li:nth-child(2) button")?.click();
    expect(place.value).toBe(null);
    expect(rootOf()?.querySelector(".cm-activeLine")?.textContent).toBe("stps: []");
    expect(rootOf()?.activeElement).toBe(contentOf());
  });

  it("of an included file beside its text, which nobody can change", async () => {
    const { document: edited, check } = await mounted();
    edited.value = { ...edited.value, file: "x/a.yaml", text: `include: p.inc.yaml\n${text}`, includes: { "p.inc.yaml": "kernl: {}\n" } };
    check();
    await expect.poll(() => host.querySelector(".editor-included li")?.textContent).toContain('unknown key "kernl"');
    expect(host.querySelector(".editor-included pre")?.textContent).toBe("kernl: {}\n");
    expect(all(".cm-lintRange-error").length).toBe(0);
  });
});

describe("the keyboard", () => {
  it("Tab indents; Escape, then Tab leaves the editor, however long that takes", async () => {
    const { document: edited } = await mounted("a: 1\n");
    contentOf()?.focus();
    await userEvent.keyboard("{Tab}");
    expect(edited.value.text).toBe("  a: 1\n");
    await userEvent.keyboard("{Escape}{Tab}");
    expect(rootOf()?.activeElement ?? null).not.toBe(contentOf());
    expect(edited.value.text).toBe("  a: 1\n");
  });

  it("the editor has a name and says how it is left", async () => {
    await mounted();
    expect(contentOf()?.getAttribute("aria-label")).toBe("Scenario");
    expect(contentOf()?.getAttribute("aria-description")).toContain("Escape, then Tab");
  });
});

describe("completion and help", () => {
  const options = (): string[] => all(".cm-tooltip-autocomplete .cm-completionLabel").map(({ textContent }) => textContent);

  it("a key is chosen by keyboard and goes on to what it takes, down to a name of the text", async () => {
    const { document: edited } = await mounted();
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}{End}{/Control}fau");
    await expect.poll(options).toContain("faults");
    await expect.poll(() => all(".cm-completionInfo").map(({ textContent }) => textContent).join("")).toContain("A fault that does not fire makes the run invalid");
    // What is chosen is not taken while it has just come up.
    await new Promise((resolve) => setTimeout(resolve, 150));
    await userEvent.keyboard("{Tab}");
    await expect.poll(() => edited.value.text).toBe(`${text}faults:\n  - `);
    await expect.poll(options).toEqual(["id", "when", "do", "optional"]);
    await userEvent.keyboard("{Escape}{{ id: a, do: {{ linkDown: ");
    await userEvent.keyboard("{Control>} {/Control}");
    await expect.poll(options).toEqual(["rp0"]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => edited.value.text).toContain("linkDown: rp0");
  });

  it("the pointer over a key says what it means", async () => {
    await mounted();
    const key = all(".cm-line span").find(({ textContent }) => textContent === "hostBridges");
    await userEvent.hover(key ?? host);
    await expect.poll(() => all(".cm-about").map(({ textContent }) => textContent).join("")).toMatch(/^hostBridges \[ … \]\n/);
  });
});

describe("hostile text", () => {
  it("is text: markup makes nothing, turning and invisible letters are seen, in names as well", async () => {
    const { document: edited, check } = await mounted();
    const name = `<img src=x onerror="document.title='bad'">\u202e\u200b\u0007`;
    edited.value = { ...edited.value, file: `${name}.yaml`, text: `name: ${name}\n<script>document.title='bad'</script>\n`, includes: { [`${name}.inc.yaml`]: name } };
    check();
    await expect.poll(() => host.querySelector("h2")?.textContent).toBe(`<img src=x onerror="document.title='bad'"><U+202E><U+200B><U+0007>.yaml`);
    expect(host.querySelectorAll("img, script").length + all("img:not(.cm-widgetBuffer), script").length).toBe(0);
    expect(all(".cm-specialChar").length).toBe(3);
    expect(document.title).not.toBe("bad");
  });
});

describe("the page's policy", () => {
  it("nothing of the editor is an inline style: not typing, over a selection either, search, marks, their list", async () => {
    const { check, document: edited } = await mounted(text.replace("device:", "devise:"));
    check();
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}f{/Control}");
    expect(all(".cm-search").length).toBe(1);
    await userEvent.keyboard("{Escape}{Control>}{Shift>}M{/Shift}{/Control}");
    await expect.poll(() => all(".cm-panel-lint").length).toBe(1);
    await userEvent.keyboard("{Escape}");
    contentOf()?.focus();
    await userEvent.keyboard("{Control>}a{/Control}no");
    expect(edited.value.text).toBe("no");
    await userEvent.keyboard("{Control>}a{/Control}[[");
    expect(edited.value.text).toBe("[no]");
    await undoTo(edited, text.replace("device:", "devise:"));
    expect(violations).toEqual([]);
    // The watch works: an inline style is told.
    const inline = document.createElement("style");
    inline.textContent = "body { color: red }";
    document.head.append(inline);
    await expect.poll(() => violations.length).toBeGreaterThan(0);
    inline.remove();
  });
});
