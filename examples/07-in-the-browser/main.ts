// The page: buttons that drive the machine, and what its registers, memory and interrupts say.

import { createMachineWorker } from "cxl-sandbox";
import type { MachineWorker } from "cxl-sandbox";
import { memoryBase, readRegisters, source } from "./machine.ts";
import type { ShownRegister } from "./machine.ts";

const element = (id: string): HTMLElement => document.getElementById(id) ?? document.body;
const button = (id: string): HTMLButtonElement => element(id) as HTMLButtonElement;
const buttons = ["arm", "break", "load", "again"].map(button);

function make<K extends keyof HTMLElementTagNameMap>(tag: K, text: string, className = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

const timeText = (nanoseconds: number): string => `${(nanoseconds / 1000).toLocaleString("en", { minimumFractionDigits: 2 })} µs`;

function showEvent(at: number, what: string, outcome: string): void {
  const row = make("tr", "");
  row.append(make("td", timeText(at), "number mono"), make("td", what), make("td", outcome));
  element("events").prepend(row);
}

function showVerdict(text: string, kind: "" | "good" | "bad" = ""): void {
  element("verdict").textContent = text;
  element("verdict").className = `verdict ${kind}`;
}

let shown: readonly ShownRegister[] = [];

function showRegister({ name, raw, fields }: ShownRegister): HTMLElement {
  const before = shown.find((register) => register.name === name)?.fields ?? fields;
  const card = make("section", "", "register");
  const title = make("h3", name);
  title.append(make("span", `0x${raw.toString(16).padStart(8, "0")}`, "mono"));
  const list = make("dl", "");
  for (const [field, value] of Object.entries(fields)) {
    const marks = [value === 0 ? "off" : "", value === before[field] ? "" : "changed"].join(" ").trim();
    list.append(make("dt", field, marks), make("dd", String(value), `mono ${marks}`));
  }
  card.append(title, list);
  return card;
}

async function showRegisters(machine: MachineWorker): Promise<void> {
  const registers = await readRegisters(machine);
  element("registers").replaceChildren(...registers.map(showRegister));
  shown = registers;
}

async function arm(machine: MachineWorker): Promise<void> {
  await machine.rootPort("rp0").enableMessages(32);
  await machine.rootPort("rp0").registers.timeoutIsolation.control.modify({ memoryIsolationEnable: 1, interruptEnable: 1 });
  showEvent(await machine.now(), "Isolation enabled, with its interrupt", "armed");
  showVerdict("rp0 is armed: when its link goes down it isolates, and the host lives.");
}

async function breakLink(machine: MachineWorker): Promise<void> {
  const fault = await machine.inject({ linkDown: "rp0" });
  const { firstAt } = await fault.evidence();
  showEvent(firstAt ?? 0, "The cable of rp0 is pulled", "link down");
  await machine.advance(1_000_000);
  const status = await machine.rootPort("rp0").registers.timeoutIsolation.status.read();
  if (status.memoryIsolation === 1) showVerdict("rp0 is isolated: its link went down. Loads end with poison instead of taking the host with them.", "good");
  else showVerdict("rp0 is not isolated: nobody had armed it. A load from its memory now ends the host.", "bad");
}

async function load(machine: MachineWorker): Promise<void> {
  const { status, value } = await machine.memory.load(memoryBase);
  showEvent(await machine.now(), "Load of 8 bytes at 16 GiB", status === "ok" ? `0x${value.toString(16)}` : status === "never" ? "no answer" : status);
  const host = await machine.host();
  if (host !== "running") showVerdict(`The load met a lost link without isolation: the host is ${host === "reset" ? "reset" : "hung"}.`, "bad");
}

/** Runs one step with all buttons off, shows what came of it, and gives the keyboard's focus back. */
async function step(machine: MachineWorker, work: (machine: MachineWorker) => Promise<void>): Promise<void> {
  const focused = document.activeElement;
  for (const one of buttons) one.disabled = true;
  try {
    await work(machine);
    await showRegisters(machine);
  } catch (error) {
    showVerdict(error instanceof Error ? error.message : String(error), "bad");
  }
  await offer(machine);
  if (focused instanceof HTMLButtonElement) (focused.disabled ? (buttons.find((one) => !one.disabled) ?? focused) : focused).focus();
}

/** Which steps make sense now. */
async function offer(machine: MachineWorker): Promise<void> {
  const [host, port, control] = await machine.batch((m) => [m.host(), m.rootPort("rp0").state(), m.rootPort("rp0").registers.timeoutIsolation.control.read()]);
  const isUp = port.link === "up" && host === "running";
  button("arm").disabled = !isUp || control.memoryIsolationEnable === 1;
  button("break").disabled = !isUp;
  button("load").disabled = host !== "running";
  button("again").disabled = false;
}

async function start(): Promise<void> {
  const machine = await createMachineWorker(source);
  const fresh = await machine.snapshot();
  machine.interrupts.on(({ at, data }) => showEvent(at, `Interrupt, message data 0x${data.toString(16)}`, "delivered"));
  const again = async (): Promise<void> => {
    await machine.restore(fresh);
    element("events").replaceChildren();
    shown = [];
    showVerdict("The machine is ready. Nothing is armed.");
  };
  button("arm").addEventListener("click", () => void step(machine, arm));
  button("break").addEventListener("click", () => void step(machine, breakLink));
  button("load").addEventListener("click", () => void step(machine, load));
  button("again").addEventListener("click", () => void step(machine, again));
  await step(machine, again);
}

start().catch((error: unknown) => showVerdict(error instanceof Error ? error.message : String(error), "bad"));
