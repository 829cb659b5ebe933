// Register reads as a driver author writes them: a machine from createMachine, mappings, loops over offsets.

import { deviceBlock } from "../registers/device-block.ts";
import { createMachineSync } from "../src/sandbox/library/create.ts";
import type { IoHandle } from "../src/platform/platform.ts";

export interface UserRead {
  readonly name: string;
  /** Reads `count` times. */
  readonly run: (count: number) => void;
}

/** What was read goes somewhere, so that no read is thought useless. */
let sink: number | bigint = 0;

/** Sum of 32-bit reads of the first 32 dwords. */
export function read32(handle: IoHandle, count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + handle.read32((i & 31) << 2)) >>> 0;
  sink = sum;
}

function read16(handle: IoHandle, at: number, count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + handle.read16(at + ((i & 31) << 1))) >>> 0;
  sink = sum;
}

function read8(handle: IoHandle, at: number, count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + handle.read8(at + (i & 31))) >>> 0;
  sink = sum;
}

function read64(handle: IoHandle, count: number): void {
  let last = 0n;
  for (let i = 0; i < count; i++) last = handle.read64((i & 15) << 3);
  sink = last;
}

const size = 0x1000n;
const mappings = 16;

/** All of them on one machine; the first is the one that others are held against. */
export function userReads(module: WebAssembly.Module): UserRead[] {
  const machine = createMachineSync(module, { hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }, { device: { volatile: "256MiB" } }] }] });
  const bridge = machine.hostBridge("hb0");
  const device = machine.device("dev0");
  const handle = machine.ioremap(bridge.registersAt, size);
  const many = Array.from({ length: mappings }, () => machine.ioremap(bridge.registersAt, size));
  const payload = machine.ioremap(device.deviceRegistersAt, size);
  const payloadAt = deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters;
  const { globalControl } = bridge.registers.hdmDecoderPort;
  const { bdf } = device;
  const each = (count: number, read: (i: number) => number): void => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = (sum + read(i)) >>> 0;
    sink = sum;
  };
  return [
    { name: "32-bit, mapped", run: (count) => read32(handle, count) },
    {
      name: `32-bit, ${mappings} mappings in turn`,
      run: (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum = (sum + (many[i & (mappings - 1)]?.read32((i & 31) << 2) ?? 0)) >>> 0;
        sink = sum;
      },
    },
    { name: "16-bit, mapped", run: (count) => read16(payload, payloadAt, count) },
    { name: "8-bit, mapped", run: (count) => read8(payload, payloadAt, count) },
    { name: "64-bit, mapped (a bigint each)", run: (count) => read64(handle, count) },
    { name: "a field by name", run: (count) => each(count, () => globalControl.get("poisonOnDecodeErrorEnable")) },
    { name: "32-bit by address, bus.read32", run: (count) => each(count, (i) => machine.bus.read32(bridge.registersAt + BigInt((i & 31) << 2))) },
    { name: "32-bit of config space", run: (count) => each(count, (i) => machine.config.read32(bdf, (i & 31) << 2)) },
  ];
}

/** The last value read; keeps the reads alive. */
export const lastRead = (): number | bigint => sink;
