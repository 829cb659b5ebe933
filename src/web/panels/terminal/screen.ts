// The terminal's screen: xterm.js with the page's colours and letters, and nothing that the page's policy forbids. It is given safe text alone (shown-text.ts).

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import type { ITheme } from "@xterm/xterm";
import xtermRules from "@xterm/xterm/css/xterm.css?inline";
import { cellsOfPoint } from "./cells.ts";
import { quietDocument } from "./without-inline-style.ts";

export interface Screen {
  readonly columns: number;
  /** What keys send. */
  onData: (data: string) => void;
  onPaste: (text: string) => void;
  onResize: () => void;
  write(text: string): void;
  /** An empty screen without anything to scroll back to. */
  reset(): void;
  focus(): void;
  /** Colours and letters as the page has them now. */
  restyle(): void;
  /** Rows of the screen and of what was scrolled away, as text. */
  text(): string;
  readonly cursor: { readonly column: number; readonly row: number };
  dispose(): void;
}

const letterSize = 13;
const scrolledRows = 5000;

/** A colour of the page's, resolved where it is used: light or dark. */
function colourOf(place: HTMLElement, token: string): string {
  const probe = place.ownerDocument.createElement("span");
  probe.style.color = `var(${token})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function themeOf(place: HTMLElement): ITheme {
  const [ground, text, accent, quiet] = ["--ground", "--text", "--accent", "--quiet"].map((token) => colourOf(place, token));
  const translucent = (colour = "", share: number): string => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);
  return {
    ...(ground === undefined ? {} : { background: ground, cursorAccent: ground }), ...(text === undefined ? {} : { foreground: text, cursor: text }),
    selectionBackground: translucent(accent, 0.35), scrollbarSliderBackground: translucent(quiet, 0.4), scrollbarSliderHoverBackground: translucent(quiet, 0.6), scrollbarSliderActiveBackground: translucent(quiet, 0.8),
  };
}

/** Width and joining of a code point in xterm's packing: what the line editor counts with is what is drawn. */
function registerCells(terminal: Terminal): void {
  const isJoining = 1;
  terminal.unicode.register({
    version: "page",
    wcwidth: cellsOfPoint,
    charProperties: (point, preceding) => {
      const own = cellsOfPoint(point);
      const before = (preceding >> 1) & 3;
      const joins = own === 0 && preceding !== 0 && before !== 0;
      return ((joins ? before : own) << 1) | (joins ? isJoining : 0);
    },
  });
  terminal.unicode.activeVersion = "page";
}

/** Escape, then Tab, leaves the terminal: a Tab by itself completes. */
function letFocusLeave(terminal: Terminal): void {
  let isLeaving = false;
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    const leaves = event.key === "Tab" && (isLeaving || event.shiftKey);
    if (event.key !== "Shift") isLeaving = event.key === "Escape";
    return !leaves;
  });
}

/** Puts a screen into a place that is in the page. */
export function createScreen(place: HTMLElement): Screen {
  const quiet = quietDocument(place.ownerDocument);
  const rules = new CSSStyleSheet();
  rules.replaceSync(xtermRules);
  place.ownerDocument.adoptedStyleSheets.push(rules);
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const terminal = new Terminal({
    allowProposedApi: true, documentOverride: quiet.document, convertEol: true, screenReaderMode: true, cursorBlink: !isCalm, scrollback: scrolledRows, fontSize: letterSize, fontFamily: getComputedStyle(place).fontFamily, theme: themeOf(place), smoothScrollDuration: 0,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  registerCells(terminal);
  quiet.during(() => terminal.open(place));
  terminal.textarea?.setAttribute("aria-label", "Terminal: a line for the machine");
  letFocusLeave(terminal);
  const screen: Screen = {
    get columns() {
      return terminal.cols;
    },
    onData: () => undefined,
    onPaste: () => undefined,
    onResize: () => undefined,
    write: (text) => terminal.write(text),
    reset: () => terminal.reset(),
    focus: () => terminal.focus(),
    restyle: () => {
      terminal.options.theme = themeOf(place);
      terminal.options.fontFamily = getComputedStyle(place).fontFamily;
    },
    text: () => {
      const { active } = terminal.buffer;
      return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "").join("\n").trimEnd();
    },
    get cursor() {
      const { cursorX, cursorY, baseY } = terminal.buffer.active;
      return { column: cursorX, row: baseY + cursorY };
    },
    dispose: () => {
      sizes.disconnect();
      place.removeEventListener("paste", paste, true);
      terminal.dispose();
      quiet.dispose();
      place.ownerDocument.adoptedStyleSheets = place.ownerDocument.adoptedStyleSheets.filter((sheet) => sheet !== rules);
    },
  };
  terminal.onData((data) => screen.onData(data));
  terminal.onResize(() => screen.onResize());
  const paste = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    screen.onPaste(event.clipboardData?.getData("text/plain") ?? "");
  };
  place.addEventListener("paste", paste, true);
  const sizes = new ResizeObserver(() => {
    if (place.clientWidth > 0 && place.clientHeight > 0) fit.fit();
  });
  sizes.observe(place);
  return screen;
}
