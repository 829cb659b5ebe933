// The mailbox of a memory device from the kernel's side: it is waited for, takes one command at a time, and every command ends (CXL 3.2 8.2.9.4;
// device-registers.md 4.6 to 4.8; error-recovery 6.1).

import type { CommandName } from "../../../registers/commands.ts";
import { commands } from "../../../registers/commands.ts";
import { deviceBlock } from "../../../registers/device-block.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { printkLimited } from "../base/ratelimit.ts";
import { describeState, isBackgroundDone, mailboxRegister, memoryStatusOf, readBytes, writeBytes } from "./device-registers.ts";
import type { DeviceState } from "./device-state.ts";
import { CommandError, describeReturnCode } from "./mailbox-errors.ts";
import { lockMailbox, unlockMailbox } from "./mailbox-lock.ts";
import { startSanitizePoll } from "./sanitize-poll.ts";

const millisecond = 1_000_000;
const second = 1_000_000_000;
const doorbellTimeout = 2 * second;
const firstPoll = 1_000;
const readyTimeout = 60 * second;
const readyPoll = 100 * millisecond;
const smallestPayload = 256;
const largestPayload = 1 << 20;

/** A command to send. Sizes in bytes. */
export interface Command {
  readonly name: CommandName;
  readonly input?: Uint8Array;
  /** Output wanted at most; absent: none. */
  readonly output?: number;
  /** Output needed at least; absent: all that is wanted. */
  readonly least?: number;
  /** How a background operation is waited for: milliseconds between looks, and how many. */
  readonly poll?: { readonly interval: number; readonly count: number };
}

const logName = (state: DeviceState): string => `cxl_pci ${state.device.name}`;
const hexOpcode = (opcode: number): string => `0x${opcode.toString(16).padStart(4, "0")}`;
const isDoorbellSet = (state: DeviceState): boolean => mailboxRegister(state.registers, "control").get("doorbell") === 1;

/** Waits until the doorbell is clear; returns whether it became so within 2 s. */
const awaitDoorbell = task("mailbox.awaitDoorbell", function* (kernel: Kernel, state: DeviceState): Task<boolean> {
  const start = kernel.platform.clock.now;
  let pause = firstPoll;
  while (isDoorbellSet(state)) {
    if (kernel.platform.clock.now - start > doorbellTimeout) return false;
    yield sleep(pause);
    // The driver spins; looking ever more seldom spares the run without hiding much of the time.
    pause = Math.min(2 * pause, millisecond);
  }
  printk(kernel, "debug", `${logName(state)}: Doorbell wait took ${Math.floor((kernel.platform.clock.now - start) / millisecond)}ms`);
  return true;
});

/**
 * Waits for the mailbox and learns its size.
 * @throws SystemError ETIMEDOUT not ready within 60 s, or a command of before does not end; ENXIO payload below 256 bytes
 */
export const openMailbox = task("mailbox.open", function* (kernel: Kernel, state: DeviceState): Task<void> {
  const { registers } = state;
  const { payloadSize } = mailboxRegister(registers, "capability").read();
  const deadline = kernel.platform.clock.now + readyTimeout;
  let isReady = memoryStatusOf(registers).mailboxReady === 1;
  while (!isReady && kernel.platform.clock.now <= deadline) {
    yield sleep(readyPoll);
    isReady = memoryStatusOf(registers).mailboxReady === 1;
  }
  const give = (text: string): never => {
    printk(kernel, "err", `${logName(state)}: ${text}, ${describeState(registers)}`);
    throw new SystemError("ETIMEDOUT", `${state.device.name}: ${text}`);
  };
  if (!isReady) give("timeout awaiting mailbox ready");
  if (!(yield* awaitDoorbell(kernel, state))) give("timeout awaiting mailbox idle");
  state.payloadSize = Math.min(2 ** payloadSize, largestPayload);
  if (state.payloadSize < smallestPayload) {
    printk(kernel, "err", `${logName(state)}: Mailbox is too small (${state.payloadSize}b)`);
    throw new SystemError("ENXIO", `${state.device.name}: a mailbox of ${state.payloadSize} bytes`);
  }
  printk(kernel, "debug", `${logName(state)}: Mailbox payload sized ${state.payloadSize}`);
});

