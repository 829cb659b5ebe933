// /proc/iomem as root sees it: memory, Soft Reserved ranges, windows, and where functions and host bridges have their registers.

import { CaptureFileError } from "./findings.ts";

export interface IomemRange {
  readonly start: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly name: string;
  /** Names of what it lies in, outermost first. */
  readonly above: readonly string[];
}

export interface IomemCapture {
  readonly ranges: readonly IomemRange[];
}

const longest = 4 << 20;
const mostRanges = 50_000;
const remedy = "take it as root with: cat /proc/iomem > iomem.txt";

interface Open {
  readonly depth: number;
  readonly name: string;
}

/** @throws CaptureFileError */
export function readIomemCapture(file: string, text: string): IomemCapture {
  if (text.length > longest) throw new CaptureFileError(file, "", `has ${text.length} characters; is this the right file?`);
  const ranges: IomemRange[] = [];
  const open: Open[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const match = /^( *)([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$/.exec(line.trimEnd());
    if (match === null) throw new CaptureFileError(file, `line ${index + 1}`, `"${line.trim().slice(0, 60)}" is no line of /proc/iomem; ${remedy}`);
    const [, blanks = "", from = "", to = "", name = ""] = match;
    const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    if (end < start) throw new CaptureFileError(file, `line ${index + 1}`, `ends before it begins; ${remedy}`);
    while (open.length > 0 && (open.at(-1)?.depth ?? 0) >= blanks.length) open.pop();
    ranges.push({ start, size: end - start + 1n, name, above: open.map((one) => one.name) });
    open.push({ depth: blanks.length, name });
    if (ranges.length > mostRanges) throw new CaptureFileError(file, "", `has more than ${mostRanges} lines; is this the right file?`);
  }
  if (ranges.length === 0) throw new CaptureFileError(file, "", `is empty; ${remedy}`);
  if (ranges.every(({ start, size }) => start === 0n && size === 1n)) throw new CaptureFileError(file, "", `every address is 0: only root sees them; ${remedy}`);
  return { ranges };
}

const isCxl = (name: string): boolean => /^(CXL Window \d+|Soft Reserved|region\d+|dax\d+\.\d+|hmem)/.test(name);

/** Memory of the host's own: bytes, and its end. */
export function hostMemory({ ranges }: IomemCapture): { readonly size: bigint; readonly end: bigint } {
  const own = ranges.filter(({ name, above }) => name === "System RAM" && !above.some(isCxl));
  return { size: own.reduce((sum, { size }) => sum + size, 0n), end: own.reduce((end, { start, size }) => (start + size > end ? start + size : end), 0n) };
}

export const softReserved = ({ ranges }: IomemCapture): IomemRange[] => ranges.filter(({ name }) => name === "Soft Reserved");

/** Memory devices by their ranges, the outermost of each name. */
export const daxRanges = ({ ranges }: IomemCapture): IomemRange[] => ranges.filter(({ name }) => /^dax\d+\.\d+$/.test(name));

/** Component registers of host bridges, by the name of their CXL port: blocks that a port has outside of PCI. */
export function bridgeRegisters({ ranges }: IomemCapture): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { name, start, above } of ranges) if (/^port\d+$/.test(name) && !above.some((one) => one.startsWith("PCI Bus"))) found.set(name, (start >> 16n) << 16n);
  return found;
}

/** Functions that have registers on a bus: `0000:0c:01.0`. */
export const functionsOn = ({ ranges }: IomemCapture, bus: string): string[] => [...new Set(ranges.filter(({ name }) => /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name) && name.startsWith(`${bus}:`)).map(({ name }) => name))].toSorted();

/** Buses right below a bus: `0000:0d`. */
export function busesBelow({ ranges }: IomemCapture, bus: string): string[] {
  const below = ranges.filter(({ name, above }) => name.startsWith("PCI Bus ") && name !== `PCI Bus ${bus}` && above.filter((one) => one.startsWith("PCI Bus ")).at(-1) === `PCI Bus ${bus}`);
  return [...new Set(below.map(({ name }) => name.slice("PCI Bus ".length)))].toSorted();
}

/** Buses of host bridges: those that no other bus holds. */
export const rootBuses = ({ ranges }: IomemCapture): string[] => [...new Set(ranges.filter(({ name, above }) => /^PCI Bus [0-9a-f]{4}:[0-9a-f]{2}$/.test(name) && !above.some((one) => one.startsWith("PCI Bus "))).map(({ name }) => name.slice("PCI Bus ".length)))].toSorted();
