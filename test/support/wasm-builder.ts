// Builds WebAssembly modules by hand, byte by byte, for what no compiler would make: hostile drivers. WebAssembly Core 5.

export type Type = "i32" | "i64" | "f64";
const types: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };

export interface Signature {
  readonly parameters?: readonly Type[];
  readonly result?: Type;
}

export interface ImportedFunction extends Signature {
  readonly module?: string;
  readonly name: string;
}

export interface ModuleFunction extends Signature {
  readonly name: string;
  /** Instructions without the final end. Function indexes count the imports first. */
  readonly body: readonly number[];
}

export interface ModuleParts {
  readonly imports?: readonly ImportedFunction[];
  /** Import entries after their names, for what is no function: [module, name, kind and type]. */
  readonly otherImports?: readonly (readonly [module: string, name: string, description: readonly number[]])[];
  readonly functions?: readonly ModuleFunction[];
  /** Bytes of the memory's limit after its flags, or null: none. Default: 1 page, 4 at most. */
  readonly memory?: readonly number[] | null;
  /** More memory or table entries, for modules that have two. */
  readonly tables?: readonly (readonly number[])[];
  readonly data?: readonly (readonly [offset: number, bytes: Uint8Array])[];
  /** Index of the start function. */
  readonly start?: number;
}

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

/** Signed LEB128. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const part = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (part & 0x40) === 0) || (rest === -1n && (part & 0x40) !== 0)) return [...bytes, part];
    bytes.push(part | 0x80);
  }
}

/** Instructions by name. */
export const code = {
  i32: (value: number): number[] => [0x41, ...signed(BigInt(value | 0))],
  i64: (value: bigint): number[] => [0x42, ...signed(BigInt.asIntN(64, value))],
  f64: (value: number): number[] => [0x44, ...new Uint8Array(new Float64Array([value]).buffer)],
  local: (index: number): number[] => [0x20, ...unsigned(index)],
  call: (index: number): number[] => [0x10, ...unsigned(index)],
  drop: [0x1a],
  unreachable: [0x00],
  divide: [0x6d],
  load: [0x28, 2, 0],
  store: [0x36, 2, 0],
  growMemory: [0x40, 0],
  /** loop … br 0 end */
  forever: (...body: readonly number[]): number[] => [0x03, 0x40, ...body, 0x0c, 0, 0x0b],
} as const;

const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];
const vector = (entries: readonly (readonly number[])[]): number[] => [...unsigned(entries.length), ...entries.flat()];
const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const signature = ({ parameters = [], result }: Signature): number[] => [0x60, ...vector(parameters.map((one) => [types[one]])), ...vector(result === undefined ? [] : [[types[result]]])];

export function wasmOf({ imports = [], otherImports = [], functions = [], memory = [1, 1, 4], tables = [], data = [], start }: ModuleParts): Uint8Array<ArrayBuffer> {
  const exported = functions.map((one, index) => [...text(one.name), 0, ...unsigned(imports.length + index)]);
  if (memory !== null) exported.push([...text("memory"), 2, 0]);
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, vector([...imports, ...functions].map(signature))),
    ...section(2, vector([...imports.map(({ module = "cxl", name }, index) => [...text(module), ...text(name), 0, ...unsigned(index)]), ...otherImports.map(([module, name, description]) => [...text(module), ...text(name), ...description])])),
    ...section(3, vector(functions.map((_, index) => unsigned(imports.length + index)))),
    ...(tables.length === 0 ? [] : section(4, vector(tables))),
    ...(memory === null ? [] : section(5, vector([memory]))),
    ...section(7, vector(exported)),
    ...(start === undefined ? [] : section(8, unsigned(start))),
    ...section(10, vector(functions.map(({ body }) => [...unsigned(body.length + 2), 0, ...body, 0x0b]))),
    ...section(11, vector(data.map(([offset, bytes]) => [0, ...code.i32(offset), 0x0b, ...unsigned(bytes.length), ...bytes]))),
  ]);
}
