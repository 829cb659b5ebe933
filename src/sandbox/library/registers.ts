// The declarations of registers and commands as drivers name them (rule 1); data, no behaviour.

import { blocks } from "../../../registers/blocks.ts";
import type { BlockName } from "../../../registers/blocks.ts";
import type { CommandName } from "../../../registers/commands.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import type { StructureDeclaration } from "../../../registers/schema.ts";

export { blocks } from "../../../registers/blocks.ts";
export { commands } from "../../../registers/commands.ts";
export { messageNumbers } from "../../../registers/constants.ts";
export { eventLogs } from "../../../registers/events.ts";
export { returnCodes } from "../../../registers/payload-schema.ts";

/** Structures by block: `structures.rootPortComponent.timeoutIsolation`. */
type Structures = { readonly [B in BlockName]: { readonly [S in keyof (typeof blocks)[B]["placements"]]: (typeof blocks)[B]["placements"][S] extends { readonly structure: infer D } ? D : never } };

const structuresOf = (placements: Readonly<Record<string, { readonly structure: StructureDeclaration }>>) => Object.fromEntries(Object.entries(placements).map(([name, { structure }]) => [name, structure]));

export const structures = Object.fromEntries(Object.entries(blocks).map(([name, { placements }]) => [name, structuresOf(placements)])) as unknown as Structures;

/** Opcodes of mailbox commands by name: `opcodes.identify`. */
export const opcodes = Object.fromEntries(commandNames.map((name) => [name, commands[name].opcode])) as { readonly [N in CommandName]: (typeof commands)[N]["opcode"] };
