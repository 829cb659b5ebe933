// The vocabulary of a register declaration. Declarations are data: they have numbers and no behaviour; behaviour (assembly/) has no numbers.

import type { MachineKey } from "./keys.ts";

export type { MachineKey } from "./keys.ts";
export { machineKeys } from "./keys.ts";

/**
 * Access kinds of PCIe and CXL. A trailing S means sticky (survives hot reset). RWL is read-write until its lock is active; RWO can be set
 * once; RW1C is cleared by writing 1; HwInit shows a machine key. Bits that no field names are reserved (RsvdP, RsvdZ): they read 0 and
 * ignore writes.
 */
export type Access = "RO" | "ROS" | "RW" | "RWS" | "RWL" | "RWO" | "RW1C" | "RW1CS" | "HwInit";

/** A field of a register. */
export interface FieldDeclaration {
  /** One bit, or inclusive `[high, low]`. At most 32 bits. */
  readonly bits: number | readonly [number, number];
  readonly access: Access;
  readonly meaning: string;
  /** Value after a conventional reset; 0 when absent. */
  readonly reset?: number;
  /** Machine key whose value the field shows (HwInit). */
  readonly key?: MachineKey;
  /** `register.field` of the same structure that must read non-zero for this field to be writable; else it is RO 0. */
  readonly when?: string;
  /** Machine key that must be non-zero for this field to be writable; else it is RO 0. */
  readonly whenKey?: MachineKey;
  /** A command bit: what software writes goes to the side effect and is not kept, the field reads 0. */
  readonly readsZero?: true;
  /** Known to the specification, kept but without effect in the model. */
  readonly unmodelled?: true;
  /** Of RO: a control that the clause lets a function without what it controls hardwire. Software need not know: whatever it writes breaks no rule, and nothing of it is kept. */
  readonly hardwired?: true;
  readonly values?: Readonly<Record<number, string>>;
  /** Where it differs from the register's. */
  readonly clause?: string;
}

/** A register of a structure. */
export interface RegisterDeclaration {
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bits. */
  readonly width: 8 | 16 | 32 | 64;
  readonly clause: string;
  readonly meaning: string;
  readonly fields: Readonly<Record<string, FieldDeclaration>>;
  /**
   * Repeats `count` times, `stride` bytes apart. The machine key `implementedBy` says how many instances there are; the others are reserved:
   * they read 0 and take nothing.
   */
  readonly repeat?: { readonly count: number; readonly stride: number; readonly implementedBy?: MachineKey };
  /** The clause number follows from the order of registers in the structure; it was not read. */
  readonly clauseInferred?: true;
  /** Side effect of a write, by name; assembly/ implements it. */
  readonly onWrite?: Behaviour;
}

/** A structure: registers that software finds, and that are there, together (a capability, a DVSEC, a header). */
export interface StructureDeclaration {
  /** Structures of one name are variants: the same registers and bits, with other access or reset. */
  readonly name: string;
  readonly clause: string;
  /** Bytes. */
  readonly length: number;
  /** How software finds it. */
  readonly identity?:
    | { readonly list: "component"; readonly id: number; readonly version: number }
    | { readonly list: "capability"; readonly id: number }
    | { readonly list: "extended"; readonly id: number; readonly version: number }
    | { readonly list: "dvsec"; readonly id: number; readonly revision: number };
  /** Legal access widths in bytes; others read 0 and write nothing. */
  readonly widths: readonly (1 | 2 | 4 | 8)[];
  readonly registers: Readonly<Record<string, RegisterDeclaration>>;
}

/** One structure placed in a block, `at` bytes from the block's start. */
export interface Placement {
  readonly at: number;
  readonly structure: StructureDeclaration;
  /**
   * Machine key without which the structure is absent: its bytes are reserved, and it is in no list. The first structure of the capability list
   * and that of the extended list are always there.
   */
  readonly presentWith?: MachineKey;
}

/** A structure of one name lies at one place in all blocks of one kind. */
export type BlockKind = "component" | "config" | "messages" | "device";

/** Blocks whose registers have names outside the module: in scenario files, probes and expectations. */
export type RegisterSpace = Exclude<BlockKind, "messages">;

/** A register block as software finds it. */
export interface BlockDeclaration {
  readonly name: string;
  readonly clause: string;
  readonly kind: BlockKind;
  readonly placements: Readonly<Record<string, Placement>>;
}

/** Side effects by name. Order is the id, from 1. */
export const behaviours = [
  "command", "bar", "busNumbers", "bridgeWindow", "bridgeControl", "linkControl", "slotControl", "slotStatus", "msi",
  "uncorrectableErrorStatus", "correctableErrorStatus", "rootErrorStatus",
  "deviceControl", "deviceControl2", "deviceRange", "portControl",
  "hdmGlobalControl", "hdmField", "hdmControl", "isolationControl", "isolationStatus", "rasStatus",
  "functionControl", "msixControl", "msixVector", "dpcControl", "dpcStatus", "doeControl", "doeStatus", "doeWrite", "doeRead", "biRouteControl", "biDecoderControl", "mailboxControl", "secondaryControl",
] as const;
export type Behaviour = (typeof behaviours)[number];
