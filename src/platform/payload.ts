// Payloads by name: bytes from named fields and back, built from the declarations in registers/.

import type { PayloadField, PayloadFields, PayloadLayout } from "../../registers/payload-schema.ts";

/** A field of up to 8 bytes is an unsigned integer (a bigint above 6 bytes), a longer one its bytes. */
export type PayloadValue = number | bigint | Uint8Array;
export type PayloadValues<F extends PayloadFields> = Partial<Record<keyof F & string, PayloadValue>>;

const widest = 8;
const widestNumber = 6;

function readInteger(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[offset + at] ?? 0);
  return value;
}

/** An unsigned integer of a payload; of what lies beyond its end, 0. */
export const payloadBig = (bytes: Uint8Array, [offset, size]: PayloadField, at = 0): bigint => readInteger(bytes, at + offset, size);
/** The same as a number. @throws RangeError above 2^53 - 1 */
export function payloadNumber(bytes: Uint8Array, field: PayloadField, at = 0): number {
  const value = payloadBig(bytes, field, at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${field[2]}: ${value} is no exact number`);
  return Number(value);
}
export const payloadBytes = (bytes: Uint8Array, [offset, size]: PayloadField, at = 0): Uint8Array => bytes.slice(at + offset, at + offset + size);

function writeField(bytes: Uint8Array, [offset, size, meaning]: PayloadField, value: PayloadValue, at: number): void {
  if (value instanceof Uint8Array) {
    if (value.length > size) throw new RangeError(`${meaning}: ${value.length} bytes do not fit ${size}`);
    bytes.set(value, at + offset);
    return;
  }
  const whole = BigInt(value);
  if (size > widest || whole < 0n || whole >> BigInt(8 * size) !== 0n) throw new RangeError(`${meaning}: ${value} does not fit ${size} bytes`);
  for (let index = 0; index < size; index++) bytes[at + offset + index] = Number((whole >> BigInt(8 * index)) & 0xffn);
}

/** Writes named fields into `bytes`, `at` bytes from their start. @throws RangeError when a value does not fit, or a name is not known */
export function encodeFields<F extends PayloadFields>(bytes: Uint8Array, fields: F, values: PayloadValues<F>, at = 0): void {
  for (const [name, value] of Object.entries(values) as [string, PayloadValue][]) {
    const field = fields[name];
    if (field === undefined) throw new RangeError(`no field "${name}"; there are ${Object.keys(fields).join(", ")}`);
    writeField(bytes, field, value, at);
  }
}

/** A payload of a layout: fixed part, then items or data. Fields not named are 0. @throws RangeError */
export function encodePayload<L extends PayloadLayout>(layout: L, values: PayloadValues<L["fields"]>, rest: { readonly items?: readonly Readonly<Record<string, PayloadValue>>[]; readonly data?: Uint8Array } = {}): Uint8Array {
  const items = rest.items ?? [];
  const itemLength = layout.items?.length ?? 0;
  const bytes = new Uint8Array(layout.length + items.length * itemLength + (rest.data?.length ?? 0));
  encodeFields(bytes, layout.fields, values as PayloadValues<PayloadFields>);
  for (const [index, item] of items.entries()) encodeFields(bytes, layout.items?.fields ?? {}, item, layout.length + index * itemLength);
  if (rest.data !== undefined) bytes.set(rest.data, layout.length + items.length * itemLength);
  return bytes;
}

/** Named fields of a payload; of what lies beyond its end, 0. */
export function decodeFields<F extends PayloadFields>(bytes: Uint8Array, fields: F, at = 0): { readonly [K in keyof F & string]: PayloadValue } {
  const values: Record<string, PayloadValue> = {};
  for (const [name, field] of Object.entries(fields)) {
    const [, size] = field;
    values[name] = size > widest ? payloadBytes(bytes, field, at) : size > widestNumber ? payloadBig(bytes, field, at) : payloadNumber(bytes, field, at);
  }
  return values as { readonly [K in keyof F & string]: PayloadValue };
}

/** Text form of a UUID stored in text order. */
export function uuidText(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

/** @throws RangeError when it is none */
export function uuidFrom(text: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new RangeError(`"${text}" is no UUID`);
  return Uint8Array.from(text.replaceAll("-", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Where the bytes of a GUID in text order lie when it is stored in mixed order: the first three groups little endian. */
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const reorder = (bytes: Uint8Array): Uint8Array => Uint8Array.from(guidOrder, (at) => bytes[at] ?? 0);

/** Text form of a GUID stored in mixed order, as ACPI and UEFI store it. */
export const guidText = (bytes: Uint8Array): string => uuidText(reorder(bytes));

/** @throws RangeError when it is none */
export const guidFrom = (text: string): Uint8Array => reorder(uuidFrom(text));
