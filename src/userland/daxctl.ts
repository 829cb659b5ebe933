// `daxctl`: list, create, destroy, enable and disable dax devices; reconfigure to devdax.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { Json } from "./json.ts";
import { toJson } from "./json.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { daxDevicesOf, daxRegionOf, describeDaxDevice } from "./dax-describe.ts";
import { deviceFolder, devicesOf, driverOf, numberAttribute, pathOf } from "./tree.ts";

const listSpec = { devices: { short: "D" }, regions: { short: "R" }, mappings: { short: "M" }, idle: { short: "i" }, human: { short: "u" }, region: { short: "r", value: true }, dev: { short: "d", value: true } } as const;
const createSpec = { region: { short: "r", value: true }, size: { short: "s", value: true }, align: { short: "a", value: true } } as const;
const forceSpec = { force: { short: "f" }, mode: { short: "m", value: true }, region: { short: "r", value: true } } as const;

/** dax regions: folders that hold `dax_region`. */
function regionsOf(files: FileSystem): string[] {
  return devicesOf(files, "cxl", "dax_region").filter((name) => files.exists(`${deviceFolder("cxl", name)}/dax_region`));
}

function list(files: FileSystem, argv: readonly string[], output: Output): number {
  const options = parseOptions(listSpec, argv);
  const isIdle = options.flags.has("idle");
  const withMappings = options.flags.has("mappings");
  const wanted = options.values.get("region")?.replace(/^region/, "dax_region");
  const regions = regionsOf(files).filter((name) => wanted === undefined || name === wanted || name === `dax_region${wanted}`);
  const devices = (region: string): Json[] => daxDevicesOf(files, region, isIdle).filter((device) => options.values.get("dev") === undefined || options.values.get("dev") === device).map((device) => describeDaxDevice(files, device, withMappings));
  if (!options.flags.has("regions")) {
    output.out(toJson(regions.flatMap(devices)));
    return 0;
  }
  const read = (region: string, what: string): bigint => numberAttribute(files, "cxl", region, `dax_region/${what}`);
  output.out(
    toJson(
      regions.map((region) => {
        const available = read(region, "available_size");
        const listed = options.flags.has("devices") ? devices(region) : [];
        return { path: `/${pathOf(files, "cxl", region).slice(1).join("/")}`, id: read(region, "id"), size: read(region, "size"), available_size: available > 0n ? available : undefined, align: read(region, "align"), devices: listed.length > 0 ? listed : undefined };
      }),
    ),
  );
  return 0;
}

const writeDriver = (files: FileSystem, driver: string, file: "new_id" | "remove_id" | "unbind", device: string): Task<void> => files.write(`/sys/bus/dax/drivers/${driver}/${file}`, device);

function* create(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(createSpec, argv);
  const name = options.values.get("region");
  const region = regionsOf(files).find((one) => name === undefined || one === name || one === name.replace(/^region/, "dax_region") || one === `dax_region${name}`);
  if (region === undefined) throw new SystemError("ENODEV", `no dax region "${name ?? ""}"`);
  const folder = `${deviceFolder("cxl", region)}/dax_region`;
  const sizeText = options.values.get("size");
  const size = sizeText === undefined ? numberAttribute(files, "cxl", region, "dax_region/available_size") : parseToolSize(sizeText);
  if (size === undefined) throw new UsageProblem(`size "${sizeText ?? ""}" is no size`);
  const seen = new Set(daxDevicesOf(files, region, true));
  yield* files.write(`${folder}/create`, "1");
  const device = daxDevicesOf(files, region, true).find((one) => !seen.has(one));
  if (device === undefined) throw new SystemError("ENXIO", "no device appeared");
  try {
    const align = options.values.get("align");
    if (align !== undefined) yield* files.write(`${deviceFolder("dax", device)}/align`, align);
    yield* files.write(`${deviceFolder("dax", device)}/size`, String(size));
    // The kernel may have bound it already when it got its size.
    if (driverOf(files, "dax", device) === undefined) yield* writeDriver(files, "device_dax", "new_id", device);
  } catch (thrown) {
    if (driverOf(files, "dax", device) === undefined) {
      yield* files.write(`${deviceFolder("dax", device)}/size`, "0");
      yield* files.write(`${folder}/delete`, device);
    }
    throw thrown;
  }
  output.out(toJson([describeDaxDevice(files, device, false)]));
  return 1;
}

