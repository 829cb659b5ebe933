// Data Object Exchange (PCIe 6.30, 7.9.24): one request and its answer through a function's mailbox, and which objects the mailbox knows.

import { dataObjects, doeDevice } from "../../../registers/doe.ts";
import { findFirstExtended } from "../../platform/config-walk.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { pciFunctionOf } from "./device.ts";
import { configBus } from "./registers.ts";

export type DoeMailbox = StructureAccess<typeof doeDevice>;

const second = 1_000_000_000;
/** An answer is waited for one second, in 128 looks. */
const looks = 128;
const headerDwords = 2;
const mostDwords = 1 << 18;
/** Discovery objects that are asked for before a mailbox counts as broken. */
const mostObjects = 256;

/** The mailbox of a function, or undefined. */
export function findMailbox(kernel: Kernel, device: Device): DoeMailbox | undefined {
  const bus = configBus(kernel, pciFunctionOf(device).address);
  const at = findFirstExtended(bus, doeDevice.identity.id);
  return at === 0 ? undefined : structureAt(bus, at, doeDevice);
}

const awaitAnswer = task("pci.doeWait", function* (_kernel: Kernel, mailbox: DoeMailbox): Task<void> {
  for (let look = 0; look <= looks; look++) {
    const { error, ready } = mailbox.status.read();
    if (error === 1) throw new SystemError("EIO", "DOE: the mailbox reports an error");
    if (ready === 1) return;
    yield sleep(second / looks);
  }
  throw new SystemError("EIO", "DOE: no answer within a second");
});

function take(mailbox: DoeMailbox): number {
  const dword = Number(mailbox.readMailbox.readRaw());
  mailbox.readMailbox.writeRaw(0n);
  return dword;
}

/** Sends a request (vendor and type in `object`) and returns the answer's payload. @throws SystemError EBUSY; EIO no answer, or of another type or length */
export const exchangeData = task("pci.doe", function* (kernel: Kernel, mailbox: DoeMailbox, object: number, payload: readonly number[]): Task<number[]> {
  const { busy, error } = mailbox.status.read();
  if (busy === 1) throw new SystemError("EBUSY", "DOE: the mailbox is busy");
  if (error === 1) throw new SystemError("EIO", "DOE: the mailbox reports an error");
  for (const dword of [object, headerDwords + payload.length, ...payload]) mailbox.writeMailbox.writeRaw(BigInt(dword));
  mailbox.control.modify({ go: 1 });
  yield* awaitAnswer(kernel, mailbox);
  const found = take(mailbox);
  const length = take(mailbox) & (mostDwords - 1);
  if (found !== object || length < headerDwords) {
    mailbox.control.modify({ abort: 1 });
    throw new SystemError("EIO", `DOE: an answer of type 0x${found.toString(16)} and ${length} dwords`);
  }
  return Array.from({ length: length - headerDwords }, () => take(mailbox));
});

/** Vendor in 15:0, type in 23:16; next index in 31:24. */
const objectMask = 0xff_ffff;

/** Whether a mailbox knows an object, by discovery. @throws SystemError EIO */
export const knowsObject = task("pci.doeDiscovery", function* (kernel: Kernel, mailbox: DoeMailbox, object: number): Task<boolean> {
  mailbox.control.modify({ abort: 1 });
  for (let index = 0, count = 0; count < mostObjects; count++) {
    const [answer = 0] = yield* exchangeData(kernel, mailbox, dataObjects.discovery, [index]);
    if ((answer & objectMask) === object) return true;
    index = answer >>> 24;
    if (index === 0) return false;
  }
  throw new SystemError("EIO", "DOE: discovery does not end");
});
