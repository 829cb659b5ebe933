// Which functions are meant: -s [[[[DOMAIN]:]BUS]:][SLOT][.[FUNCTION]] and -d [VENDOR]:[DEVICE][:CLASS[:INTERFACE]], numbers hexadecimal.

import type { PciFunction } from "./functions.ts";

/** What a field is compared with; digits of `mask` that are 0 do not count. */
interface Wanted {
  readonly value: number;
  readonly mask: number;
}

export type Filter = Readonly<Partial<Record<"domain" | "bus" | "device" | "fn" | "vendor" | "deviceId" | "classCode" | "programmingInterface", Wanted>>>;

/** A filter that cannot be read; the message is the tool's. */
export class FilterProblem extends Error {}

/** Nothing or a star: anything. */
const isGiven = (text: string | undefined): text is string => text !== undefined && text !== "" && text !== "*";

/** @throws FilterProblem */
function parseField(text: string | undefined, largest: number, name: string, canMask = false): Wanted | undefined {
  if (!isGiven(text)) return undefined;
  const digits = canMask ? text : text.replace(/^0x/i, "");
  const value = /^[0-9a-f]*$/i.test(canMask ? digits.replaceAll(/x/gi, "0") : digits) ? Number.parseInt(`0${canMask ? digits.replaceAll(/x/gi, "0") : digits}`, 16) : Number.NaN;
  if (!(value <= largest)) throw new FilterProblem(`Invalid ${name}`);
  const mask = canMask ? Number.parseInt([...digits].map((digit) => (/x/i.test(digit) ? "0" : "f")).join("").padStart(4, "f"), 16) : 0xffff_ffff;
  return { value, mask };
}

function present(fields: Readonly<Record<string, Wanted | undefined>>): Filter {
  return Object.fromEntries(Object.entries(fields).filter(([, wanted]) => wanted !== undefined));
}

/** @throws FilterProblem */
export function parseSlot(text: string): Filter {
  const fields = text.split(":");
  if (fields.length > 3) throw new FilterProblem("Too many fields");
  const place = fields.at(-1);
  const parts = isGiven(place) ? place.split(".") : [];
  const domain = parseField(fields.length === 3 ? fields[0] : undefined, 0x7fff_ffff, "domain number");
  const bus = parseField(fields.length > 1 ? fields.at(-2) : undefined, 0xff, "bus number");
  if (parts.length > 2) throw new FilterProblem("Invalid slot/function number");
  return present({ domain, bus, device: parseField(parts[0], 0x1f, "slot number"), fn: parseField(parts[1], 7, "function number") });
}

/** @throws FilterProblem */
export function parseId(text: string): Filter {
  const fields = text.split(":");
  if (fields.length > 4) throw new FilterProblem("Too many fields");
  if (fields.length < 2) throw new FilterProblem("At least two fields must be given");
  return present({
    vendor: parseField(fields[0], 0xffff, "vendor ID"), deviceId: parseField(fields[1], 0xffff, "device ID"), classCode: parseField(fields[2], 0xffff, "class code", true), programmingInterface: parseField(fields[3], 0xff, "programming interface code"),
  });
}

export const matches = (filter: Filter, one: PciFunction): boolean => Object.entries(filter).every(([name, { value, mask }]) => ((one[name as keyof Filter] ^ value) & mask) === 0);
