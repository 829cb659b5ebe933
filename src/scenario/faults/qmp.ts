// QMP scripts as faults: the commands by which QEMU injects into CXL devices, as they stand, become the actions of the same arguments.

import { parseDocument } from "yaml";
import { z } from "zod";
import { deviceActionSchemas } from "./device-faults.ts";
import type { DeviceActionFile, DeviceActionName } from "./device-faults.ts";
import { suggestion } from "../suggest.ts";

const actionOf = {
  "cxl-inject-general-media-event": "injectGeneralMediaEvent",
  "cxl-inject-dram-event": "injectDramEvent",
  "cxl-inject-memory-module-event": "injectMemoryModuleEvent",
  "cxl-inject-poison": "injectPoison",
  "cxl-inject-correctable-error": "injectCorrectableError",
  "cxl-inject-uncorrectable-errors": "injectUncorrectableErrors",
  "cxl-add-dynamic-capacity": "addDynamicCapacity",
  "cxl-release-dynamic-capacity": "releaseDynamicCapacity",
} as const satisfies Readonly<Record<string, DeviceActionName>>;
export const qmpCommands: readonly string[] = Object.keys(actionOf);

/** Opens a session; there is none here. */
const greeting = "qmp_capabilities";
const most = 256;
/** QEMU keeps this much of an identifier, and takes headers of which the registers show the first half. */
const identifierLength = 15;
const headerLength = 16;

type Arguments = Readonly<Record<string, unknown>>;
interface Command {
  readonly execute: string;
  readonly arguments?: Arguments | undefined;
}

/** One of the actions, alone. */
export type QmpAction = DeviceActionFile;

export interface QmpProblem {
  /** Steps from the command to what is wrong. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function shortened(given: Arguments): Arguments {
  const component = given["component-id"];
  const errors = given["errors"];
  const cut = (error: unknown): unknown => {
    const header = typeof error === "object" && error !== null && "header" in error ? error.header : undefined;
    return Array.isArray(header) ? { ...(error as object), header: header.slice(0, headerLength) } : error;
  };
  return { ...given, ...(typeof component === "string" ? { "component-id": component.slice(0, identifierLength) } : {}), ...(Array.isArray(errors) ? { errors: errors.map(cut) } : {}) };
}

function describe(issue: z.core.$ZodIssue): QmpProblem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: ["arguments", ...path, key], message: `unknown argument "${key}"` }));
  if (issue.code === "invalid_type" && issue.message.includes("received undefined")) return [{ path: ["arguments"], message: `the argument "${path.join(".")}" is missing` }];
  return [{ path: ["arguments", ...path], message: issue.message.replace(/^Invalid (input|option): /, "") }];
}

/** One command as an action; none for what opens the session; problems otherwise. */
export function actionOfQmp({ execute, arguments: given }: Command): { readonly action?: QmpAction; readonly problems: readonly QmpProblem[] } {
  if (execute === greeting) return { problems: [] };
  const name = Object.hasOwn(actionOf, execute) ? (actionOf as Readonly<Record<string, DeviceActionName>>)[execute] : undefined;
  if (name === undefined) return { problems: [{ path: ["execute"], message: `no command "${execute}" here; ${suggestion(execute, qmpCommands)}` }] };
  const schema: z.ZodType = deviceActionSchemas[name];
  const parsed = schema.safeParse(shortened(given ?? {}));
  return parsed.success ? { action: { [name]: parsed.data } as QmpAction, problems: [] } : { problems: parsed.error.issues.flatMap(describe) };
}

/** Whole numbers that a double holds become numbers again. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value >= -BigInt(Number.MAX_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)])) : value;
}

/** The objects of a script, one after the other, on one line or on many. Text between them is a problem. */
function objectsOf(text: string): { readonly objects: readonly string[]; readonly stray?: string } {
  const objects: string[] = [];
  let [depth, start, isText] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (isText) {
      if (letter === "\\") at++;
      else if (letter === '"') isText = false;
    } else if (letter === '"' && depth > 0) isText = true;
    else if (letter === "{" && depth++ === 0) start = at;
    else if (letter === "}" && depth > 0 && --depth === 0) objects.push(text.slice(start, at + 1));
    else if (depth === 0 && !/[\s,[\]{}]/.test(letter)) return { objects, stray: text.slice(at, at + 20).split("\n")[0] ?? "" };
  }
  return depth === 0 ? { objects } : { objects, stray: text.slice(start, start + 20).split("\n")[0] ?? "" };
}

const command = z.strictObject({ execute: z.string(), arguments: z.record(z.string(), z.unknown()).optional(), id: z.unknown().optional() });

/** Commands of a script: JSON, a line or several for each. Only a message when it is none. */
export function parseQmpScript(text: string): readonly Command[] | string {
  const { objects, stray } = objectsOf(text);
  if (stray !== undefined) return `"${stray}" is no QMP command; each is an object like { "execute": "cxl-inject-poison", "arguments": { ... } }`;
  const commands: Command[] = [];
  for (const [index, object] of objects.entries()) {
    const document = parseDocument(object, { intAsBigInt: true });
    const parsed = document.errors.length > 0 ? undefined : command.safeParse(plain(document.toJS()));
    if (parsed === undefined || !parsed.success) return `command ${index + 1} is no QMP command; it has execute, arguments and perhaps an id`;
    commands.push(parsed.data);
  }
  return commands;
}

/** `qmp:` of a fault: one command, a list, or a script as text. What comes out is its actions, in order. */
export const qmpSchema = z.union([z.string(), command, z.array(command)]).transform((value, context): readonly QmpAction[] => {
  const fail = (message: string, path: (string | number)[]): never => {
    context.addIssue({ code: "custom", message, path });
    return z.NEVER;
  };
  const commands = typeof value === "string" ? parseQmpScript(value) : Array.isArray(value) ? value : [value];
  if (typeof commands === "string") return fail(commands, []);
  if (commands.length > most) return fail(`${commands.length} commands; a fault has ${most} at most, write a second fault`, []);
  const actions: QmpAction[] = [];
  for (const [index, one] of commands.entries()) {
    const { action, problems } = actionOfQmp(one);
    if (action !== undefined) actions.push(action);
    for (const { path, message } of problems) fail(typeof value === "string" ? `command ${index + 1}, ${one.execute}: ${[...path.slice(1), message].join(": ")}` : message, typeof value === "string" ? [] : Array.isArray(value) ? [index, ...path] : [...path]);
  }
  return actions.length > 0 || commands.some(({ execute }) => execute !== greeting) ? actions : fail("the script injects nothing", []);
});
