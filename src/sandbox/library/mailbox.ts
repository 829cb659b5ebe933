// A command through a device's primary mailbox, as CXL 3.2 8.2.9.4 orders it: payload, command, doorbell, poll, answer.

import { deviceBlock } from "../../../registers/device-block.ts";
import type { BlockAccess, DeviceView } from "./contract.ts";
import { MailboxTimeoutError } from "./errors.ts";
import { deviceBlockSize } from "./places.ts";
import type { ViewHost } from "./views.ts";

const second = 1_000_000_000;
/** Longest wait for the doorbell, and for a mailbox that is not ready (virtual ns): as long as Linux waits. */
const doorbellTimeout = 2 * second;
const readyTimeout = 60 * second;
const firstPoll = 1_000;
const longestPoll = 1_000_000;
const payloadAt = deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters;
const dword = 4;

type Registers = BlockAccess<"deviceRegisters">;

/** Looks ever more seldom until `isDone` or `limit` ns are over; false: they are. */
function poll(host: ViewHost, limit: number, isDone: () => boolean): boolean {
  const end = host.now + limit;
  let pause = firstPoll;
  while (!isDone()) {
    if (host.now >= end) return false;
    host.advance(pause);
    pause = Math.min(2 * pause, longestPoll);
  }
  return true;
}

function stateOf({ primaryMailbox, memoryDeviceStatus }: Registers): string {
  const { mailboxReady, deviceFatal, firmwareHalt } = memoryDeviceStatus.status.read();
  const doorbell = primaryMailbox.control.get("doorbell");
  return `doorbell ${doorbell}, mailbox ready ${mailboxReady}, fatal ${deviceFatal}, firmware halt ${firmwareHalt}${mailboxReady === 1 && deviceFatal === 1 ? " (all ones: nobody answers)" : ""}`;
}

/** @throws MailboxTimeoutError, RangeError the input does not fit the payload */
export function runMailbox(host: ViewHost, device: DeviceView, opcode: number, input: Uint8Array): { readonly returnCode: number; readonly output: Uint8Array } {
  if (!Number.isInteger(opcode) || opcode < 0 || opcode > 0xffff) throw new RangeError(`opcode ${opcode} is not in 0..0xffff`);
  const registers = device.deviceRegisters;
  const { primaryMailbox, memoryDeviceStatus } = registers;
  const io = host.mappings.map(device.deviceRegistersAt, deviceBlockSize(host.hardware.description, device.name));
  try {
    const start = host.now;
    const give = (): never => {
      throw new MailboxTimeoutError(device.name, opcode, host.now - start, stateOf(registers));
    };
    const room = Number(io.size) - payloadAt;
    if (input.length > room) throw new RangeError(`${device.name}: ${input.length} bytes of input do not fit the mailbox payload of ${room} bytes`);
    const isIdle = (): boolean => primaryMailbox.control.get("doorbell") === 0;
    if (!poll(host, readyTimeout, () => memoryDeviceStatus.status.get("mailboxReady") === 1) || !poll(host, doorbellTimeout, isIdle)) give();
    const padded = new Uint8Array(Math.ceil(input.length / dword) * dword);
    padded.set(input);
    const words = new DataView(padded.buffer);
    for (let at = 0; at < padded.length; at += dword) io.write32(payloadAt + at, words.getUint32(at, true));
    primaryMailbox.command.write({ opcode, payloadLength: input.length });
    primaryMailbox.control.write({ doorbell: 1 });
    if (!poll(host, doorbellTimeout, isIdle)) give();
    const returnCode = primaryMailbox.status.get("returnCode");
    const length = Math.min(primaryMailbox.command.get("payloadLength"), room);
    const output = new Uint8Array(Math.ceil(length / dword) * dword);
    const view = new DataView(output.buffer);
    for (let at = 0; at < output.length; at += dword) view.setUint32(at, io.read32(payloadAt + at), true);
    return { returnCode, output: output.slice(0, length) };
  } finally {
    io.unmap();
  }
}