function* disable(files: FileSystem, device: string): Task<void> {
  const driver = driverOf(files, "dax", device);
  if (driver === undefined) return;
  // Who was given to a driver by name is nobody's again.
  yield* writeDriver(files, driver, "remove_id", device);
  yield* writeDriver(files, driver, "unbind", device);
}

function* destroy(files: FileSystem, device: string, isForced: boolean): Task<void> {
  if (driverOf(files, "dax", device) !== undefined && !isForced) throw new SystemError("ENXIO", `${device} is active, specify --force for deletion`);
  yield* disable(files, device);
  yield* files.write(`${deviceFolder("dax", device)}/size`, "0");
  try {
    yield* files.write(`${deviceFolder("cxl", daxRegionOf(files, device))}/dax_region/delete`, device);
  } catch (thrown) {
    // Instance 0 cannot vanish.
    if (!(thrown instanceof SystemError && thrown.errno === "EBUSY")) throw thrown;
  }
}

function* overDevices(files: FileSystem, argv: readonly string[], output: Output, verb: string, act: (device: string, isForced: boolean) => Task<void>): Task<number> {
  const options = parseOptions(forceSpec, argv);
  const all = devicesOf(files, "dax", "dax");
  const wanted = options.words.includes("all") ? all : options.words;
  let done = 0;
  let failed: SystemError | undefined;
  for (const device of wanted) {
    try {
      if (!all.includes(device)) throw new SystemError("ENODEV", `${device}: no such device`);
      yield* act(device, options.flags.has("force"));
      done++;
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      failed = thrown;
      output.err(`dax: ${device}: ${thrown.message}\n`);
    }
  }
  if (failed !== undefined) output.err(`error ${verb}: ${errnoText(failed.errno)}\n`);
  output.err(`${verb} ${done} device${done === 1 ? "" : "s"}\n`);
  return failed === undefined ? 0 : 1;
}

const driversByMode: Readonly<Record<string, string>> = { devdax: "device_dax", "system-ram": "kmem" };

/** Puts a device into another mode; one that has it already is left and counts as a failure, as in the tool. */
function* reconfigure(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(forceSpec, argv);
  const mode = options.values.get("mode") ?? "";
  const driver = driversByMode[mode];
  if (driver === undefined) throw new UsageProblem(`invalid mode '${mode}'`);
  const done: string[] = [];
  let failed: SystemError | undefined;
  for (const device of options.words) {
    try {
      if (driverOf(files, "dax", device) === driver) throw new SystemError("EBUSY", `already in ${mode} mode`);
      if (!files.exists(`/sys/bus/dax/drivers/${driver}`)) throw new SystemError("ENODEV", `no driver for ${mode} mode`);
      yield* disable(files, device);
      yield* files.write(`/sys/bus/dax/drivers/${driver}/new_id`, device);
      if (driverOf(files, "dax", device) !== driver) throw new SystemError("ENXIO", `failed to bind to ${driver}`);
      done.push(device);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      failed = thrown;
      output.err(`dax: ${device}: ${thrown.message}\n`);
    }
  }
  if (failed !== undefined) output.err(`error reconfiguring devices: ${errnoText(failed.errno)}\n`);
  if (done.length > 0) output.out(toJson(done.map((device) => describeDaxDevice(files, device, false))));
  output.err(`reconfigured ${done.length} device${done.length === 1 ? "" : "s"}\n`);
  return failed === undefined ? 0 : 1;
}

/** `daxctl ...`: exit code. */
export function* daxctl(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "list":
      return list(files, rest, output);
    case "create-device": {
      const made = yield* create(files, rest, output);
      output.err(`created ${made} device\n`);
      return 0;
    }
    case "disable-device":
      return yield* overDevices(files, rest, output, "disabled", (device) => disable(files, device));
    case "enable-device":
      return yield* overDevices(files, rest, output, "enabled", (device) => writeDriver(files, "device_dax", "new_id", device));
    case "destroy-device":
      return yield* overDevices(files, rest, output, "destroyed", (device, isForced) => destroy(files, device, isForced));
    case "reconfigure-device":
      return yield* reconfigure(files, rest, output);
    default:
      throw new UsageProblem(`Unknown command: '${command ?? ""}'`);
  }
}
