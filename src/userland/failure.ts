// What commands that act share: a step that fails, what the tool says about it, and stores that the tool's library makes.

import type { Errno } from "../kernel/base/errno.ts";
import { SystemError, errnoTable, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { deviceFolder, driverOf } from "./tree.ts";

/** A step of a command that failed. `where` and the message are what the tool says; an empty `where` means that the message is all of it. */
export class ToolFailure extends Error {
  readonly errno: Errno;
  readonly where: string;
  /** The tool forgets the line's end. */
  readonly isLineOpen: boolean;
  constructor(errno: Errno, where: string, message: string, how: { readonly isLineOpen?: true } = {}) {
    super(message);
    this.errno = errno;
    this.where = where;
    this.isLineOpen = how.isLineOpen === true;
  }
}

/** "3 things", "1 thing". */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;

/** Exit code of a program that returns a negative error number. */
export const exitOf = (errno: Errno): number => 256 - errnoTable[errno][0];

/** Runs a store; the error number it failed with, or undefined. */
export function* tryStore(body: Task<void>): Task<Errno | undefined> {
  try {
    yield* body;
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return thrown.errno;
  }
}

/** Stores an attribute of a cxl device. @throws ToolFailure with `text` and what the C library says about the error */
export function* store(files: FileSystem, device: string, name: string, value: string, failure: { readonly where: string; readonly text: string; readonly isBare?: true }): Task<void> {
  const errno = yield* tryStore(files.write(`${deviceFolder("cxl", device)}/${name}`, value));
  if (errno !== undefined) throw new ToolFailure(errno, failure.where, failure.isBare === true ? failure.text : `${failure.text}: ${errnoText(errno)}`);
}

/** Binds a cxl device to its driver unless it is bound. @throws ToolFailure in the library's words */
export function* bindDevice(files: FileSystem, driver: string, device: string, where: string): Task<void> {
  if (driverOf(files, "cxl", device) !== undefined) return;
  const errno = yield* tryStore(files.write(`/sys/bus/cxl/drivers/${driver}/bind`, device));
  if (driverOf(files, "cxl", device) === undefined) throw new ToolFailure(errno ?? "ENXIO", "", `libcxl: ${where}: ${device}: failed to enable`);
}

/** Unbinds a cxl device if it is bound. @throws ToolFailure in the library's words */
export function* unbindDevice(files: FileSystem, driver: string, device: string, where: string): Task<void> {
  if (driverOf(files, "cxl", device) === undefined) return;
  const errno = yield* tryStore(files.write(`/sys/bus/cxl/drivers/${driver}/unbind`, device));
  if (files.exists(deviceFolder("cxl", device)) && driverOf(files, "cxl", device) !== undefined) throw new ToolFailure(errno ?? "EBUSY", "", `libcxl: ${where}: ${device}: failed to disable`);
}

/** Waits for work on ports that the kernel has queued, as the library does after it took a driver away. */
export function* flushBus(files: FileSystem): Task<void> {
  yield* tryStore(files.write("/sys/bus/cxl/flush", "1"));
}

/** One line on standard error: `cxl region: create_region: ...`. */
export const complaint = (tool: string, failure: ToolFailure): string => `${failure.where === "" ? "" : `${tool}: ${failure.where}: `}${failure.message}${failure.isLineOpen ? "" : "\n"}`;
