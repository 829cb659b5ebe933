// What lives in the process of a contained run: the scenario's drivers and what runs them (contained-run.ts), one run, then its end.

import { readFileSync } from "node:fs";
import type { DriverModule } from "../src/sandbox/contained/shape.ts";
import { driverAmong, driverOfWasm, textOfThrown } from "../src/sandbox/contained/shape.ts";
import { DriverWatch } from "../src/sandbox/contained/watch.ts";
import type { WatchRecord } from "../src/sandbox/contained/watch.ts";
import { watchedDriver } from "../src/sandbox/contained/watched-driver.ts";
import type { DriverSource, FromProcess, ToProcess } from "./driver-messages.ts";
import { digestOf } from "./driver-file.ts";
import { provideOwnName } from "./own-name.ts";

interface Host {
  readonly tell: (message: FromProcess) => void;
  /** Keeps a record where it survives the process. */
  readonly publish: (record: WatchRecord) => void;
  /** Ends the process at once. */
  readonly end: () => never;
}

/** A driver's file could not be loaded. */
class NotLoadedError extends Error {
  readonly file: string;
  constructor(file: string, message: string, cause: unknown) {
    super(message, { cause });
    this.file = file;
  }
}

/** Adds the place where the driver threw what the kernel says of it. */
const withPlace = (message: string, thrown: unknown): string => (message === textOfThrown(thrown) ? textOf(thrown) : message);

/** Where our own code is: no place that a driver's author looks for. */
const own = new URL("..", import.meta.url).pathname;

/** The first place in a file of the user's that an error came through. */
function placeOf(thrown: unknown): string | undefined {
  let stack: unknown;
  try {
    stack = thrown instanceof Error ? thrown.stack : undefined;
  } catch {
    return undefined;
  }
  if (typeof stack !== "string") return undefined;
  const places = stack.split("\n").map((line) => /^\s+at (?:.*\()?(?:async )?(?:file:\/\/)?([^()]+:\d+:\d+)\)?$/.exec(line)?.[1]);
  return places.find((place) => place !== undefined && !place.startsWith("node:") && !place.startsWith(own));
}

/** What an error says, with its place. */
function textOf(thrown: unknown): string {
  const place = placeOf(thrown);
  return `${textOfThrown(thrown)}${place === undefined ? "" : ` (${place})`}`;
}

/** The file's bytes. @throws NotLoadedError it is not what was looked at before the first run, and what the report says of it would be wrong */
function bytesOf({ file, url, digest, isFile }: DriverSource): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(new URL(url));
  } catch (error) {
    throw new NotLoadedError(file, textOf(error), null);
  }
  const found = digestOf(bytes);
  if (isFile && found !== digest) throw new NotLoadedError(file, `the file was changed after it had been looked at: sha256 ${found}, not ${digest}; run again`, null);
  return bytes;
}

/** A module sees nothing but its imports; what runs of it while it is loaded is watched as the rest is. */
async function loadWasm(source: DriverSource, bytes: Uint8Array, watch: DriverWatch, name: string): Promise<DriverModule> {
  try {
    return await watch.insideLong({ driver: name, hook: "load", device: null }, () => Promise.resolve(driverOfWasm(source.file, bytes)));
  } catch (error) {
    throw new NotLoadedError(source.file, error instanceof Error ? error.message : String(error), error);
  }
}

async function loadDriver(source: DriverSource, watch: DriverWatch): Promise<DriverModule> {
  const name = source.file.split("/").at(-1) ?? source.file;
  const bytes = bytesOf(source);
  if (source.kind === "wasm") return loadWasm(source, bytes, watch, name);
  if (source.namesUs) provideOwnName(source.url);
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = (await watch.insideLong({ driver: name, hook: "load", device: null }, () => import(source.url))) as typeof exports;
  } catch (error) {
    throw new NotLoadedError(source.file, textOf(error), error);
  }
  try {
    return driverAmong(exports);
  } catch (error) {
    throw new NotLoadedError(source.file, error instanceof Error ? error.message : String(error), error);
  }
}

async function runScenario(host: Host, watch: DriverWatch, order: Extract<ToProcess, { kind: "run" }>): Promise<void> {
  // Before any driver, which could change what is loaded after it; a driver that is only looked at needs nothing of it.
  const { runToEnd } = await import("./contained-run.ts");
  const drivers: DriverModule[] = [];
  const driverParameters: Record<string, DriverSource["parameters"]> = {};
  for (const source of order.drivers) {
    const driver = await loadDriver(source, watch);
    drivers.push(watchedDriver(driver, watch));
    driverParameters[driver.name] = source.parameters;
  }
  const { result, trace, details } = await runToEnd(order, { drivers, driverParameters }, watch, (progress) => host.tell({ kind: "progress", progress }));
  const driver = result.driver === undefined ? {} : { driver: { ...result.driver, message: result.driver.ending === "threw" ? withPlace(result.driver.message, watch.thrown) : result.driver.message, services: watch.record.services, lastLog: watch.record.lastLog } };
  host.tell({ kind: "done", finished: { result: { ...result, ...driver }, trace, details } });
}

interface DriverHost {
  readonly record: WatchRecord;
  /** Does what it is told to, once, and says how it went. */
  readonly obey: (order: ToProcess) => Promise<void>;
  /** Something was thrown that nobody caught. */
  readonly caught: (ending: "uncaught error" | "unhandled rejection", thrown: unknown) => void;
}

export function createDriverHost(host: Host): DriverHost {
  let watch = new DriverWatch({ steps: Number.MAX_SAFE_INTEGER, publish: host.publish, giveUp: host.end });
  const obey = async (order: ToProcess): Promise<void> => {
    try {
      if (order.kind === "load") {
        for (const source of order.drivers) await loadDriver(source, watch);
        host.tell({ kind: "loaded" });
        return;
      }
      watch = new DriverWatch({ steps: order.steps, publish: host.publish, giveUp: host.end });
      await runScenario(host, watch, order);
    } catch (error) {
      if (error instanceof NotLoadedError) host.tell({ kind: "not-loaded", file: error.file, message: error.message, isSyntax: error.cause instanceof SyntaxError });
      else host.tell({ kind: "error", message: textOf(error) });
      // Node says the place of a syntax error only of one that nobody catches.
      if (error instanceof NotLoadedError && error.cause instanceof SyntaxError) rethrow(error.cause);
    }
  };
  return { get record() { return watch.record; }, obey, caught: (ending, thrown) => host.tell({ kind: "ended", ending, detail: textOf(thrown), record: watch.record }) };
}

function rethrow(error: SyntaxError): void {
  process.removeAllListeners("uncaughtException");
  setImmediate(() => {
    throw error;
  });
}
