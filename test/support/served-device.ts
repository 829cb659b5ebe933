// A driver outside, as far as tests need one: it knows a served device by its contract alone.

import { blocks, cacheMemoryRange, deviceBar } from "../../registers/blocks.ts";
import { commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { decode } from "../../src/platform/registers.ts";
import type { InterruptWrite, ServedFunction } from "../../src/vfio-user/contract.ts";

const { deviceConfig, deviceComponent, deviceRegisters } = blocks;
const header = deviceConfig.placements.endpointHeader.structure.registers;
const { at: msiAt, structure: { registers: msi } } = deviceConfig.placements.msi;
const { at: mailboxAt, structure: { registers: mailbox } } = deviceRegisters.placements.primaryMailbox;
const { at: hdmAt, structure: { registers: hdm } } = deviceComponent.placements.hdmDecoderDevice;

const mailboxRegister = ({ offset }: { readonly offset: number }): number => deviceBar.device + mailboxAt + offset;
const payload = deviceBar.device + mailboxAt + deviceBlock.mailboxRegisters;
const decoderRegister = ({ offset }: { readonly offset: number }): number => cacheMemoryRange.offset + hdmAt + offset;

/** Memory space and bus master on, the BAR at an address of the client's own, one message by MSI. */
export function enable(one: ServedFunction): void {
  one.writeConfig(header.bar0.offset, 4, 0xffff_ffff);
  one.readConfig(header.bar0.offset, 4);
  one.writeConfig(header.bar0.offset, 4, 0xe000_0000);
  one.writeConfig(header.bar1.offset, 4, 0);
  one.writeConfig(header.command.offset, 2, 6);
  one.writeConfig(msiAt + msi.addressLow.offset, 4, 0xfee0_1000);
  one.writeConfig(msiAt + msi.addressHigh.offset, 4, 0);
  one.writeConfig(msiAt + msi.data.offset, 2, 0x41);
  one.writeConfig(msiAt + msi.control.offset, 2, 1);
}

/** The message that `enable` asked for. */
export const message: InterruptWrite = { address: 0xfee0_1000n, data: 0x41 };

/** Runs a mailbox command, polling the doorbell; `pass` lets time go by. Gives the return code, or null: the doorbell was never cleared. */
export function command(one: ServedFunction, name: keyof typeof commands, input: readonly bigint[], length: number, pass: () => void): number | null {
  for (const [index, word] of input.entries()) one.writeBar(0, payload + 8 * index, 8, word);
  one.writeBar(0, mailboxRegister(mailbox.command), 8, BigInt(commands[name].opcode) | (BigInt(length) << 16n));
  one.writeBar(0, mailboxRegister(mailbox.control), 4, 1n);
  for (let poll = 0; (one.readBar(0, mailboxRegister(mailbox.control), 4) & 1n) !== 0n; poll++) {
    if (poll === 20) return null;
    pass();
  }
  return Number((one.readBar(0, mailboxRegister(mailbox.status), 8) >> 32n) & 0xffffn);
}

/** The first eight bytes of the last command's output. */
export const output = (one: ServedFunction): bigint => one.readBar(0, payload, 8);

/** Commits decoder 0 over 256 MiB at `base`; gives its control register. */
export function commitDecoder(one: ServedFunction, base: bigint, pass: () => void): number {
  one.writeBar(0, decoderRegister(hdm.globalControl), 4, 2n);
  one.writeBar(0, decoderRegister(hdm.baseHigh), 4, base >> 32n);
  one.writeBar(0, decoderRegister(hdm.baseLow), 4, base & 0xffff_ffffn);
  one.writeBar(0, decoderRegister(hdm.sizeHigh), 4, 0n);
  one.writeBar(0, decoderRegister(hdm.sizeLow), 4, 0x1000_0000n);
  one.writeBar(0, decoderRegister(hdm.control), 4, 0x1200n);
  for (let poll = 0; poll < 5; poll++) pass();
  return Number(one.readBar(0, decoderRegister(hdm.control), 4));
}

export const committed = 1 << 10;
export const errorNotCommitted = 1 << 11;

/** Base of decoder 0, as it reads. */
export const decoderBase = (one: ServedFunction): bigint => (one.readBar(0, decoderRegister(hdm.baseHigh), 4) << 32n) | one.readBar(0, decoderRegister(hdm.baseLow), 4);

const status = deviceRegisters.placements.memoryDeviceStatus;

export function memoryStatus(one: ServedFunction): { readonly media: number; readonly isMailboxReady: boolean } {
  const value = decode(status.structure.registers.status, one.readBar(0, deviceBar.device + status.at, 8));
  return { media: value.mediaStatus, isMailboxReady: value.mailboxReady === 1 };
}
