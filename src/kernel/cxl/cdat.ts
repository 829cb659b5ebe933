// The Coherent Device Attribute Table of an endpoint or a switch, read over DOE when its port is probed (region-assembly 4.3; config-space sheet 12).

import { dataObjects } from "../../../registers/doe.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { isPciDevice, pciFunctionOf } from "../pci/device.ts";
import type { DoeMailbox } from "../pci/doe.ts";
import { exchangeData, findMailbox, knowsObject } from "../pci/doe.ts";
import { memdevOf, portOf } from "./types.ts";

const headerBytes = 16;
const lastEntry = 0xffff;
const largestTable = 1 << 20;

const bytesOf = (dwords: readonly number[]): number[] => dwords.flatMap((dword) => [dword & 0xff, (dword >>> 8) & 0xff, (dword >>> 16) & 0xff, dword >>> 24]);

/** One entry and the handle of the next. Request: 7:0 read, 15:8 the table, 31:16 the handle. @throws SystemError EIO refused */
const readEntry = task("cxl.cdatEntry", function* (kernel: Kernel, mailbox: DoeMailbox, handle: number): Task<{ readonly bytes: number[]; readonly next: number }> {
  const [head = 0, ...entry] = yield* exchangeData(kernel, mailbox, dataObjects.tableAccess, [(handle << 16) >>> 0]);
  if ((head & 0xffff) !== 0) throw new SystemError("EIO", `CDAT entry ${handle}: answer 0x${head.toString(16)}`);
  return { bytes: bytesOf(entry), next: head >>> 16 };
});

/** Length first, from the header; then every entry, the header among them. @throws SystemError EIO broken, or its bytes do not sum to 0 */
const readTable = task("cxl.cdatTable", function* (kernel: Kernel, port: Device, mailbox: DoeMailbox): Task<Uint8Array> {
  const header = yield* readEntry(kernel, mailbox, 0);
  const length = header.bytes.slice(0, 4).reduce((sum, byte, index) => sum + byte * 256 ** index, 0);
  if (header.bytes.length !== headerBytes || length > largestTable) throw new SystemError("EIO", `CDAT of ${length} bytes`);
  printk(kernel, "debug", `cxl_port ${port.name}: CDAT length ${length}`);
  const bytes: number[] = [];
  for (let handle = 0; handle !== lastEntry && bytes.length < length; ) {
    const entry = yield* readEntry(kernel, mailbox, handle);
    if (entry.bytes.length === 0) throw new SystemError("EIO", `CDAT entry ${handle} is empty`);
    bytes.push(...entry.bytes);
    handle = entry.next;
  }
  if (bytes.length !== length || (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff) !== 0) throw new SystemError("EIO", `CDAT: ${bytes.length} of ${length} bytes, or a wrong checksum`);
  return Uint8Array.from(bytes);
});

/** The PCI function that has a port's table: the one below a memdev, or a switch's upstream port. */
function functionOf(port: Device): Device | undefined {
  const { kind, uport } = portOf(port);
  const device = kind === "endpoint" ? memdevOf(uport).pciDevice : uport;
  return isPciDevice(device) && !pciFunctionOf(device).isDisconnected ? device : undefined;
}

/** Reads a port's table and keeps it; a port without one, or with a broken one, comes up all the same. */
export const readCdat = task("cxl.readCdat", function* (kernel: Kernel, port: Device): Task<void> {
  const device = functionOf(port);
  const mailbox = device === undefined ? undefined : findMailbox(kernel, device);
  if (mailbox === undefined) return;
  try {
    if (yield* knowsObject(kernel, mailbox, dataObjects.tableAccess)) portOf(port).cdat = yield* readTable(kernel, port, mailbox);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "err", `cxl_port ${port.name}: Failed to read/validate CDAT.`);
  }
});

/** The table as it is, a character per byte. */
export const cdatAttribute: Attribute = {
  name: "CDAT", visible: (_kernel, port) => portOf(port).cdat !== null, show: (_kernel, port) => Array.from(portOf(port).cdat ?? [], (byte) => String.fromCharCode(byte)).join(""),
};
