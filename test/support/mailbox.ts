// One device and its command interface, driven through the public bus: registers by name, commands by name, events and vectors.

import { deviceBar, messageNumbers } from "../../registers/constants.ts";
import type { CommandName } from "../../registers/commands.ts";
import { commands } from "../../registers/commands.ts";
import { deviceBlock, deviceStatus, memoryDeviceStatus, primaryMailbox, secondaryMailbox } from "../../registers/device-block.ts";
import type { EventLog } from "../../registers/events.ts";
import type { PayloadLayout, ReturnCode } from "../../registers/payload-schema.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ModuleVariant } from "../../src/hardware/module.ts";
import type { DeviceDescription, MachineDescription, MailboxDescription } from "../../src/platform/description.ts";
import type { PayloadValue } from "../../src/platform/payload.ts";
import { decodeFields, encodePayload } from "../../src/platform/payload.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { structureAt } from "../../src/platform/registers.ts";
import type { Bench } from "./machine.ts";
import { deviceOf, machineOf, offsetOf, portOf, setUp } from "./machine.ts";

const barStart = 0x8_0000_0000n + 0x10_0000n;
export const nameOfCode = (code: number): ReturnCode | number => (Object.entries(returnCodes).find(([, value]) => value === code)?.[0] as ReturnCode | undefined) ?? code;

export interface Answer {
  readonly code: ReturnCode | number;
  readonly output: Uint8Array;
}

export interface MailboxBench extends Bench {
  readonly io: IoHandle;
  readonly mailbox: ReturnType<typeof structureAt<typeof primaryMailbox>>;
  readonly secondary: ReturnType<typeof structureAt<typeof secondaryMailbox>>;
  readonly status: ReturnType<typeof structureAt<typeof memoryDeviceStatus>>["status"];
  readonly events: ReturnType<typeof structureAt<typeof deviceStatus>>["eventStatus"];
  wait(time: number): void;
  /** Writes a payload, rings, waits for the command's time, reads the answer. `length` where it is not the input's. */
  raw(opcode: number, input?: Uint8Array, options?: { readonly length?: number; readonly isSecondary?: boolean }): Answer;
  send(name: CommandName, values?: Readonly<Record<string, PayloadValue>>, rest?: { readonly items?: readonly Readonly<Record<string, PayloadValue>>[]; readonly data?: Uint8Array }): Answer;
  /** Output of a command that succeeds, by name. @throws Error when it does not */
  ask(name: CommandName, values?: Readonly<Record<string, PayloadValue>>): Readonly<Record<string, PayloadValue>>;
  /** How the background operation under way ended. */
  finishBackground(): ReturnCode | number;
  act(action: ProbeAction): void;
  inject(log: EventLog, record: Uint8Array, times?: number): void;
  /** MSI-X vectors sent since the last look. */
  vectors(): number[];
}

const vectorBase = 0x50;

/** A machine of one device with everything: labels, both kinds of capacity that can be partitioned, dynamic capacity. */
export function mailboxMachine(mailbox: Partial<MailboxDescription> = {}, device: Partial<DeviceDescription> = {}, machine: Partial<MachineDescription> = {}): MachineDescription {
  const mib = 1n << 20n;
  const full: Partial<MailboxDescription> = { partitionAlignment: 256n * mib, firmware: ["first", "second", "", ""], dynamicRegions: [{ length: 256n * mib, blockSize: 2n * mib }], dynamicExtents: 4, logDepths: [8, 8, 8, 8, 8], ...mailbox };
  return machineOf([portOf("rp0", { slots: [deviceOf("dev", { volatileCapacity: 512n * mib, persistentCapacity: 256n * mib, labelArea: 65_536n, mailbox: full, ...device })] })], machine);
}

export function setUpMailbox(description: MachineDescription = mailboxMachine(), variant: ModuleVariant = "release"): MailboxBench {
  const bench = setUp(description, variant);
  const { hardware, platform } = bench;
  const io = platform.ioremap(barStart + BigInt(deviceBar.device), 0x1_0000n);
  const mailbox = structureAt(io, deviceBlock.primaryMailbox, primaryMailbox);
  const secondary = structureAt(io, deviceBlock.secondaryMailbox, secondaryMailbox);
  let probe = 0;
  const wait = (time: number): void => hardware.advanceTo(hardware.now + time);
  const raw: MailboxBench["raw"] = (opcode, input = new Uint8Array(0), options = {}) => {
    const at = options.isSecondary === true ? deviceBlock.secondaryMailbox : deviceBlock.primaryMailbox;
    const registers = options.isSecondary === true ? secondary : mailbox;
    for (const [index, byte] of input.entries()) io.write8(at + deviceBlock.mailboxRegisters + index, byte);
    registers.command.write({ opcode, payloadLength: options.length ?? input.length });
    registers.control.modify({ doorbell: 1 });
    wait(3000);
    const { payloadLength } = registers.command.read();
    return { code: nameOfCode(registers.status.get("returnCode")), output: Uint8Array.from({ length: payloadLength }, (_, index) => io.read8(at + deviceBlock.mailboxRegisters + index)) };
  };
  const send: MailboxBench["send"] = (name, values = {}, rest = {}) => raw(commands[name].opcode, encodePayload<PayloadLayout>(commands[name].input, values, rest));
  const act = (action: ProbeAction): void => {
    armProbe(hardware, probe++ % description.limits.probes, { match: { kind: "time", at: hardware.now + 1 }, action });
    wait(2);
  };
  return {
    ...bench, io, mailbox, secondary, wait, raw, send, act,
    status: structureAt(io, deviceBlock.memoryStatus, memoryDeviceStatus).status,
    events: structureAt(io, deviceBlock.status, deviceStatus).eventStatus,
    ask(name, values = {}) {
      const { code, output } = send(name, values);
      if (code !== "success") throw new Error(`${name} ended with ${code}`);
      return decodeFields(output, commands[name].output.fields);
    },
    finishBackground() {
      for (let step = 0; mailbox.status.get("backgroundOperation") !== 0; step++) {
        if (step > 100_000) throw new Error("the background operation does not end");
        hardware.advanceTo(hardware.nextDeadline);
      }
      return nameOfCode(mailbox.background.get("returnCode"));
    },
    inject: (log, record, times) => act({ kind: "injectEvent", device: "dev", log, record, ...(times === undefined ? {} : { times }) }),
    vectors() {
      const seen: number[] = [];
      for (let message = platform.interrupts.take(); message !== undefined; message = platform.interrupts.take()) if (message.data >= vectorBase) seen.push(message.data - vectorBase);
      return seen;
    },
  };
}

/** MSI-X on, every vector open, bus master at the device and its port. */
export function enableVectors(bench: MailboxBench, count = 16): void {
  const address = bench.deviceAddress(0);
  const table = bench.platform.ioremap(barStart + BigInt(deviceBar.messages), 0x1000n);
  for (let vector = 0; vector < count; vector++) {
    table.write32(vector * 16, 0xfee0_0000);
    table.write32(vector * 16 + 8, vectorBase + vector);
    table.write32(vector * 16 + 12, 0);
  }
  bench.platform.config.write16(address, 4, 6);
  bench.platform.config.write16(address, offsetOf("deviceConfig", "msix", "control"), 0x8000);
}

export const eventVector = messageNumbers.event;
