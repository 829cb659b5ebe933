// Second statement of what a register access does: the declarations in registers/, read field by field over an image of bytes.
// Knows access kinds, reserved bits, conditions, legal widths, locks (C7, C9, CONFIG_LOCK), resets and the capability lists; no side effects.

import { dvsecIdentity } from "../../../registers/constants.ts";
import type { Access, Behaviour, BlockDeclaration, FieldDeclaration, MachineKey, Placement, RegisterDeclaration, StructureDeclaration } from "../../../registers/schema.ts";

/** What the machine gives to HwInit fields and optional structures; an absent key is 0. */
export type Keys = Readonly<Partial<Record<MachineKey, number>>>;

/** A register with a side effect that a write has reached. */
export interface Touched {
  readonly behaviour: Behaviour;
  readonly structure: string;
  readonly register: string;
  readonly instance: number;
  /** Its value before the write (low 32 bits). */
  readonly before: number;
  /** Ones written into fields that read 0, in the register's own bit positions. */
  readonly commands: number;
}

/** A field of a block, by name. */
export interface FieldHandle {
  get(instance?: number): number;
  /** Sets it as the hardware does, whatever its access kind. */
  set(value: number, instance?: number): void;
}

/** The part of a field that lies in one byte. */
interface Bits {
  readonly mask: number;
  readonly access: Access;
  readonly readsZero: boolean;
  readonly isWritable: boolean;
  readonly condition: { readonly byte: number; readonly mask: number }[];
  readonly reset: number;
}

interface Cell {
  readonly structure: StructureDeclaration;
  readonly place: number;
  readonly name: string;
  readonly register: RegisterDeclaration | undefined;
  readonly instance: number;
  /** Offset of the register instance in the block. */
  readonly start: number;
  readonly bits: readonly Bits[];
}

const blockBytes = 0x1000;
const none: readonly Touched[] = [];
const isSticky = (access: Access): boolean => access.endsWith("S");

const bitsOf = ({ bits }: FieldDeclaration): readonly [high: number, low: number] => (typeof bits === "number" ? [bits, bits] : [bits[0], bits[1]]);

/** Mask of bits high..low inside byte number `byte` of a register. */
function maskInByte(high: number, low: number, byte: number): number {
  let mask = 0;
  for (let bit = 0; bit < 8; bit++) if (byte * 8 + bit >= low && byte * 8 + bit <= high) mask |= 1 << bit;
  return mask;
}

/** Bits of `value` (a field's) that lie in byte number `byte` of its register. */
function valueInByte(value: number, low: number, byte: number, mask: number): number {
  return Number((BigInt(value >>> 0) << BigInt(low)) >> BigInt(byte * 8) & BigInt(mask));
}

function* instancesOf(register: RegisterDeclaration): Generator<readonly [instance: number, offset: number]> {
  const { count, stride } = register.repeat ?? { count: 1, stride: 0 };
  for (let instance = 0; instance < count; instance++) yield [instance, register.offset + instance * stride];
}

function fieldOf(structure: StructureDeclaration, path: string): { readonly register: RegisterDeclaration; readonly field: FieldDeclaration } {
  const [registerName = "", fieldName = ""] = path.split(".");
  const register = structure.registers[registerName];
  const field = register?.fields[fieldName];
  if (register === undefined || field === undefined) throw new Error(`${structure.name}.${path} is not declared`);
  return { register, field };
}

export class RegisterFile {
  readonly block: BlockDeclaration;
  readonly keys: Keys;
  readonly image = new Uint8Array(blockBytes);
  /** Rises with every change of the image. */
  version = 0;
  readonly #cells: (Cell | undefined)[] = Array.from({ length: blockBytes });
  readonly #present: readonly Placement[];
  readonly #places = new Map<string, Placement>();