const awaitBackground = task("mailbox.awaitBackground", function* (kernel: Kernel, state: DeviceState, command: Command): Task<number> {
  const { opcode } = commands[command.name];
  const { interval, count } = command.poll ?? { interval: 0, count: 0 };
  printk(kernel, "debug", `${logName(state)}: Mailbox background operation (${hexOpcode(opcode)}) started`);
  for (let look = 0; look < count && !isBackgroundDone(state.registers); look++) yield sleep(interval * millisecond);
  if (!isBackgroundDone(state.registers)) {
    printk(kernel, "err", `${logName(state)}: timeout waiting for background (${interval * count} ms)`);
    throw new SystemError("ETIMEDOUT", `${state.device.name}: ${command.name} does not end`);
  }
  printk(kernel, "debug", `${logName(state)}: Mailbox background operation (${hexOpcode(opcode)}) completed`);
  return mailboxRegister(state.registers, "background").get("returnCode");
});

/** @throws SystemError EBUSY the doorbell is set, or a sanitize runs and the command is no look at the device's health */
function handOver(kernel: Kernel, state: DeviceState, command: Command): void {
  const { opcode } = commands[command.name];
  const { registers } = state;
  if (isDoorbellSet(state)) {
    printkLimited(kernel, "err", "mailbox busy", `${logName(state)}: mailbox queue busy (opcode: 0x${opcode.toString(16)}), ${describeState(registers)}`);
    throw new SystemError("EBUSY", `${state.device.name}: the mailbox is busy`);
  }
  if (state.sanitize.pollSeconds > 0 && command.name !== "getHealth") throw new SystemError("EBUSY", `${state.device.name}: a sanitize is under way`);
  const input = command.input ?? new Uint8Array(0);
  writeBytes(registers.handle, registers.mailbox + deviceBlock.mailboxRegisters, input);
  mailboxRegister(registers, "command").write({ opcode, payloadLength: input.length });
  printk(kernel, "debug", `${logName(state)}: Sending command: ${hexOpcode(opcode)}`);
  // The doorbell alone: whatever interrupt was enabled is off from here on, as in the driver.
  mailboxRegister(registers, "control").write({ doorbell: 1 });
  mark(kernel, `command ${command.name}`, state.device.name);
}

/** Return code of a command whose doorbell is clear. @throws SystemError ETIMEDOUT, EBUSY a second sanitize */
const finish = task("mailbox.finish", function* (kernel: Kernel, state: DeviceState, command: Command): Task<number> {
  const code = mailboxRegister(state.registers, "status").get("returnCode");
  if (code !== returnCodes.backgroundStarted) return code;
  if (command.name !== "sanitize") return yield* awaitBackground(kernel, state, command);
  if (state.sanitize.isActive) throw new SystemError("EBUSY", `${state.device.name}: a sanitize is under way`);
  startSanitizePoll(kernel, state);
  return returnCodes.success;
});

const exchange = task("mailbox.exchange", function* (kernel: Kernel, state: DeviceState, command: Command): Task<Uint8Array> {
  const { registers } = state;
  handOver(kernel, state, command);
  if (!(yield* awaitDoorbell(kernel, state))) {
    printkLimited(kernel, "err", "mailbox timeout", `${logName(state)}: mailbox timeout (opcode: 0x${commands[command.name].opcode.toString(16)}), ${describeState(registers)}`);
    throw new SystemError("ETIMEDOUT", `${state.device.name}: ${command.name} does not end`);
  }
  const code = yield* finish(kernel, state, command);
  if (code !== returnCodes.success) {
    printk(kernel, "debug", `${logName(state)}: Mailbox operation had an error: ${describeReturnCode(code)}`);
    throw new CommandError(command.name, code);
  }
  const length = mailboxRegister(registers, "command").get("payloadLength");
  return readBytes(registers.handle, registers.mailbox + deviceBlock.mailboxRegisters, Math.min(command.output ?? 0, state.payloadSize, length));
});

/**
 * Sends a command and waits for its end, background operations included; only a sanitize goes on by itself. Returns its output.
 * @throws CommandError the device completed it with an error; SystemError E2BIG it does not fit the payload; EBUSY, ETIMEDOUT; EIO the output is too short
 */
export const sendCommand = task("mailbox.send", function* (kernel: Kernel, state: DeviceState, command: Command): Task<Uint8Array> {
  const wanted = command.output ?? 0;
  if ((command.input?.length ?? 0) > state.payloadSize || wanted > state.payloadSize) throw new SystemError("E2BIG", `${state.device.name}: ${command.name} needs more than ${state.payloadSize} bytes`);
  yield* lockMailbox(kernel, state);
  try {
    const output = yield* exchange(kernel, state, command);
    if (output.length < (command.least ?? wanted)) throw new SystemError("EIO", `${state.device.name}: ${command.name} gave ${output.length} bytes`);
    return output;
  } finally {
    unlockMailbox(kernel, state);
  }
});
