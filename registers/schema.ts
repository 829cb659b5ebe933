// The vocabulary of a register declaration. Declarations are `as const` data: they have numbers and no behaviour;
// behaviour files (assembly/) have behaviour and no numbers.

/** Access kinds of CXL 3.2 / PCIe. The trailing S means sticky: survives hot reset. RWL is read-write until its lock is active. */
export type Access = "RO" | "ROS" | "RW" | "RWS" | "RWL" | "RWO" | "RW1C" | "RW1CS" | "HwInit" | "RsvdP" | "RsvdZ";

/** A condition on another field of the same block: `structure.register.field` reads non-zero (or equals `is`). */
export interface Condition {
  readonly field: string;
  readonly is?: number;
}

export interface FieldDeclaration {
  /** Inclusive bit positions inside the register: `[high, low]`, or one bit. */
  readonly bits: readonly [number, number] | number;
  readonly access: Access;
  /** Value after a conventional reset; 0 when absent. */
  readonly reset?: number;
  /** For HwInit and RO fields: the name of the machine key (see `keys.ts`) whose value the field shows. */
  readonly key?: string;
  /** The field is writable (or clearable) only while the condition holds at build time; otherwise RO 0. */
  readonly when?: Condition;
  /** Known to the specification but without effect in the model; touching it is traced. */
  readonly unmodelled?: true;
  /** Clause or rule id: "8.2.4.24.2", "C9", "T4" ... */
  readonly clause: string;
  readonly meaning: string;
  /** Names of values, where the field is an enumeration. */
  readonly values?: Readonly<Record<number, string>>;
}

export interface RegisterDeclaration {
  /** Byte offset from the start of its structure. */
  readonly offset: number;
  readonly width: 8 | 16 | 32 | 64;
  readonly fields: Readonly<Record<string, FieldDeclaration>>;
  /** The register (with all others of the same `group`) repeats `count` times, `stride` bytes apart. */
  readonly repeat?: { readonly count: number; readonly stride: number; readonly limit?: string };
  /** Name of the side effect that a write (or a read of a live field) has; assembly/ implements it. */
  readonly onWrite?: string;
  readonly onRead?: string;
  /** Name of the lock that makes the RWL fields of this register read only; assembly/ says when it is active. */
  readonly lock?: string;
  readonly clause: string;
  readonly meaning: string;
}

export interface StructureDeclaration {
  readonly name: string;
  readonly clause: string;
  /** Bytes. */
  readonly length: number;
  /** Identity in whatever list finds this structure. */
  readonly identity?:
    | { readonly list: "component"; readonly id: number; readonly version: number }
    | { readonly list: "pci"; readonly id: number }
    | { readonly list: "pciExtended"; readonly id: number; readonly version: number }
    | { readonly list: "dvsec"; readonly id: number; readonly revision: number };
  /** Bytes. All accesses of other widths are refused (reads give 0, writes are ignored, both traced). */
  readonly widths: readonly (1 | 2 | 4 | 8)[];
  readonly registers: Readonly<Record<string, RegisterDeclaration>>;
}

/** One structure placed in a block. */
export interface Placement {
  readonly at: number;
  readonly structure: StructureDeclaration;
  /** Machine key (boolean) without which the structure is absent: its capability header is NULL, its bytes are reserved. */
  readonly present?: string;
}

/** A register block as software finds it: one function's config space, one component block's CXL.cache/mem range. */
export interface BlockDeclaration {
  readonly name: string;
  /** Bytes covered by the table, from the block's own offset 0. */
  readonly size: number;
  readonly clause: string;
  readonly placements: Readonly<Record<string, Placement>>;
}
