// Devices whose mailboxes get random transactions: small, so that lists fill, payloads are short and limits are met.

import type { DeviceDescription } from "../../../src/platform/description.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import { resetTime } from "./bench.ts";

const MiB = 1n << 20n;
const device = (name: string, overrides: Partial<DeviceDescription>): DeviceDescription => ({
  name, volatileCapacity: 256n * MiB, serial: 0x1122_3344_5566_7788n, barSize: 262_144n, decoders: 4, readLatency: 300, writeLatency: 200, interleave3612: false, interleave16: false, mediaReadyTime: 0, preservesVolatile: false, resetTime, ...overrides,
});

export const mailboxDevices = {
  "volatile, short lists": device("plain", { mailbox: { payloadSize: 512, backgroundTime: 3, logDepths: [3, 2, 4, 1, 0], poisonListSize: 10, injectPoisonLimit: 6, commandTime: 2000 } }),
  "mixed, partitionable, labels": device("mixed", { volatileCapacity: 512n * MiB, persistentCapacity: 512n * MiB, labelArea: 1024n, mailbox: { payloadSize: 256, backgroundTime: 2500, logDepths: [1, 3, 2, 2, 0], poisonListSize: 4, injectPoisonLimit: 0, partitionAlignment: 256n * MiB, firmware: ["first", "second"], onlineActivation: false, commandTime: 777 } }),
  "persistent, dynamic capacity": device("dynamic", { volatileCapacity: 0n, persistentCapacity: 256n * MiB, labelArea: 4096n, mailbox: { payloadSize: 2048, backgroundTime: 900, logDepths: [8, 8, 8, 8, 4], dynamicRegions: [{ length: 512n * MiB, blockSize: 1n << 21n }, { length: 256n * MiB, blockSize: 64n }], dynamicExtents: 8 } }),
  "few commands": device("few", { mailbox: { payloadSize: 1024, backgroundTime: 40, logDepths: [2, 2, 2, 2, 0], commands: commandNames.filter((name) => ["base", "timestamp", "abort", "sanitize", "security", "firmware"].includes(commands[name].set)) } }),
} as const satisfies Readonly<Record<string, DeviceDescription>>;

export type MailboxDeviceName = keyof typeof mailboxDevices;
export const mailboxDeviceNames = Object.keys(mailboxDevices) as MailboxDeviceName[];
