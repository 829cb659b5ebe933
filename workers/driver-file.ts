// Driver files found and looked at before anything runs: confined to the scenario's folder, read for their digest, and .ts turned into JavaScript by esbuild where it is installed.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import { endingOf } from "../src/scenario/driver.ts";
import type { DriverSource } from "./driver-messages.ts";

/** A driver file that cannot be used; one sentence with place and remedy. */
export class DriverFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DriverFileError";
  }
}

/** Bytes; more is not a driver. */
const largest = 16 << 20;

/** What was made of .ts files, and goes with the command. */
export class DriverWorkshop {
  #folder: string | null = null;

  get folder(): string {
    return (this.#folder ??= mkdtempSync(join(tmpdir(), "cxl-sandbox-driver-")));
  }

  close(): void {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function readDriver(path: string, file: string): Buffer {
  try {
    const { size } = statSync(path);
    if (!statSync(path).isFile()) throw new DriverFileError(`${file} is no file`);
    if (size > largest) throw new DriverFileError(`${file} has ${size} bytes, a driver has at most ${largest}`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof DriverFileError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new DriverFileError(`there is no file ${file} (${path})`);
    throw new DriverFileError(`${file} cannot be read (${reasonOf(error)})`);
  }
}

/** Path of a driver of a scenario. @throws DriverFileError it leads out of the scenario's folder through a link */
function pathBelow(scenario: string, file: string): string {
  const folder = realpathSync(dirname(resolve(scenario)));
  const path = join(folder, file);
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return path;
  }
  const way = relative(folder, real);
  if (way === ".." || way.startsWith(`..${sep}`) || resolve(way) === way) throw new DriverFileError(`${file} is a link out of the scenario's folder, to ${real}; put the driver itself there`);
  return real;
}

/** Imports of the package by its own name lead to this package, wherever the driver stands. */
const ownName: Plugin = {
  name: "own-name",
  setup: (build) => {
    build.onResolve({ filter: /^cxl-sandbox(\/|$)/ }, ({ path }) => ({ path: import.meta.resolve(path), external: true }));
  },
};

type EsbuildLoader = () => Promise<typeof import("esbuild")>;

/** The esbuild that stands beside the driver, else beside this package. */
const installedEsbuild = (path: string): EsbuildLoader => async () => {
  try {
    return (await import(pathToFileURL(createRequire(path).resolve("esbuild")).href)) as typeof import("esbuild");
  } catch {
    return import("esbuild");
  }
};

function buildProblem(file: string, error: unknown): DriverFileError {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return new DriverFileError(`${file} cannot be built by esbuild (${reasonOf(error)})`);
  const { location } = first;
  return new DriverFileError(location === null ? `${file}: ${first.text}` : `${location.file}:${location.line}:${location.column + 1}: ${first.text}`);
}

/** JavaScript of a .ts with all that it imports, for a file that is to stand at `made`. @throws DriverFileError */
export async function bundle(path: string, file: string, made: string, load: EsbuildLoader = installedEsbuild(path)): Promise<string> {
  let esbuild: typeof import("esbuild");
  try {
    esbuild = await load();
  } catch {
    throw new DriverFileError(`${file} is TypeScript, and esbuild, which turns it into JavaScript, is not installed; install it with \`npm install --save-dev esbuild\`, or name a .js`);
  }
  try {
    const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, outfile: made, write: false, format: "esm", platform: "neutral", mainFields: ["module", "main"], target: "es2022", sourcemap: "inline", external: ["node:*"], plugins: [ownName], logLevel: "silent", absWorkingDir: process.cwd() });
    const [output] = outputFiles;
    if (output === undefined) throw new DriverFileError(`${file}: esbuild made nothing of it`);
    return output.text;
  } catch (error) {
    throw error instanceof DriverFileError ? error : buildProblem(file, error);
  }
}

/** The first 16 digits of the SHA-256 of a file. */
export const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

/** Looks at one driver. `path` is where `file` was found. @throws DriverFileError */
async function sourceAt(path: string, file: string, parameters: DriverSource["parameters"], workshop: DriverWorkshop): Promise<DriverSource> {
  const bytes = readDriver(path, file);
  const digest = digestOf(bytes);
  const ending = endingOf(file);
  if (ending === undefined) throw new DriverFileError(`${file} is no driver by its ending; it must be .js, .mjs, .ts or .wasm`);
  if (ending !== ".ts") return { file, url: pathToFileURL(path).href, kind: ending === ".wasm" ? "wasm" : "module", namesUs: bytes.includes("cxl-sandbox"), digest, isFile: true, parameters };
  const made = join(workshop.folder, `${basename(path, ".ts")}-${digest}.mjs`);
  writeFileSync(made, await bundle(path, file, made));
  return { file, url: pathToFileURL(made).href, kind: "module", namesUs: false, digest, isFile: false, parameters };
}

/** A driver that a scenario names. @throws DriverFileError */
export const scenarioDriver = async (scenario: string, { file, parameters }: Pick<DriverSource, "file" | "parameters">, workshop: DriverWorkshop): Promise<DriverSource> => sourceAt(pathBelow(scenario, file), file, parameters, workshop);

/** A driver that the user names, anywhere. @throws DriverFileError */
export const namedDriver = async (file: string, workshop: DriverWorkshop): Promise<DriverSource> => sourceAt(resolve(file), file, {}, workshop);
