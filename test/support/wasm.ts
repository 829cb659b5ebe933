// Just enough of the WebAssembly binary format to count opcodes: sections, function bodies, immediates (core specification 1.1, section 5).

/** Sections of a module by id; custom sections are left out. */
export function sections(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const reader = createReader(bytes, 8);
  while (!reader.isDone()) {
    const id = reader.byte();
    const size = reader.leb();
    const body = reader.take(size);
    if (id !== 0) found.set(id, body);
  }
  return found;
}

function createReader(bytes: Uint8Array, start = 0) {
  let at = start;
  const byte = (): number => bytes[at++] ?? 0;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = byte();
      if (shift < 32) value |= (next & 0x7f) << shift;
      if (next < 0x80) return value >>> 0;
    }
  };
  const take = (size: number): Uint8Array => bytes.subarray(at, (at += size));
  return { byte, leb, take, isDone: () => at >= bytes.length };
}

type Reader = ReturnType<typeof createReader>;

const repeat = (reader: Reader, count: number): void => {
  for (let i = 0; i < count; i++) reader.leb();
};

function skipExtended(reader: Reader): number {
  const sub = reader.leb();
  repeat(reader, sub === 8 || sub === 10 || sub === 12 || sub === 14 ? 2 : sub > 7 ? 1 : 0);
  return 0xfc00 + sub;
}

/** Reads one instruction with its immediates; 0xfc00 + n for the extended ones. */
function instruction(reader: Reader): number {
  const opcode = reader.byte();
  if (opcode === 0xfc) return skipExtended(reader);
  if (opcode === 0xfd || opcode === 0xfe) throw new Error(`opcode 0x${opcode.toString(16)}: SIMD or threads`);
  if (opcode === 0x43) reader.take(4);
  else if (opcode === 0x44) reader.take(8);
  else if (opcode === 0x0e) repeat(reader, reader.leb() + 1);
  else if (opcode === 0x1c) repeat(reader, reader.leb());
  else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) repeat(reader, 2);
  else if ((opcode >= 0x02 && opcode <= 0x04) || [0x0c, 0x0d, 0x10, 0x3f, 0x40, 0x41, 0x42, 0xd0, 0xd2].includes(opcode) || (opcode >= 0x20 && opcode <= 0x26)) reader.leb();
  return opcode;
}

export interface CodeSummary {
  readonly functions: number;
  /** How often each opcode occurs. */
  readonly opcodes: ReadonlyMap<number, number>;
  /** Value types of locals. */
  readonly localTypes: ReadonlySet<number>;
}

export function readCode(bytes: Uint8Array): CodeSummary {
  const section = sections(bytes).get(10) ?? new Uint8Array();
  const reader = createReader(section);
  const opcodes = new Map<number, number>();
  const localTypes = new Set<number>();
  const functions = reader.leb();
  for (let i = 0; i < functions; i++) {
    const body = createReader(reader.take(reader.leb()));
    for (let groups = body.leb(); groups > 0; groups--) {
      body.leb();
      localTypes.add(body.byte());
    }
    while (!body.isDone()) {
      const opcode = instruction(body);
      opcodes.set(opcode, (opcodes.get(opcode) ?? 0) + 1);
    }
  }
  return { functions, opcodes, localTypes };
}

const isBetween = (value: number, from: number, to: number): boolean => value >= from && value <= to;

/** True for instructions that read, write, make or compare f32 or f64 values. */
export const isFloat = (opcode: number): boolean =>
  [0x2a, 0x2b, 0x38, 0x39, 0x43, 0x44].includes(opcode) || isBetween(opcode, 0x5b, 0x66) || isBetween(opcode, 0x8b, 0xa6) || isBetween(opcode, 0xa8, 0xab) || isBetween(opcode, 0xae, 0xbf) || isBetween(opcode, 0xfc00, 0xfc07);
export const memoryGrow = 0x40;
export const float32 = 0x7d;
export const float64 = 0x7c;