  constructor(block: BlockDeclaration, keys: Keys) {
    this.block = block;
    this.keys = keys;
    this.#present = Object.values(block.placements).filter(({ presentWith }) => presentWith === undefined || this.#key(presentWith) !== 0).toSorted((a, b) => a.at - b.at);
    for (const placement of this.#present) {
      this.#places.set(placement.structure.name, placement);
      this.#layOut(placement);
    }
    this.reset("cold");
  }

  #key(key: MachineKey): number {
    return this.keys[key] ?? 0;
  }

  has(structure: string): boolean {
    return this.#places.has(structure);
  }

  #layOut({ at, structure }: Placement): void {
    for (let byte = 0; byte < structure.length; byte++) this.#cells[at + byte] = { structure, place: at, name: "", register: undefined, instance: 0, start: at + byte, bits: [] };
    for (const [name, register] of Object.entries(structure.registers)) {
      const implemented = register.repeat?.implementedBy === undefined ? Infinity : this.#key(register.repeat.implementedBy);
      for (const [instance, offset] of instancesOf(register)) {
        if (instance >= implemented) continue;
        for (let byte = 0; byte < register.width / 8; byte++) this.#cells[at + offset + byte] = { structure, place: at, name, register, instance, start: at + offset, bits: this.#bitsOfByte(at, structure, register, byte) };
      }
    }
  }

  #bitsOfByte(at: number, structure: StructureDeclaration, register: RegisterDeclaration, byte: number): Bits[] {
    return Object.values(register.fields).flatMap((field) => {
      const [high, low] = bitsOf(field);
      const mask = maskInByte(high, low, byte);
      if (mask === 0) return [];
      const isThere = field.whenKey === undefined || this.#key(field.whenKey) !== 0;
      const value = field.key === undefined ? (field.reset ?? 0) : this.#key(field.key);
      return [{ mask, access: field.access, readsZero: field.readsZero === true, isWritable: isThere, condition: field.when === undefined ? [] : conditionBytes(at, structure, field.when), reset: isThere ? valueInByte(value, low, byte, mask) : 0 }];
    });
  }

  /** Conventional reset: `cold` from power-on, `hot` spares sticky fields. `spares` names what is left as it is. */
  reset(kind: "cold" | "hot", spares: (structure: string, register: string) => boolean = () => false): void {
    this.version++;
    for (const [at, cell] of this.#cells.entries()) {
      if (cell === undefined || spares(cell.structure.name, cell.name)) continue;
      for (const { mask, access, reset } of cell.bits) if (kind === "cold" || !isSticky(access)) this.image[at] = ((this.image[at] ?? 0) & ~mask) | reset;
    }
    this.#link();
  }

  /** Fills in what declarations leave to the layout: capability pointers, headers, the component header array. */
  #link(): void {
    const listed = (list: string): Placement[] => this.#present.filter(({ structure }) => structure.identity?.list === list);
    const capabilities = listed("capability");
    const header = this.#present.find(({ at }) => at === 0)?.structure;
    if (header?.registers["capabilitiesPointer"] !== undefined) this.field(header.name, "capabilitiesPointer", "value").set(capabilities[0]?.at ?? 0);
    for (const [index, { structure }] of capabilities.entries()) {
      this.field(structure.name, "header", "id").set(structure.identity?.id ?? 0);
      this.field(structure.name, "header", "next").set(capabilities[index + 1]?.at ?? 0);
    }
    const extended = this.#present.filter(({ structure }) => structure.identity?.list === "extended" || structure.identity?.list === "dvsec");
    for (const [index, { structure }] of extended.entries()) this.#fillExtended(structure, extended[index + 1]?.at ?? 0);
    if (!this.has("componentHeader")) return;
    // Component sheet 2: an absent structure keeps its entry, as NULL.
    const components = Object.values(this.block.placements).filter(({ structure }) => structure.identity?.list === "component").toSorted((a, b) => a.at - b.at);
    this.field("componentHeader", "header", "arraySize").set(components.length);
    for (const [index, { at, structure }] of components.entries()) {
      if (structure.identity?.list !== "component" || !this.has(structure.name)) continue;
      this.field("componentHeader", "entry", "id").set(structure.identity.id, index);
      this.field("componentHeader", "entry", "version").set(structure.identity.version, index);
      this.field("componentHeader", "entry", "pointer").set(at, index);
    }
  }

  #fillExtended(structure: StructureDeclaration, next: number): void {
    const { identity, name } = structure;
    this.field(name, "header", "next").set(next);
    if (identity?.list === "extended") {
      this.field(name, "header", "id").set(identity.id);
      this.field(name, "header", "version").set(identity.version);
    } else if (identity?.list === "dvsec") {
      this.field(name, "header", "id").set(dvsecIdentity.capability);
      this.field(name, "header", "version").set(dvsecIdentity.capabilityVersion);
      this.field(name, "header1", "vendor").set(dvsecIdentity.vendor);
      this.field(name, "header1", "revision").set(identity.revision);
      this.field(name, "header1", "length").set(structure.length);
      this.field(name, "header2", "id").set(identity.id);
    }
  }

  /** @throws Error when the block has no such field. */
  field(structureName: string, registerName: string, fieldName: string): FieldHandle {
    const placement = this.#places.get(structureName);
    if (placement === undefined) throw new Error(`${this.block.name} has no structure ${structureName}`);
    const { register, field } = fieldOf(placement.structure, `${registerName}.${fieldName}`);
    const [high, low] = bitsOf(field);
    const stride = register.repeat?.stride ?? 0;
    const start = placement.at + register.offset + (low >> 3);
    const bytes = (high >> 3) - (low >> 3) + 1;
    const unit = 2 ** (low & 7);
    const limit = 2 ** (high - low + 1);
    const { image } = this;
    const raw = (instance: number): number => {
      let value = 0;
      for (let byte = bytes - 1; byte >= 0; byte--) value = value * 256 + (image[start + instance * stride + byte] ?? 0);
      return value;
    };
    return {
      get: (instance = 0) => Math.floor(raw(instance) / unit) % limit,
      set: (value, instance = 0) => {
        this.version++;
        const was = raw(instance);
        let now = was + ((value >>> 0) % limit - (Math.floor(was / unit) % limit)) * unit;
        for (let byte = 0; byte < bytes; byte++) {
          image[start + instance * stride + byte] = now % 256;
          now = Math.floor(now / 256);
        }
      },
    };
  }

  /** Bytes from the block's start to an instance of a register. */
  offsetOf(structureName: string, registerName: string, instance = 0): number {
    const placement = this.#places.get(structureName);
    const register = placement?.structure.registers[registerName];
    if (placement === undefined || register === undefined) throw new Error(`${this.block.name}.${structureName}.${registerName} is not there`);
    return placement.at + register.offset + instance * (register.repeat?.stride ?? 0);
  }

  /** Name of what lies at an offset, for people. */
  nameAt(offset: number): string {
    const cell = this.#cells[offset];
    if (cell === undefined) return "reserved";
    const name = cell.register === undefined ? "reserved" : cell.name;
    return `${cell.structure.name}.${name}${cell.register?.repeat === undefined ? "" : `[${cell.instance}]`}`;
  }

  /** Image without any rule of access. */
  word(offset: number): number {
    const { image } = this;
    return ((image[offset] ?? 0) | ((image[offset + 1] ?? 0) << 8) | ((image[offset + 2] ?? 0) << 16) | ((image[offset + 3] ?? 0) << 24)) >>> 0;
  }

  #isLegal(offset: number, width: number): boolean {
    if (offset % width !== 0 || offset < 0 || offset + width > blockBytes) return false;
    for (let byte = 0; byte < width; byte++) {
      const cell = this.#cells[offset + byte];
      if (cell !== undefined && !cell.structure.widths.some((legal) => legal === width)) return false;
    }
    return true;
  }

  /** What software reads; 0 for an access that is not legal. */
  read(offset: number, width: number): bigint {
    if (!this.#isLegal(offset, width)) return 0n;
    if (width === 8) return BigInt(this.word(offset)) | (BigInt(this.word(offset + 4)) << 32n);
    let value = 0;
    for (let byte = width - 1; byte >= 0; byte--) value = value * 256 + (this.image[offset + byte] ?? 0);
    return BigInt(value);
  }

  /** What a write of software does to the image, and which registers with a side effect it reached. */
  write(offset: number, width: number, value: bigint): readonly Touched[] {
    if (!this.#isLegal(offset, width)) return none;
    this.version++;
    const touched: { -readonly [K in keyof Touched]: Touched[K] }[] = [];
    const lower = Number(value & 0xffff_ffffn);
    const upper = width === 8 ? Number((value >> 32n) & 0xffff_ffffn) : 0;
    let locked: boolean | undefined;
    let register: Cell | undefined;
    for (let byte = 0; byte < width; byte++) {
      const cell = this.#cells[offset + byte];
      if (cell?.register === undefined) continue;
      if (cell.start !== register?.start) {
        register = cell;
        locked = undefined;
        if (cell.register.onWrite !== undefined) touched.push({ behaviour: cell.register.onWrite, structure: cell.structure.name, register: cell.name, instance: cell.instance, before: this.word(cell.start), commands: 0 });
      }
      const written = ((byte < 4 ? lower >>> (byte * 8) : upper >>> (byte * 8 - 32)) & 0xff) >>> 0;
      if (cell.bits.some(({ access }) => access === "RWL")) locked ??= this.#isLocked(cell);
      const commands = this.#writeByte(cell, offset + byte, written, locked === true);
      const last = touched.at(-1);
      if (commands !== 0 && last !== undefined) last.commands |= commands << ((offset + byte - cell.start) * 8);
    }
    return touched;
  }

  /** Returns the ones written into command bits. */
  #writeByte(cell: Cell, at: number, written: number, isLocked: boolean): number {
    let byte = this.image[at] ?? 0;
    let commands = 0;
    for (const { mask, access, readsZero, isWritable, condition } of cell.bits) {
      if (!isWritable || (condition.length > 0 && condition.every((one) => ((this.image[one.byte] ?? 0) & one.mask) === 0))) continue;
      if (readsZero) commands |= written & mask;
      else if (access === "RW" || access === "RWS" || (access === "RWL" && !isLocked)) byte = (byte & ~mask) | (written & mask);
      else if (access === "RW1C" || access === "RW1CS") byte &= ~(written & mask);
      else if (access === "RWO") byte |= written & mask;
    }
    this.image[at] = byte;
    return commands;
  }

  /** C9: a committed decoder with Lock On Commit; C7: one whose commit is being checked; CONFIG_LOCK of the device DVSEC. */
  #isLocked({ structure, place, instance }: Cell): boolean {
    if (structure.name === "dvsecDevice") {
      const { register } = fieldOf(structure, "lock.configLock");
      return ((this.image[place + register.offset] ?? 0) & 1) !== 0;
    }
    const control = structure.registers["control"];
    if (control === undefined || !structure.name.startsWith("hdmDecoder")) return false;
    const value = this.word(place + control.offset + instance * (control.repeat?.stride ?? 0));
    const isSet = (name: string): boolean => ((value >>> bitsOf(fieldOf(structure, `control.${name}`).field)[1]) & 1) !== 0;
    const isBeingChecked = isSet("commit") && !isSet("committed") && !isSet("errorNotCommitted");
    return isBeingChecked || (isSet("committed") && isSet("lockOnCommit"));
  }
}

/** Bytes and masks of the field that a condition names: it must read non-zero. */
function conditionBytes(at: number, structure: StructureDeclaration, when: string): { readonly byte: number; readonly mask: number }[] {
  const { register, field } = fieldOf(structure, when);
  const [high, low] = bitsOf(field);
  const bytes = Array.from({ length: register.width / 8 }, (_, byte) => ({ byte: at + register.offset + byte, mask: maskInByte(high, low, byte) }));
  return bytes.filter(({ mask }) => mask !== 0);
}
