// The control channel: one JSON object a line asks a served machine for a fault, a list, its state, a reset. What a line asks and what is answered; no socket.

import { suggestion } from "../scenario/suggest.ts";
import type { ServedFaults } from "./served-faults.ts";

/** Bytes of a line that is asked, with its end. */
export const longestLine = 65_536;

/** A device as `status` tells of it. */
export interface DeviceStatus {
  readonly name: string;
  readonly socket: string;
  readonly isConnected: boolean;
  /** Of the client that is there: messages, those answered with an error, interrupts sent and lost. */
  readonly messages: number;
  readonly refused: number;
  readonly interrupts: number;
  readonly lostInterrupts: number;
}

/** A served machine, as `status` tells of it. */
export interface ServedStatus {
  /** Virtual ns since power-on. */
  readonly now: number;
  /** Faults that count from ready do. */
  readonly isReady: boolean;
  readonly devices: readonly DeviceStatus[];
  /** What the driver did wrong so far; null: nobody looks (--strict). */
  readonly violations: number | null;
  /** Null: no trace is kept. */
  readonly trace: { readonly file: string; readonly isFull: boolean } | null;
}

/** What the control channel acts on. */
export interface ControlTarget {
  readonly devices: readonly string[];
  readonly faults: ServedFaults;
  status(): ServedStatus;
  /** VFIO reset of a device, as its client asks for it. */
  reset(device: string): void;
  /** The port whose card the device is now; null: it is not plugged in. */
  portOf(device: string): string | null;
  /** Behind whatever was done: time may be due, and clients be told. */
  done(): void;
}

/** An answer: `ok` with what was asked for, or the reason why not, one problem a line. */
export type ControlAnswer = { readonly ok: true; readonly [key: string]: unknown } | { readonly ok: false; readonly error: string };

/** Words of the channel, with the keys each takes beside `command` and what they are. */
export const controlWords = {
  inject: { fault: "what a fault does, as in a scenario: { ACTION: VALUE } or { do: ACTION, when: TRIGGER }" },
  list: {},
  status: {},
  ready: {},
  drop: { device: "the name of a device" },
  reset: { device: "the name of a device" },
  remove: { device: "the name of a device" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ControlWord = keyof typeof controlWords;
export const isControlWord = (word: unknown): word is ControlWord => typeof word === "string" && Object.hasOwn(controlWords, word);

const words = Object.keys(controlWords);
const refuse = (error: string): ControlAnswer => ({ ok: false, error });
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

interface Request {
  readonly command: ControlWord;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A line as a request, or what is wrong with it. */
function requestOf(line: string): Request | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON; write one object on a line, like {"command":"status"}`;
  }
  if (!isRecord(value)) return `no object; write one on a line, like {"command":"status"}`;
  const { command, ...values } = value;
  if (!isControlWord(command)) {
    return typeof command === "string" ? `there is no command "${command}" (${suggestion(command, words)})` : `"command" is missing; it is one of ${words.join(", ")}`;
  }
  const keys: Readonly<Record<string, string>> = controlWords[command];
  const strange = Object.keys(values).find((key) => !Object.hasOwn(keys, key));
  if (strange !== undefined) return `${command} takes no "${strange}"; it takes ${Object.keys(keys).join(", ") || "nothing else"}`;
  for (const [key, meaning] of Object.entries(keys)) if (!Object.hasOwn(values, key)) return `${command} needs "${key}": ${meaning}`;
  return { command, values };
}

/** Runs one fault; its id, or what is wrong. */
function inject({ faults, done }: ControlTarget, fault: unknown): ControlAnswer {
  const injected = faults.inject(fault);
  if ("problem" in injected) return refuse(injected.problem);
  done();
  return { ok: true, id: injected.id };
}

function toDevice(target: ControlTarget, command: "drop" | "reset" | "remove", device: unknown): ControlAnswer {
  if (typeof device !== "string") return refuse(`${command} needs the name of a device as a text, one of ${target.devices.join(", ")}`);
  if (!target.devices.includes(device)) return refuse(`there is no device "${device}" (${suggestion(device, target.devices)})`);
  if (command === "remove") {
    const port = target.portOf(device);
    return port === null ? refuse(`${device} is not plugged in; inject plug: { port: PORT, card: ${device} } first`) : inject(target, { unplug: port });
  }
  if (command === "drop") return inject(target, { drop: device });
  target.reset(device);
  target.done();
  return { ok: true };
}

/** Does what a line asks. Never throws for what the line says. */
export function controlAnswer(target: ControlTarget, line: string): ControlAnswer {
  const request = requestOf(line);
  if (typeof request === "string") return refuse(request);
  const { command, values } = request;
  switch (command) {
    case "inject": return inject(target, values["fault"]);
    case "list": return { ok: true, faults: target.faults.list() };
    case "status": return { ok: true, status: target.status() };
    case "ready":
      target.faults.ready();
      target.done();
      return { ok: true };
    case "drop": case "reset": case "remove": return toDevice(target, command, values["device"]);
  }
}

/** Cuts bytes into lines of at most `longestLine`. */
export class LineCutter {
  #held = Buffer.alloc(0);

  /** Whole lines without their ends; null: one is too long, and nothing is to be read any more. */
  push(bytes: Uint8Array): string[] | null {
    const all = Buffer.concat([this.#held, bytes]);
    const lines: string[] = [];
    let from = 0;
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, from)) {
      if (end - from >= longestLine) return null;
      lines.push(all.toString("utf8", from, end));
      from = end + 1;
    }
    this.#held = Buffer.from(all.subarray(from));
    return this.#held.length >= longestLine ? null : lines;
  }
}
