// The terminal in a real browser, over a real machine: what is on the screen, and that the page's policy is not touched.

import { signal } from "@preact/signals";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LiveStatus, LiveUpdate, PlacedTouch, Touch } from "../../../sandbox/live/contract.ts";
import { loadModule } from "../../../hardware/module.ts";
import { completeLine } from "../../../sandbox/completion.ts";
import type { Session } from "../../../sandbox/session.ts";
import { openSession } from "../../../sandbox/session.ts";
import { planScenario } from "../../../scenario/plan.ts";
import page from "../../index.html?raw";
import "../../style/tokens.css";
import type { Screen } from "./screen.ts";
import { createScreen } from "./screen.ts";
import "./terminal.css";
import type { TerminalStore } from "./terminal-session.ts";
import { TerminalSession } from "./terminal-session.ts";

const scenario = `version: 1
name: a machine to talk to
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }
expect: [{ outcome: unaffected }]
`;

const violations: string[] = [];
let module: WebAssembly.Module;

beforeAll(async () => {
  module = (await loadModule("release")).module;
  const { policy } = /http-equiv="Content-Security-Policy" content="(?<policy>[^"]*)"/.exec(page)?.groups ?? {};
  const styles = (policy ?? "").split(";").find((part) => part.trim().startsWith("style-src"));
  expect(styles?.trim()).toBe("style-src 'self'");
  document.addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.sourceFile} ${event.sample}`));
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = styles ?? "";
  document.head.append(meta);
});

/** A terminal over a machine in this very thread. */
interface Seat {
  readonly screen: Screen;
  readonly place: HTMLElement;
  readonly session: Session;
  readonly status: { value: LiveStatus | null };
  readonly type: (data: string) => Promise<void>;
  /** Goes back to before the line of this number, from 0, or forward behind all of them. */
  readonly stand: (line: number) => void;
  readonly print: (text: string) => void;
  readonly close: () => void;
}

const seats: Seat[] = [];
afterEach(() => {
  for (const seat of seats.splice(0)) seat.close();
});

const settled = async (screen: Screen): Promise<void> => {
  for (let quiet = 0, last = ""; quiet < 3; ) {
    await new Promise((resolve) => void setTimeout(resolve, 20));
    quiet = screen.text() === last ? quiet + 1 : 0;
    last = screen.text();
  }
};

async function sit(width = 640): Promise<Seat> {
  const place = document.createElement("div");
  place.className = "terminal-screen";
  place.style.width = `${width}px`;
  place.style.height = "320px";
  document.body.append(place);
  const listeners = new Set<(update: LiveUpdate) => void>();
  const say = (stream: "out" | "err") => (text: string): void => {
    for (const listener of listeners) listener({ kind: "output", stream, text });
  };
  const session = openSession(module, planScenario("talk.yaml", scenario), { seed: 1, schedule: "fixed", at: { kind: "ready" }, output: { out: say("out"), err: say("err") } });
  session.arrive(() => false);
  let touches: PlacedTouch[] = [];
  let count = 0;
  const positionOf = (records: number) => ({ records, turns: 0, atNs: session.run.system.hardware.now });
  const statusOf = (records: number, prompt: string): LiveStatus => ({ phase: "running", position: positionOf(records), reached: positionOf(count), isInsideStep: false, readyAtNs: session.run.readyAt, isMoving: false, touches, generation: 0, result: null, death: session.death, prompt });
  const status = signal<LiveStatus | null>(statusOf(0, session.prompt));
  const touch = async (one: Touch) => {
    if (one.kind !== "line") return { kind: "done", said: session.interrupt() ?? "" } as const;
    const { position } = status.value ?? statusOf(count, "");
    touches = [...touches.filter((placed) => placed.position.records < position.records), { position: positionOf(position.records), touch: one }];
    count = position.records + 10;
    status.value = statusOf(count, "");
    session.start(one.line);
    for (let progress = session.goOn(() => true); progress !== "ended"; progress = session.goOn(() => true)) await new Promise((resolve) => void setTimeout(resolve, 0));
    status.value = statusOf(count, session.prompt);
    return { kind: "done", said: "" } as const;
  };
  const store: TerminalStore = { status, touch, complete: async (line) => completeLine(session, line).candidates, hear: (listener) => (listeners.add(listener), () => listeners.delete(listener)) };
  const screen = createScreen(place);
  const joined = new TerminalSession(store, screen, ["dmesg -T", "cxl list -M"], { onChange: () => undefined, onHistory: () => undefined });
  await settled(screen);
  const seat: Seat = {
    screen, place, session, status,
    type: async (data) => {
      screen.onData(data);
      await settled(screen);
    },
    stand: (line) => void (status.value = { ...statusOf(count, session.prompt), position: positionOf(line * 10 - 5) }),
    print: say("out"),
    close: () => {
      joined.dispose();
      screen.dispose();
      place.remove();
    },
  };
  seats.push(seat);
  return seat;
}

const rows = ({ screen }: Seat): string[] => screen.text().split("\n").map((row) => row.trimEnd());
const prompt = "root@cxl-sandbox:/#";

describe("the terminal", () => {
  it("runs a line on the machine, shows what it prints, and gives the prompt back", async () => {
    const seat = await sit();
    await seat.type("cat /sys/bus/cxl/devices/mem0/numa_node\r");
    expect(rows(seat).slice(1)).toEqual([`${prompt} cat /sys/bus/cxl/devices/mem0/numa_node`, seat.session.run.files.read("/sys/bus/cxl/devices/mem0/numa_node").trim(), prompt]);
  });

  it("runs pasted lines one after the other, visibly, and leaves the last one to be edited", async () => {
    const seat = await sit();
    seat.screen.onPaste("cd /sys\npwd\r\n\ncd /\necho not yet");
    await settled(seat.screen);
    expect(rows(seat).slice(1)).toEqual([`${prompt} cd /sys`, "root@cxl-sandbox:/sys# pwd", "/sys", "root@cxl-sandbox:/sys#", "root@cxl-sandbox:/sys# cd /", `${prompt} echo not yet`]);
  });

  it("completes with Tab, lists what there is where there is more than one, and goes on with the line", async () => {
    const seat = await sit();
    await seat.type("cat /sys/bus/cxl/devices/mem0/ser\t");
    expect(rows(seat).at(-1)).toBe(`${prompt} cat /sys/bus/cxl/devices/mem0/serial`);
    await seat.type("\u0015cat /proc/me\t\t");
    expect(rows(seat).at(-1)?.startsWith(`${prompt} cat /proc/me`)).toBe(true);
  });

  it("leaves the cursor where the line editor has it: wide letters, marks, and lines over several rows", async () => {
    const seat = await sit(300);
    const { columns } = seat.screen;
    await seat.type("\u000c");
    for (const text of ["abc", "\u4e2d\u6587 wide", "e\u0301e\u0301e\u0301", "x".repeat(columns - prompt.length - 1), "y".repeat(columns * 2), `${"\u4e2d".repeat(columns)}z`]) {
      await seat.type(`\u0005\u0015${text}`);
      const atEnd = seat.screen.cursor;
      expect(rows(seat).join("").replace(/ /g, ""), text).toBe(`${prompt}${text}`.replace(/ /g, ""));
      await seat.type("\u0001\u0005");
      expect(seat.screen.cursor).toEqual(atEnd);
      await seat.type("\u0001");
      expect(seat.screen.cursor).toEqual({ row: 0, column: prompt.length + 1 });
    }
  });

  it("obeys no control sequence of what is printed, and prints it", async () => {
    const seat = await sit();
    await seat.type("echo $'\\e]0;owned\\a\\e[2J\\e]52;c;aGk=\\a\\x9b2Jstill here'\r");
    expect(rows(seat).slice(-2)).toEqual(["<U+001B>]0;owned<U+0007><U+001B>[2J<U+001B>]52;c;aGk=<U+0007>\ufffd2Jstill here", prompt]);
    expect(document.title).not.toContain("owned");
  });

  it("shows what was said up to the position, again when the run comes back, and drops what was cut off", async () => {
    const seat = await sit();
    await seat.type("echo one\recho two\recho three\r");
    const all = rows(seat);
    seat.stand(1);
    await settled(seat.screen);
    expect(rows(seat).slice(1)).toEqual([`${prompt} echo one`, "one", prompt]);
    seat.stand(3);
    await settled(seat.screen);
    expect(rows(seat)).toEqual(all);
    seat.stand(1);
    await seat.type("echo other\r");
    expect(rows(seat).slice(1)).toEqual([`${prompt} echo one`, "one", `${prompt} echo other`, "other", prompt]);
  });

  it("takes Ctrl-C to a line that waits, and to one that is typed", async () => {
    const seat = await sit();
    seat.screen.onData("dmesg -w | cat\u0003");
    await seat.type("\u0015dmesg -W\r");
    await seat.type("\u0003");
    expect(rows(seat).at(-1)).toBe(prompt);
    await seat.type("echo $?\r");
    expect(rows(seat).slice(-2)).toEqual(["130", prompt]);
  });

  it("lets the focus go with Escape and Tab, and with Shift-Tab, and names itself", async () => {
    const seat = await sit();
    const area = seat.place.querySelector("textarea");
    expect(area?.getAttribute("aria-label")).toBe("Terminal: a line for the machine");
    const pressed = (key: string, shiftKey = false): boolean => {
      const event = new KeyboardEvent("keydown", { key, keyCode: key === "Tab" ? 9 : 27, shiftKey, bubbles: true, cancelable: true });
      area?.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect([pressed("Tab"), pressed("Escape"), pressed("Tab"), pressed("Tab", true)]).toEqual([true, true, false, false]);
  });

  it("draws itself, selects and resizes without a style that the page's policy forbids", async () => {
    const seat = await sit();
    await seat.type("cxl list -M\r");
    seat.place.style.width = "500px";
    await settled(seat.screen);
    const screen = seat.place.querySelector(".xterm-screen");
    const { left, top } = screen?.getBoundingClientRect() ?? { left: 0, top: 0 };
    for (const [type, x] of [["mousedown", 5], ["mousemove", 150], ["mouseup", 150]] as const) screen?.dispatchEvent(new MouseEvent(type, { clientX: left + x, clientY: top + 30, button: 0, buttons: 1, detail: 1, bubbles: true }));
    await settled(seat.screen);
    expect(violations).toEqual([]);
    expect(document.querySelectorAll("style").length === 0 || seat.place.querySelector("style") === null).toBe(true);
    const row = seat.place.querySelector(".xterm-rows > div");
    expect(row?.getBoundingClientRect().height).toBeGreaterThan(10);
    expect(getComputedStyle(seat.place.querySelector(".xterm-rows") ?? document.body).fontSize).toBe("13px");
  });
});
