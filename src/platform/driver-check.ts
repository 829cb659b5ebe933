// Checks of the shape of drivers, which come from outside and may be plain JavaScript: what is wrong is said where it is given, not where it fails.

import { blocks } from "../../registers/blocks.ts";
import type { DeviceHooks, DriverInstance, DriverMatch, DriverModule, ErrorAnswer } from "./driver.ts";
import { suggestion } from "../sim/suggest.ts";

const moduleKeys = ["name", "match", "takesFunction", "start"] as const satisfies readonly (keyof DriverModule)[];
const matchKeys = ["kind", "capability", "vendor", "device", "class"] as const satisfies readonly (keyof DriverMatch)[];
const hookNames = ["interrupt", "isolation", "error", "resetDone", "event", "remove"] as const satisfies readonly (keyof DeviceHooks)[];
const kinds = ["root-port", "upstream-port", "downstream-port", "endpoint"];
const widths = { vendor: 0xffff, device: 0xffff, class: 0xff_ffff } as const;

/** Structures of component registers by name: what a driver can be matched by. */
const capabilities = [...new Set(Object.values(blocks).filter(({ kind }) => kind === "component").flatMap(({ placements }) => Object.values<{ readonly structure: { readonly name: string; readonly identity?: unknown } }>(placements)).filter(({ structure }) => structure.identity !== undefined).map(({ structure }) => structure.name))];

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function checkKeys(what: string, value: Fields, known: readonly string[]): void {
  for (const key of Object.keys(value)) if (!known.includes(key)) throw new TypeError(`${what}: there is no "${key}"; ${suggestion(key, known)}`);
}

function checkMatch(driver: string, match: unknown): void {
  const what = `driver ${driver}: match`;
  if (!isObject(match)) throw new TypeError(`${what} is missing: { kind: "root-port" }, { capability: "timeoutIsolation" }, { vendor, device } or { class }, or a list of them`);
  checkKeys(what, match, matchKeys);
  if (Object.keys(match).length === 0) throw new TypeError(`${what} is empty and would take every function; name one of ${matchKeys.join(", ")}`);
  const { kind, capability } = match;
  if (kind !== undefined && !(typeof kind === "string" && kinds.includes(kind))) throw new TypeError(`${what}.kind: "${String(kind)}" is none of ${kinds.join(", ")}`);
  if (capability !== undefined && !(typeof capability === "string" && capabilities.includes(capability))) throw new TypeError(`${what}.capability: there is no structure "${String(capability)}" in component registers; ${suggestion(String(capability), capabilities)}`);
  for (const [name, most] of Object.entries(widths)) {
    const value = match[name];
    if (value !== undefined && !(typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most)) throw new TypeError(`${what}.${name}: 0 to 0x${most.toString(16)}, not ${String(value)}`);
  }
}

/** Checks the shape of a driver module. @throws TypeError naming the driver, the part and the remedy */
export function checkDriver(module: unknown): DriverModule {
  if (!isObject(module)) throw new TypeError("a driver is an object { name, match, start }; see docs/drivers.md");
  const { name, match, start, takesFunction } = module;
  if (typeof name !== "string") throw new TypeError("a driver has a name: a-z, 0-9 and _, as modules are named");
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`driver name "${name}": a-z, 0-9 and _ are allowed, a letter first`);
  checkKeys(`driver ${name}`, module, moduleKeys);
  const matches: readonly unknown[] = Array.isArray(match) ? match : [match];
  if (matches.length === 0) throw new TypeError(`driver ${name}: match is an empty list; the driver would never be bound`);
  for (const one of matches) checkMatch(name, one);
  if (takesFunction !== undefined && typeof takesFunction !== "boolean") throw new TypeError(`driver ${name}: takesFunction is true or false`);
  if (typeof start !== "function") throw new TypeError(`driver ${name}: start(kernel) is missing; it returns { probe(device) }`);
  return module as unknown as DriverModule;
}

/** Checks what `start` returned. @throws TypeError */
export function checkInstance(instance: unknown): DriverInstance {
  if (!isObject(instance) || typeof instance["probe"] !== "function") throw new TypeError("start returns an object with probe(device)");
  return instance as unknown as DriverInstance;
}

/** An object with parts of its own, as an instance of a class has them, is not looked through for names. */
const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;

/** Checks what `probe` returned. @throws TypeError */
export function checkHooks(hooks: unknown): DeviceHooks | null {
  if (hooks === null) return null;
  if (!isObject(hooks)) throw new TypeError(`probe returns an object of hooks (${hookNames.join(", ")}), or null when the driver does not want the function`);
  if (isPlain(hooks)) checkKeys("hooks", hooks, hookNames);
  for (const name of hookNames) if (hooks[name] !== undefined && typeof hooks[name] !== "function") throw new TypeError(`hook ${name} is no function`);
  return hooks;
}

const answers = ["can-recover", "need-reset", "disconnect", "none"] as const satisfies readonly ErrorAnswer[];

/** Checks what an `error` hook returned; nothing is no opinion. @throws TypeError */
export function checkAnswer(answer: unknown): ErrorAnswer {
  const known = answers.find((one) => one === (answer ?? "none"));
  if (known === undefined) throw new TypeError(`"${String(answer)}" is no answer to an error; ${suggestion(String(answer), answers)}`);
  return known;
}
