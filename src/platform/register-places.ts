// Registers by their place in a block: what an access touched, by name (registers/ has the names).

import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import type { Access, BlockDeclaration, FieldDeclaration, Placement, RegisterDeclaration } from "../../registers/schema.ts";

/** Spaces of registers, by their number in access records (assembly/entities.ts). */
export const spaces = ["component", "config", "messages", "device"] as const;
export type Space = (typeof spaces)[number];

/** Kinds of parts by what registers they have. */
export type PartKind = "host bridge" | "root port" | "downstream port" | "switch" | "device";

/** The block of each space that a part has. */
export const blocksOfPart: Readonly<Record<PartKind, Partial<Record<Space, BlockName>>>> = {
  "host bridge": { component: "hostBridgeComponent" },
  "root port": { component: "rootPortComponent", config: "rootPortConfig" },
  "downstream port": { component: "downstreamPortComponent", config: "downstreamPortConfig" },
  switch: { component: "upstreamPortComponent", config: "upstreamPortConfig" },
  device: { component: "deviceComponent", config: "deviceConfig", messages: "deviceMessages", device: "deviceRegisters" },
};

/** One register, or one instance of a repeated one. */
export interface Place {
  /** `structure.register`. */
  readonly name: string;
  /** The same with the instance: `hdmDecoderDevice.control[1]`. */
  readonly label: string;
  readonly instance: number;
  /** Bytes from the start of its block, and how many it has. */
  readonly at: number;
  readonly bytes: number;
  readonly declaration: RegisterDeclaration;
  /** Bits by what a write does to them; of read-only ones those that software has no business with. */
  readonly masks: { readonly write: bigint; readonly clear: bigint; readonly once: bigint; readonly readOnly: bigint };
}

/** Registers of a block by the dwords they lie in. */
export interface BlockPlaces {
  readonly all: readonly Place[];
  readonly byName: ReadonlyMap<string, Place>;
  readonly byDword: ReadonlyMap<number, readonly Place[]>;
  /** Write-1-to-clear bits, by dword. */
  readonly clearBits: ReadonlyMap<number, number>;
}

const highBit = ({ bits }: FieldDeclaration): number => (typeof bits === "number" ? bits : bits[0]);
export const lowBit = ({ bits }: FieldDeclaration): number => (typeof bits === "number" ? bits : bits[1]);
/** Bits of a field in its register. */
export const maskOf = (field: FieldDeclaration): bigint => ((1n << BigInt(highBit(field) - lowBit(field) + 1)) - 1n) << BigInt(lowBit(field));

function masksOf({ fields }: RegisterDeclaration): Place["masks"] {
  // What hangs on a machine key is known once it was read: rules do not look it up.
  const of = (...kinds: readonly Access[]): bigint => Object.values(fields).filter(({ access, readsZero, whenKey, hardwired }) => kinds.includes(access) && readsZero !== true && whenKey === undefined && hardwired !== true).reduce((mask, field) => mask | maskOf(field), 0n);
  return { write: of("RW", "RWS", "RWL"), clear: of("RW1C", "RW1CS"), once: of("RWO"), readOnly: of("RO", "ROS", "HwInit") };
}

/** Registers of one structure of a block, repeated ones once for each instance, in order of their declaration. */
export function placesOfStructure(structure: string, { at, structure: declared }: Placement): Place[] {
  return Object.entries(declared.registers).flatMap(([register, declaration]) => {
    const { count, stride } = declaration.repeat ?? { count: 1, stride: 0 };
    const name = `${structure}.${register}`;
    const masks = masksOf(declaration);
    return Array.from({ length: count }, (_, instance): Place => ({ name, label: declaration.repeat === undefined ? name : `${name}[${instance}]`, instance, at: at + declaration.offset + instance * stride, bytes: declaration.width / 8, declaration, masks }));
  });
}

function placesOf(block: BlockDeclaration): BlockPlaces {
  const all = Object.entries(block.placements).flatMap(([structure, placement]) => placesOfStructure(structure, placement));
  const byDword = new Map<number, Place[]>();
  for (const place of all) {
    for (let dword = place.at >> 2; dword <= (place.at + place.bytes - 1) >> 2; dword++) byDword.set(dword, [...(byDword.get(dword) ?? []), place]);
  }
  const clearBits = new Map([...byDword].map(([dword, places]) => [dword, places.reduce((bits, place) => bits | clearBitsOf(place, dword), 0) >>> 0]));
  return { all, byName: new Map(all.map((place) => [place.label, place])), byDword, clearBits };
}

function clearBitsOf({ at, masks }: Place, dword: number): number {
  const wide = masks.clear << BigInt((at & 3) * 8);
  return Number((dword === at >> 2 ? wide : wide >> 32n) & 0xffff_ffffn);
}

export type Atlas = Readonly<Record<BlockName, BlockPlaces>>;

/** Registers of one block. */
export const placesOfBlock = (name: BlockName): BlockPlaces => placesOf(blocks[name]);

/** Every block, once for each that asks. */
export function createAtlas(): Atlas {
  return Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, placesOf(block)])) as unknown as Atlas;
}

/** Registers that share bytes with an access, in order of their places. */
export function placesAt(block: BlockPlaces, offset: number, width: number): readonly Place[] {
  const found: Place[] = [];
  for (let dword = offset >>> 2; dword <= (offset + width - 1) >>> 2; dword++) {
    for (const place of block.byDword.get(dword) ?? []) {
      if (place.at < offset + width && place.at + place.bytes > offset && !found.includes(place)) found.push(place);
    }
  }
  return found;
}
