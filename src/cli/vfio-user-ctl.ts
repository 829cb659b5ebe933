// `cxl-sandbox vfio-user ctl`: one thing asked of a served machine, by its control channel, and the answer in words.

import { parseDocument } from "yaml";
import { formatTime } from "../report/console.ts";
import { exitCodes } from "../scenario/result.ts";
import type { ControlAnswer, ControlWord, ServedStatus } from "../vfio-user/control.ts";
import { controlWords, isControlWord } from "../vfio-user/control.ts";
import { NoServerError, askControl } from "../vfio-user/control-socket.ts";
import type { ServedFault } from "../vfio-user/served-faults.ts";
import { UsageError, parseWords } from "./arguments.ts";

export const controlHelp = `cxl-sandbox vfio-user ctl DIR COMMAND [--json], while it is served
  inject ACTION    do what a fault of a scenario does (docs/faults.md): inject 'refuseCommit: { of: mem0 }', or with a trigger
                   inject '{ do: { commandError: { of: mem0, code: busy } }, when: { at: 5ms } }'; prints the fault's id
  list             the faults, the scenario's and the injected: how often each acted
  status           devices and their clients, virtual time, what --strict has found so far
  ready            from now on count the times of the scenario's faults (from: ready, which is usual)
  drop NAME        close the device's socket
  reset NAME       reset the device, as a VFIO reset does
  remove NAME      pull the device out, without a word to anybody
  --json           the answer as it came: one JSON object
`;

/** Where the text of an action goes wrong as text; what it says is the server's to judge. @throws UsageError */
function faultOf(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true });
  const wrong = document.errors[0];
  if (wrong !== undefined) throw new UsageError(`"${text}" is no action: ${wrong.message.split("\n")[0] ?? ""}; write ACTION: VALUE or { ACTION: { KEY: VALUE } }, in quotes for the shell`);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof value !== "object" || value === null) throw new UsageError(`"${text}" is no action; write ACTION: VALUE, like linkDown: rp0, in quotes for the shell`);
  return value;
}

/** @throws UsageError */
function requestOf(command: ControlWord, words: readonly string[]): Readonly<Record<string, unknown>> {
  if (command === "inject") {
    if (words.length === 0) throw new UsageError("ctl inject needs an action, like 'refuseCommit: { of: mem0 }'");
    return { command, fault: faultOf(words.join(" ")) };
  }
  const takesDevice = Object.hasOwn(controlWords[command], "device");
  if (words.length !== (takesDevice ? 1 : 0)) throw new UsageError(takesDevice ? `ctl ${command} needs the name of one device` : `ctl ${command} takes nothing more, not "${words[0]}"`);
  return takesDevice ? { command, device: words[0] } : { command };
}

/** Columns as wide as their widest cell; the last as it is. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map((cells) => `${cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ")}\n`).join("");
}

/** A fault that waits may have matched already: with `skip`, or a delay. */
function stateOf({ evidence: { fired, firstAt }, never }: ServedFault): string {
  if (never !== undefined) return "never";
  return fired === 0 ? "waits" : `acted ${fired === 1 ? "once" : `${fired} times`}, first at ${formatTime(firstAt ?? 0)}`;
}

function listText(faults: readonly ServedFault[]): string {
  if (faults.length === 0) return "no faults\n";
  return table([["id", "state", "does"], ...faults.map((fault) => [fault.id, stateOf(fault), `${JSON.stringify(fault.does)}${fault.never === undefined ? "" : ` (${fault.never})`}`])]);
}

function statusText({ now, isReady, devices, violations, trace }: ServedStatus): string {
  return [
    `time ${formatTime(now)}, ${isReady ? "ready" : "not ready: faults that count from ready wait for ctl ready"}\n`,
    violations === null ? "" : `strict: ${violations} violations\n`,
    trace === null ? "" : `trace: ${trace.file}${trace.isFull ? ", full: it ends before now" : ""}\n`,
    table([["device", "client", "messages", "refused", "interrupts", "lost", "socket"], ...devices.map((one) => [one.name, one.isConnected ? "yes" : "no", one.messages, one.refused, one.interrupts, one.lostInterrupts, one.socket].map(String))]),
  ].join("");
}

function textOf(command: ControlWord, answer: Extract<ControlAnswer, { ok: true }>): string {
  if (command === "inject") return `${String(answer["id"])}\n`;
  if (command === "list") return listText(answer["faults"] as readonly ServedFault[]);
  return command === "status" ? statusText(answer["status"] as ServedStatus) : "";
}

/** Asks and tells; gives the exit status. @throws UsageError */
export async function controlMain(argv: readonly string[]): Promise<number> {
  const { values, positionals: [folder, command, ...words] } = parseWords(argv, { json: { type: "boolean", default: false } } as const);
  if (folder === undefined || folder === "" || command === undefined) throw new UsageError("vfio-user ctl needs the folder of a served machine and a command");
  if (!isControlWord(command)) throw new UsageError(`ctl has no command "${command}"; it has ${Object.keys(controlWords).join(", ")}`);
  const request = requestOf(command, words);
  try {
    const answer = await askControl(folder, request);
    if (values.json === true) process.stdout.write(`${JSON.stringify(answer)}\n`);
    else if (answer.ok) process.stdout.write(textOf(command, answer));
    else process.stderr.write(`${answer.error.split("\n").map((line) => `cxl-sandbox: ${line}`).join("\n")}\n`);
    return answer.ok ? exitCodes.pass : exitCodes.usage;
  } catch (error) {
    if (!(error instanceof NoServerError)) throw error;
    process.stderr.write(`cxl-sandbox: ${error.message}\n`);
    return exitCodes.fail;
  }
}
