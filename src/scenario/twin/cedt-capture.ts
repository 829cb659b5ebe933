// The CEDT as captured: the table's own bytes, or one of the texts that tools make of them (acpidump, iasl -d, hexdump -C, hexdump, xxd).

import type { Cedt } from "../../kernel/acpi/cedt.ts";
import { parseCedt } from "../../kernel/acpi/cedt.ts";
import { checksumHolds, headerBytes, read32 } from "../../kernel/acpi/tables.ts";
import { CaptureFileError } from "./findings.ts";

const signature = "CEDT";
const longest = 1 << 20;
const remedy = "take it as root with: cat /sys/firmware/acpi/tables/CEDT > cedt.bin";

const textOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const signatureOf = (bytes: ArrayLike<number>): string => String.fromCharCode(...Array.from({ length: Math.min(4, bytes.length) }, (_, index) => bytes[index] ?? 0));
const pairs = (text: string): number[] => (text.match(/[0-9a-f]{2}/gi) ?? []).map((digits) => Number.parseInt(digits, 16));

/** Forms of a line of bytes: acpidump and iasl, hexdump -C, xxd, and hexdump whose words have the lower byte first. */
const forms: readonly { readonly line: RegExp; readonly bytes: (text: string) => number[] }[] = [
  { line: /^\s*([0-9a-f]{4,8}): ((?:[0-9a-f]{2}(?: |$)){1,16})/i, bytes: pairs },
  { line: /^([0-9a-f]{8}) {2}((?:[0-9a-f]{2} {1,2}){1,16})/i, bytes: pairs },
  { line: /^([0-9a-f]{8}): ((?:[0-9a-f]{2,4} ){1,8})/i, bytes: pairs },
  { line: /^([0-9a-f]{7}) ((?:[0-9a-f]{4}(?: |$)){1,8})/i, bytes: (text) => (text.match(/[0-9a-f]{4}/gi) ?? []).flatMap((word) => pairs(word).toReversed()) },
];

/** Bytes of the dump in a text that begins with the table's signature. */
function bytesOfText(text: string): number[] | undefined {
  for (const { line, bytes } of forms) {
    let found: number[] = [];
    for (const row of text.split("\n")) {
      const match = line.exec(row);
      const at = match === null ? -1 : Number.parseInt(match[1] ?? "", 16);
      if (at === 0 && signatureOf(found) === signature) break;
      if (at === 0) found = [];
      if (match !== null && at === found.length) found.push(...bytes(match[2] ?? ""));
      else if (row.trim() === "" && signatureOf(found) === signature) break;
    }
    if (signatureOf(found) === signature) return found;
  }
  return undefined;
}

function tableBytes(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw new CaptureFileError(file, "", `is empty; ${remedy}`);
  if (bytes.length > longest) throw new CaptureFileError(file, "", `has ${bytes.length} bytes, a CEDT has some hundreds; ${remedy}`);
  if (signatureOf(bytes) === signature) return bytes;
  const found = bytesOfText(textOf(bytes));
  if (found !== undefined) return Uint8Array.from(found);
  const other = /^[A-Z][A-Z0-9]{3}$/.test(signatureOf(bytes)) ? ` (it is ${signatureOf(bytes)})` : "";
  throw new CaptureFileError(file, "", `is no CEDT${other}, nor a hex dump of one that begins with the table; ${remedy}`);
}

/** The table, checked: length and checksum. @throws CaptureFileError */
export function readCedtCapture(file: string, captured: Uint8Array): Cedt {
  const bytes = tableBytes(file, captured);
  if (bytes.length < headerBytes) throw new CaptureFileError(file, `byte ${bytes.length}`, `ends inside the header of ${headerBytes} bytes; ${remedy}`);
  const length = read32(bytes, 4);
  if (length < headerBytes || length > bytes.length) throw new CaptureFileError(file, "bytes 4 to 7", `the table says that it has ${length} bytes, the file has ${bytes.length}: it is cut off or damaged; ${remedy}`);
  const table = bytes.subarray(0, length);
  if (!checksumHolds(table)) throw new CaptureFileError(file, "byte 9", `the checksum of the table is wrong: it is damaged; ${remedy}`);
  const cedt = parseCedt(table);
  if (cedt.isTruncated) throw new CaptureFileError(file, "", `a structure of the table has a length that cannot be; ${remedy}`);
  return cedt;
}
