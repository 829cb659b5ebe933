// devmem ADDRESS [WIDTH [VALUE]]: one access to a physical address through /dev/mem, as busybox's program.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { Task } from "../sim/task.ts";
import type { Call } from "./programs.ts";

const usage = `Usage: devmem ADDRESS [WIDTH [VALUE]]

Read/write from physical address

	ADDRESS	Address to act upon
	WIDTH	Width (8/16/...)
	VALUE	Data to be written
`;

const path = "/dev/mem";
const defaultWidth = 32;
const letters: Readonly<Record<string, number>> = { b: 8, h: 16, w: 32, l: 64 };
const exits = { failed: 1, /** SIGBUS */ killed: 135 } as const;

/** A number as strtoull takes it, decimal, hexadecimal with 0x or octal with 0; undefined: none of 64 bits. */
function parseNumber(text: string): bigint | undefined {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) return undefined;
  if (/^0[0-9]+$/.test(text) && /[89]/.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text);
  return value < 1n << 64n ? value : undefined;
}

interface Access {
  readonly address: bigint;
  /** Bytes. */
  readonly width: number;
  readonly value: bigint | undefined;
}

function parseWords(argv: readonly string[]): Access | undefined {
  const [addressText, widthText = String(defaultWidth), valueText] = argv;
  if (addressText === undefined || argv.length > 3) return undefined;
  const address = parseNumber(addressText);
  const bitCount = letters[widthText] ?? Number(/^[0-9]+$/.test(widthText) ? widthText : Number.NaN);
  const value = valueText === undefined ? undefined : parseNumber(valueText);
  if (address === undefined || ![8, 16, 32, 64].includes(bitCount) || (valueText !== undefined && value === undefined)) return undefined;
  return { address, width: bitCount / 8, value };
}

/** What a failure of the file means to the program, which has it mapped: a bad access is a signal. */
function complain(call: Call, thrown: unknown): number {
  if (!(thrown instanceof SystemError)) throw thrown;
  if (thrown.errno === "EFAULT") {
    call.output.err("Bus error\n");
    return exits.killed;
  }
  call.output.err(`devmem: mmap: ${errnoText(thrown.errno)}\n`);
  return exits.failed;
}

/** Exit codes: 0, 1 for wrong words or an address that is refused, 135 where a machine check ended it. */
export function* devmem(call: Call): Task<number> {
  const access = parseWords(call.argv);
  if (access === undefined) {
    call.output.err(usage);
    return exits.failed;
  }
  const { address, width, value } = access;
  try {
    if (value !== undefined) yield* call.files.pwrite(path, address, Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
    else {
      const read = call.files.pread(path, address, width).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      call.output.out(`0x${read.toString(16).toUpperCase().padStart(2 * width, "0")}\n`);
    }
    return 0;
  } catch (thrown) {
    return complain(call, thrown);
  }
}
