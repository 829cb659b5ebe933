// The device block (CXL 8.2.9): its capability array walked, and what stands there as structures: the array, a header for each capability, the
// registers of each, and the payload behind the primary mailbox.

import { deviceBlock, deviceCapabilities, deviceCapabilityIds, deviceStatus, memoryDeviceStatus, primaryMailbox, secondaryMailbox } from "../../registers/device-block.ts";
import type { RegisterDeclaration, StructureDeclaration } from "../../registers/schema.ts";
import type { Declared, Found, Reader } from "./structures.ts";

const headerBytes = 0x10;
const mostHeaders = 64;
const largestPayload = 1 << 20;
const { array } = deviceCapabilities.registers;
const { header1, length1 } = deviceCapabilities.registers as unknown as Readonly<Record<"header1" | "length1", RegisterDeclaration>>;

/** Parts of the block that the model declares as one structure, or behind the image. */
const deviceArray: StructureDeclaration = { ...deviceCapabilities, length: headerBytes, registers: { array } };
const deviceHeader: StructureDeclaration = { ...deviceCapabilities, name: "deviceHeader", length: headerBytes, registers: { header: { ...header1, offset: 0 }, length: { ...length1, offset: 8 } } };
const mailboxPayload: StructureDeclaration = {
  name: "mailboxPayload", clause: "8.2.9.4.7", length: largestPayload, widths: [1, 2, 4, 8],
  registers: { payload: { offset: 0, width: 32, clause: "8.2.9.4.7", meaning: "Command payload", repeat: { count: largestPayload / 4, stride: 4 }, fields: { bytes: { bits: [31, 0], access: "RW", meaning: "Four bytes" } } } },
};

/** What differences and rules of a device block name. */
export const deviceStructures: readonly StructureDeclaration[] = [deviceArray, deviceHeader, mailboxPayload, deviceStatus, primaryMailbox, secondaryMailbox, memoryDeviceStatus];

const hex = (value: number): string => `0x${value.toString(16)}`;
const identityOf = (id: number): string => `device ${hex(id)}`;
export const mailboxIdentity = identityOf(deviceCapabilityIds.primaryMailbox);
export const deviceStatusIdentity = identityOf(deviceCapabilityIds.deviceStatus);
export const memoryStatusIdentity = identityOf(deviceCapabilityIds.memoryDeviceStatus);
export const payloadIdentity = `${mailboxIdentity} payload`;

const declarations: ReadonlyMap<string, StructureDeclaration> = new Map([
  ["device array", deviceArray], [deviceStatusIdentity, deviceStatus], [mailboxIdentity, primaryMailbox], [payloadIdentity, mailboxPayload],
  [identityOf(deviceCapabilityIds.secondaryMailbox), secondaryMailbox], [memoryStatusIdentity, memoryDeviceStatus],
]);

/** Structures of a device block. */
export function walkDevice(read: Reader): Found[] {
  const count = Math.min((read(4) ?? 0) & 0xffff, mostHeaders);
  const found: Found[] = [{ identity: "device array", version: 0, at: 0, length: headerBytes }];
  for (let index = 1; index <= count; index++) {
    const [header, at, length] = [read(index * headerBytes) ?? 0, read(index * headerBytes + 4) ?? 0, read(index * headerBytes + 8) ?? 0];
    const identity = identityOf(header & 0xffff);
    if ((header & 0xffff) === 0 || found.some((one) => one.identity === identity)) continue;
    found.push({ identity: `header of ${identity}`, version: 0, at: index * headerBytes, length: headerBytes });
    const registers = identity === mailboxIdentity ? Math.min(length, deviceBlock.mailboxRegisters) : length;
    found.push({ identity, version: 0, at, length: registers });
    if (registers < length) found.push({ identity: payloadIdentity, version: 0, at: at + registers, length: length - registers });
  }
  return found;
}

/** Our declarations of a device block, where our block has them. */
export const declaredInDevice = (ours: readonly Found[]): ReadonlyMap<string, Declared> => new Map(ours.flatMap(({ identity, at }): [string, Declared][] => {
  const structure = identity.startsWith("header of ") ? deviceHeader : declarations.get(identity);
  return structure === undefined ? [] : [[identity, { at, structure }]];
}));
