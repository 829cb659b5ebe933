// The way of a processor's access to one register of one part: config space at the function's address, or memory where BAR 0 or the host bridge's registers lie.
// Where there is none now: why, and what to do.

import type { RegisterSpace } from "../../../registers/schema.ts";
import type { Hardware } from "../../hardware/machine.ts";
import { formatPciAddress } from "../../platform/pci-address.ts";
import { configBus } from "../../platform/config-walk.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../../platform/register-places.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import { barOf, bridgeRegistersAt, cardAddress, componentOffset, deviceOffset, portAddress } from "../library/places.ts";
import { NotPlacedError } from "../library/errors.ts";
import type { RegisterPart } from "../part-registers.ts";

/** Reads and writes a register as its structure allows: a width that is not legal goes in dwords, low first. */
export interface RegisterWay {
  /** `0000:0c:00.0 config 0x4` or `0xfe001124`. */
  readonly where: string;
  read(): bigint;
  write(value: bigint): void;
}

/** Why there is no way, with the remedy. */
interface NoWay {
  readonly reason: string;
}

type Part = Pick<RegisterPart, "name" | "kind" | "entity">;

/** What between the processor and a part lets nothing through: an empty slot, a link that is not up; null: nothing does. */
function obstacle(hardware: Hardware, name: string): string | null {
  const { entities } = hardware;
  const port = entities.ports.get(name);
  if (port !== undefined) return port.isRoot ? null : obstacle(hardware, port.parent);
  const card = entities.switches.get(name) ?? entities.devices.get(name);
  if (card === undefined) return null;
  const above = obstacle(hardware, card.port);
  if (above !== null) return above;
  const { device, link, heldBy } = hardware.port(card.port);
  if (device !== name) return `${name} is not plugged in: ${card.port} has ${device ?? "no card"}; inject "plug: { port: ${card.port}, card: ${name} }" first`;
  if (link === "up") return null;
  return `the link of ${card.port} is ${link}${heldBy.length === 0 ? "" : ` (${heldBy.join(", ")})`}, so that ${name} does not answer; go on until it is up, or bring it up`;
}

function addressOf(hardware: Hardware, { name, kind }: Part): BlockBase {
  try {
    return { address: kind === "root port" || kind === "downstream port" ? portAddress(hardware, name) : cardAddress(hardware, name) };
  } catch (thrown) {
    if (!(thrown instanceof NotPlacedError)) throw thrown;
    return { reason: `${name} has no bus number now, so that no access reaches it; go on until the kernel has numbered the buses` };
  }
}

/** Where a block of a part's registers begins for a processor: its function in config space, or a physical address. */
export type BlockBase = { readonly address: PciAddress } | { readonly base: bigint } | NoWay;

export function baseOf(hardware: Hardware, part: Part, space: RegisterSpace): BlockBase {
  const blocked = obstacle(hardware, part.name);
  if (blocked !== null) return { reason: blocked };
  if (space === "config") return addressOf(hardware, part);
  if (part.kind === "bridge") return { base: bridgeRegistersAt(hardware.description, part.name) };
  const bar = barOf(hardware, { name: part.name, id: part.entity });
  if (bar === 0n) return { reason: `BAR 0 of ${part.name} is 0: its registers have no address now; go on until firmware or the kernel has given it one (after a reset: until it is restored)` };
  return { base: bar + (space === "component" ? componentOffset : deviceOffset) };
}

/** `0000:0c:00.0 config 0x4`, `0xfe001124` or why there is none. */
export function placeText(base: BlockBase, offset: number): string {
  if ("reason" in base) return base.reason;
  return "address" in base ? `${formatPciAddress(base.address)} config 0x${offset.toString(16)}` : `0x${(base.base + BigInt(offset)).toString(16)}`;
}

/** Pieces of an access of `bytes` by widths that are legal: [byte offset, bytes]. */
function piecesOf(bytes: number, widths: readonly number[]): readonly (readonly [number, number])[] {
  if (bytes <= 4 || widths.includes(bytes)) return [[0, bytes]];
  return [[0, 4], [4, 4]];
}

function readPiece(bus: RegisterBus, at: number, bytes: number): bigint {
  if (bytes === 8) return bus.read64(at);
  return BigInt(bytes === 4 ? bus.read32(at) : bytes === 2 ? bus.read16(at) : bus.read8(at));
}

function writePiece(bus: RegisterBus, at: number, bytes: number, value: bigint): void {
  if (bytes === 8) bus.write64(at, value);
  else if (bytes === 4) bus.write32(at, Number(value));
  else if (bytes === 2) bus.write16(at, Number(value));
  else bus.write8(at, Number(value));
}

/** The way to a register as the machine stands now. @param widths legal ones of its structure, bytes */
export function wayTo(hardware: Hardware, platform: Pick<Platform, "config" | "ioremap">, part: Part, space: RegisterSpace, place: Place, widths: readonly number[]): RegisterWay | NoWay {
  const base = baseOf(hardware, part, space);
  if ("reason" in base) return base;
  const where = placeText(base, place.at);
  const pieces = piecesOf(place.bytes, widths);
  const on = (bus: RegisterBus, at: number) => ({
    read: (): bigint => pieces.reduce((value, [offset, bytes]) => value | (readPiece(bus, at + offset, bytes) << BigInt(offset * 8)), 0n),
    write: (value: bigint): void => pieces.forEach(([offset, bytes]) => writePiece(bus, at + offset, bytes, (value >> BigInt(offset * 8)) & ((1n << BigInt(bytes * 8)) - 1n))),
  });
  if ("address" in base) return { where, ...on(configBus(platform.config, base.address), place.at) };
  const at = base.base + BigInt(place.at);
  /** Mapped for one access, as /dev/mem does it. */
  const mapped = <T>(access: (bus: RegisterBus) => T): T => {
    const handle = platform.ioremap(at, BigInt(place.bytes));
    try {
      return access(handle);
    } finally {
      handle.unmap();
    }
  };
  return { where, read: () => mapped((bus) => on(bus, 0).read()), write: (value) => mapped((bus) => on(bus, 0).write(value)) };
}
