// Structures by number, as a wasm driver names them: a number is made from the structure's name in registers/, so that it stays when others are added.

import { blocks } from "../../../registers/blocks.ts";
import type { BlockDeclaration, StructureDeclaration } from "../../../registers/schema.ts";
import { hashText } from "../../sim/hash.ts";

/** 1..2^31-1. */
export const structureNumber = (name: string): number => (hashText(name).low & 0x7fff_ffff) || 1;

/** Every structure of registers/ that a driver can find, once; of variants of one name the first. Tables of messages are the kernel's. */
export function declaredStructures(): readonly StructureDeclaration[] {
  const all = (Object.values(blocks) as BlockDeclaration[]).filter((block) => block.kind !== "messages").flatMap((block) => Object.values(block.placements).map((placement) => placement.structure));
  return [...new Map(all.toReversed().map((structure) => [structure.name, structure])).values()].toReversed();
}

/** The structure with this number. */
export const structureOf = (number: number): StructureDeclaration | undefined => declaredStructures().find((structure) => structureNumber(structure.name) === number);
