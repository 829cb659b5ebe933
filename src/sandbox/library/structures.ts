// Named registers of a part: one getter for each structure of its block; one that this machine does not have says which key would give it.

import { blocks } from "../../../registers/blocks.ts";
import type { BlockName } from "../../../registers/blocks.ts";
import type { MachineKey, Placement } from "../../../registers/schema.ts";
import { findComponentCapability } from "../../platform/config-walk.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { BlockAccess } from "./contract.ts";
import { MissingStructureError } from "./errors.ts";

/** What in the machine gives a structure, by the key that it hangs on. */
const remedies: Partial<Record<MachineKey, string>> = {
  isolation: "give the root port `isolation: { mem: true }` (docs/library.md)",
  hasDecoders: "a host bridge with `passthrough: true` has no decoders; leave that key out",
  hasSnoopFilter: "give the root port `snoopFilter: { group: 0, capacity: \"64KiB\" }`",
  hasBackInvalidate: "give it `backInvalidate: true`",
  hasDpc: "leave out `dpc: false` of the port",
  hasMsi: "give the device `messages: msi`; it then has no MSI-X",
  hasMsix: "leave out `messages: msi` of the device",
  hasPersistent: "give the device `persistent: \"256MiB\"`",
};

/** A structure that this kind of part has in no machine. */
const never = "no key of the machine gives it one";

function placementsOf(block: BlockName): Readonly<Record<string, Placement>> {
  return blocks[block].placements;
}

/** True if the block has the structure in this machine. `peek` reads the block without an access. */
export function hasStructure(block: BlockName, structure: string, peek: RegisterBus): boolean {
  const placements = placementsOf(block);
  const placement = Object.hasOwn(placements, structure) ? placements[structure] : undefined;
  if (placement === undefined) return false;
  const { identity } = placement.structure;
  if (placement.presentWith === undefined || identity === undefined) return true;
  // Bytes of a structure that is absent are reserved and read 0 (registers/schema.ts).
  if (blocks[block].kind === "component") return findComponentCapability(peek, identity.id) !== 0;
  return peek.read32(placement.at) !== 0;
}

/** Every structure of a block by name, over a bus that starts where the block does. `has` says which are there. */
export function blockAccess<B extends BlockName>(block: B, bus: RegisterBus, part: string, has: (structure: string) => boolean): BlockAccess<B> {
  const access: Record<string, unknown> = {};
  for (const [name, placement] of Object.entries(placementsOf(block))) {
    let made: unknown;
    const get = (): unknown => {
      if (made === undefined && !has(name)) throw new MissingStructureError(part, name, (placement.presentWith === undefined ? undefined : remedies[placement.presentWith]) ?? never);
      made ??= structureAt(bus, placement.at, placement.structure, part);
      return made;
    };
    Object.defineProperty(access, name, { get, enumerable: true });
  }
  return access as BlockAccess<B>;
}
