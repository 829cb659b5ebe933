// References that hold pages of a device file: long-term pins of assigned devices and RDMA. CPU access can be revoked at once, a pin cannot;
// page teardown waits for it without bound (S82, dax-memory 4.3).

import { wake } from "../../sim/task.ts";
import type { Task } from "../../sim/task.ts";
import { task, until } from "../../sim/task.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark, setTimer } from "../base/kernel.ts";
import type { MappableFile } from "./mapping.ts";
import { fileSize } from "./mapping.ts";
import type { PageHolder } from "./page-reference.ts";

export interface Pin extends PageHolder {
  readonly id: number;
  readonly file: MappableFile;
  readonly offset: bigint;
  readonly length: bigint;
}

interface PinTable {
  readonly pins: Map<number, Pin>;
  nextId: number;
}

const pinTable = defineState("pins", (): PinTable => ({ pins: new Map(), nextId: 1 }));
const channel = (file: MappableFile): string => `pins:${file.name}`;

export const pinsOf = (kernel: Kernel, file: MappableFile): Pin[] => [...pinTable(kernel).pins.values()].filter((pin) => pin.file === file);

/** Pins that a task on this channel waits for; none where it waits for something else. */
export const awaitedPins = (kernel: Kernel, waitChannel: string): Pin[] => [...pinTable(kernel).pins.values()].filter((pin) => channel(pin.file) === waitChannel);

/** Takes references on pages; by an assigned device or RDMA unless said otherwise. @throws SystemError EFAULT the range is not in the file or the file is dead; EOPNOTSUPP for long, of a file system */
export function pinPages(kernel: Kernel, owner: string, file: MappableFile, offset: bigint, length: bigint, { pid = 0, kind = "long" }: Partial<Pick<PageHolder, "pid" | "kind">> = {}): Pin {
  if (!file.isAlive || offset < 0n || length <= 0n || offset + length > fileSize(file)) throw new SystemError("EFAULT", `pin ${file.name}: offset ${offset} length ${length}`);
  if (kind === "long" && file.isFileSystem === true) throw new SystemError("EOPNOTSUPP", `pin ${file.name}: pages of a file system are not pinned for long`);
  const table = pinTable(kernel);
  const pin: Pin = { id: table.nextId++, owner, pid, kind, file, offset, length };
  table.pins.set(pin.id, pin);
  mark(kernel, `${file.name} pinned`, owner);
  return pin;
}

/** Drops a pin; a second time does nothing. */
export function unpin(kernel: Kernel, id: number): void {
  const table = pinTable(kernel);
  const pin = table.pins.get(id);
  if (pin === undefined) return;
  table.pins.delete(id);
  mark(kernel, `${pin.file.name} unpinned`, pin.owner);
  if (pinsOf(kernel, pin.file).length === 0) wake(kernel.scheduler, channel(pin.file));
}

export const unpinHandler = "mm-unpin";

/** Drops a pin `delay` virtual nanoseconds from now. */
export function unpinLater(kernel: Kernel, pin: Pin, delay: number): void {
  setTimer(kernel, delay, { handler: unpinHandler, argument: pin.id });
}

/** Waits, without bound, until no page of the file is referenced. */
export const waitForPins = task("waitForPins", function* (kernel: Kernel, file: MappableFile): Task<void> {
  while (pinsOf(kernel, file).length > 0) yield until(channel(file));
});

export const memoryHandlers: ReadonlyMap<string, Handler> = new Map([[unpinHandler, unpin]]);
