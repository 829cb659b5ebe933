// A driver's accesses to device blocks: registers one by one, payloads by the command that they belong to once it has been read.

import { primaryMailbox } from "../../registers/device-block.ts";
import { commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { decode, encode } from "../../src/platform/registers.ts";
import type { BenchFunction, Registers } from "./bench.ts";
import { readerOf } from "./bench.ts";
import { circumstancesOf } from "./command-circumstances.ts";
import type { CommandCircumstance, Sent } from "./command-circumstances.ts";
import { nameOf } from "./command-effects.ts";
import { CommandHistory } from "./command-history.ts";
import type { Circumstance, Difference, Pointed, Tally } from "./compare.ts";
import { count, theirsAlone, valueDifferences } from "./compare.ts";
import { CommandWrites, deviceCircumstances } from "./device-circumstances.ts";
import { mailboxIdentity, payloadIdentity } from "./device-layout.ts";
import { outputDifferences } from "./payload-compare.ts";
import type { Layout, Reader } from "./structures.ts";
import { layoutOf, translate } from "./structures.ts";
import type { Topology } from "./topology.ts";
import { capacityOf } from "./topology.ts";

const { control, command, status, background } = primaryMailbox.registers;
const second = 1_000_000_000;
const longestOperation = 100_000;
const complete = 100;
const percentageOf = (value: bigint): number => decode(background, value).percentage;
const isUnderWay = (registers: Registers, mailbox: number): boolean => decode(status, registers.read(mailbox + status.offset, 8)).backgroundOperation === 1;
/** Whether a read of the mailbox status, or of the background command status, shows that nothing is under way. */
const hasEnded = (inside: number, width: number, value: bigint): boolean => width === 8 && ((inside === status.offset && decode(status, value).backgroundOperation === 0) || (inside === background.offset && percentageOf(value) === complete));
const allOnes = 0xffff_ffffn;
const insideText = (inside: number): string => `+0x${(inside & ~3).toString(16)}`;
const isKnown = (name: string): name is CommandName => Object.hasOwn(commands, name);
const byteOf = (value: bigint, index: number): number => Number((value >> BigInt(8 * index)) & 0xffn);

/** A command of one device, from its first register to the last byte of its output that was read. */
interface Exchange {
  sent: Sent | undefined;
  circumstances: readonly CommandCircumstance[];
  readonly theirs: number[];
  readonly ours: number[];
  /** Reads of the output that differed, and where the first of them stands. */
  open: number;
  place: Pointed | undefined;
}

interface Device {
  readonly layout: Layout;
  readonly writes: CommandWrites;
  readonly history: CommandHistory;
  /** Payload as the driver wrote it, and the command register. */
  readonly payload: number[];
  command: bigint;
  exchange: Exchange;
}

const fresh = (): Exchange => ({ sent: undefined, circumstances: [], theirs: [], ours: [], open: 0, place: undefined });
/** Bytes that were not read are left out of a comparison by being 0 on both sides. */
const filled = (bytes: readonly number[], length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => bytes[at] ?? 0);

export interface DeviceAccess {
  readonly target: BenchFunction;
  /** Bytes from the start of their block, and their block as it was read. */
  readonly offset: number;
  readonly image: Reader;
  readonly width: number;
  readonly value: bigint;
  readonly place: Pointed;
}

export class DeviceAccesses {
  readonly #topology: Topology;
  readonly #tally: Tally;
  readonly #advance: (time: number) => void;
  readonly #devices = new Map<string, Device>();

  constructor(topology: Topology, tally: Tally, advance: (time: number) => void) {
    this.#topology = topology;
    this.#tally = tally;
    this.#advance = advance;
  }

  #of({ target, image }: DeviceAccess): Device | undefined {
    if (target.device === undefined) return undefined;
    const found = this.#devices.get(target.name) ?? { layout: layoutOf(target.kind, "device", image, readerOf(target.device)), writes: new CommandWrites(), history: new CommandHistory(), payload: [], command: 0n, exchange: fresh() };
    this.#devices.set(target.name, found);
    return found;
  }

  write(access: DeviceAccess): void {
    const { target, offset, width, value } = access;
    const device = this.#of(access);
    this.#tally.repeated++;
    if (device === undefined) return;
    const { identity, declared, inside } = translate(device.layout, offset);
    if (declared === undefined) return;
    device.writes.note(declared, inside, width);
    if (identity === payloadIdentity) for (let index = 0; index < width; index++) device.payload[inside + index] = byteOf(value, index);
    if (identity === mailboxIdentity && inside === command.offset && width === command.width / 8) device.command = value;
    if (identity === mailboxIdentity && inside === control.offset && decode(control, value).doorbell === 1) this.#begin(device, access);
    target.device?.write(declared.at + inside, width, value);
  }

  /** The doorbell: what was read of the command before is judged, and a new one begins. */
  #begin(device: Device, access: DeviceAccess): void {
    this.#close(device);
    const { opcode, payloadLength } = decode(command, device.command);
    const name = nameOf(opcode);
    if (!isKnown(name)) return;
    const id = access.target.name;
    const sent: Sent = { name, input: filled(device.payload, payloadLength), length: payloadLength, capacity: capacityOf(this.#topology, id), effectsLog: Number.POSITIVE_INFINITY, isMediaDisabled: false };
    device.exchange = { ...fresh(), sent, circumstances: [...circumstancesOf(sent), ...device.history.circumstancesOf(sent), ...(device.history.logsOwn ? (["logs of its own"] as const) : [])] };
  }

  read(access: DeviceAccess): void {
    const { target, offset, width, value: theirs, place } = access;
    const device = this.#of(access);
    if (device === undefined || target.device === undefined) return count(this.#tally, [theirsAlone(place, "device block", "", Number(theirs & allOnes))]);
    const { identity, declared, inside } = translate(device.layout, offset);
    if (declared === undefined) return count(this.#tally, theirs === 0n ? [] : [theirsAlone(place, identity, insideText(inside), Number(theirs & allOnes))]);
    if (identity === mailboxIdentity && hasEnded(inside, width, theirs)) this.#finish(target.device, declared.at);
    const ours = target.device.read(declared.at + inside, width);
    if (identity === payloadIdentity) return this.#readPayload(device, inside, access, ours);
    const around: Circumstance[] = [...deviceCircumstances(target.device, declared, declared.at, width, device.writes), ...(device.history.logsOwn ? (["logs of its own"] as const) : [])];
    if (identity === mailboxIdentity && inside === background.offset && percentageOf(theirs) < complete && percentageOf(ours) < complete && isUnderWay(target.device, declared.at)) around.push("operation under way");
    if (identity === mailboxIdentity && inside === status.offset && width === status.width / 8) return this.#readStatus(device, access, ours);
    count(this.#tally, valueDifferences(place, declared, inside, width, theirs, ours, around));
  }

  /** A capture of accesses has no times: an operation that had ended there ends here too. */
  #finish(registers: Registers, mailbox: number): void {
    for (let seconds = 0; seconds < longestOperation && isUnderWay(registers, mailbox); seconds++) this.#advance(second);
  }

  /** The return code is the command's; the rest is the register's. */
  #readStatus(device: Device, { target, place, value: theirs }: DeviceAccess, ours: bigint): void {
    const declared = device.layout.declared.get(mailboxIdentity);
    if (declared === undefined || target.device === undefined) return;
    const { exchange: { sent, circumstances }, history } = device;
    const [there, here] = [decode(status, theirs).returnCode, decode(status, ours).returnCode];
    const without = (value: bigint): bigint => encode(status, { returnCode: 0 }, value);
    const code: Difference[] = there === here ? [] : [{ ...place, structure: sent?.name ?? "no command", register: "returnCode", field: "value", theirs: there, ours: here, circumstances }];
    count(this.#tally, [...code, ...valueDifferences(place, declared, status.offset, 8, without(theirs), without(ours), deviceCircumstances(target.device, declared, declared.at, 8, device.writes))]);
    if (sent !== undefined && there === returnCodes.success) history.note(sent, there, here);
  }

  #readPayload({ exchange }: Device, inside: number, { width, value: theirs, place }: DeviceAccess, ours: bigint): void {
    for (let index = 0; index < width; index++) [exchange.theirs[inside + index], exchange.ours[inside + index]] = [byteOf(theirs, index), byteOf(ours, index)];
    if (theirs === ours) return count(this.#tally, []);
    exchange.open++;
    exchange.place ??= place;
  }

  #close({ exchange, history }: Device): void {
    const { sent, circumstances, open, place, theirs, ours } = exchange;
    if (open === 0 || place === undefined) return;
    const length = theirs.length;
    if (sent === undefined) return count(this.#tally, [theirsAlone(place, "payload of no command", "", 1)], open);
    count(this.#tally, outputDifferences({ place: { ...place, text: `${place.text} ${sent.name}` }, name: sent.name, input: sent.input, theirs: filled(theirs, length), ours: filled(ours, length), circumstances, refusedLines: history.refusedLines }), open);
  }

  /** Judges what is left at the end of the capture. */
  closeAll(): void {
    for (const device of this.#devices.values()) this.#close(device);
  }
}
