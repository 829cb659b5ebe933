// A served function that is a table of bytes: config space, BAR 0 of 64 KiB, BAR 2 of 4 KiB. What is written is read again, and every access is kept, as one line of text.

import type { ServedFunction } from "../../src/vfio-user/contract.ts";

export interface RegisterTable extends ServedFunction {
  /** `read bar0+0x10/4`, `write config+0x4/2=0x6`, `reset`, `came`, `went`, in order. */
  readonly log: string[];
  readonly config: Uint8Array;
  readonly memory: readonly Uint8Array[];
}

const barSizes: Readonly<Record<number, number>> = { 0: 65_536, 2: 4096 };

/** The same bytes each time: byte n of a space is n modulo 251, so that no two neighbours of any width are alike. @param isLogged false: accesses are not kept, for millions of them */
export function registerTable(isLogged = true): RegisterTable {
  const log: string[] = [];
  const note = (line: () => string): void => {
    if (isLogged) log.push(line());
  };
  const filled = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => at % 251);
  const config = filled(4096);
  const memory = [0, 1, 2, 3, 4, 5].map((bar) => filled(barSizes[bar] ?? 0));
  const view = (bytes: Uint8Array | undefined): DataView => {
    if (bytes === undefined) throw new Error("no such BAR");
    return new DataView(bytes.buffer);
  };
  // Out of bounds a DataView throws; of what is not aligned or of another width this does: both are the server's fault.
  const check = (offset: number, width: number, widths: readonly number[]): void => {
    if (!widths.includes(width) || offset % width !== 0) throw new Error(`an access of ${width} bytes at ${offset}`);
  };
  const at = (space: string, offset: number, width: number): string => `${space}+0x${offset.toString(16)}/${width}`;
  return {
    name: "table",
    bars: Object.entries(barSizes).map(([index, size]) => ({ index: Number(index), size })),
    configSize: config.length,
    messages: 16,
    log,
    config,
    memory,
    readConfig(offset, width) {
      check(offset, width, [1, 2, 4]);
      note(() => `read ${at("config", offset, width)}`);
      const bytes = view(config);
      return width === 1 ? bytes.getUint8(offset) : width === 2 ? bytes.getUint16(offset, true) : bytes.getUint32(offset, true);
    },
    writeConfig(offset, width, value) {
      check(offset, width, [1, 2, 4]);
      note(() => `write ${at("config", offset, width)}=0x${value.toString(16)}`);
      const bytes = view(config);
      if (width === 1) bytes.setUint8(offset, value);
      else if (width === 2) bytes.setUint16(offset, value, true);
      else bytes.setUint32(offset, value, true);
    },
    readBar(bar, offset, width) {
      check(offset, width, [1, 2, 4, 8]);
      note(() => `read ${at(`bar${bar}`, offset, width)}`);
      const bytes = view(memory[bar]);
      return width === 8 ? bytes.getBigUint64(offset, true) : BigInt(width === 1 ? bytes.getUint8(offset) : width === 2 ? bytes.getUint16(offset, true) : bytes.getUint32(offset, true));
    },
    writeBar(bar, offset, width, value) {
      check(offset, width, [1, 2, 4, 8]);
      note(() => `write ${at(`bar${bar}`, offset, width)}=0x${value.toString(16)}`);
      const bytes = view(memory[bar]);
      for (let byte = 0; byte < width; byte++) bytes.setUint8(offset + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
    },
    reset: () => note(() => "reset"),
    connected: (isConnected) => note(() => (isConnected ? "came" : "went")),
  };
}
