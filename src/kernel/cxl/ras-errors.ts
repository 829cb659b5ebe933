// Errors of the RAS structure as the kernel reads them: the bits it knows, and which of several came first (error-recovery 2).

import { fieldBits } from "../../../registers/checks.ts";
import { ras } from "../../../registers/ras-link.ts";
import type { FieldDeclaration } from "../../../registers/schema.ts";

const maskOf = (fields: Readonly<Record<string, FieldDeclaration>>): number => Object.values(fields).reduce((mask, field) => mask + 2 ** fieldBits(field)[1], 0);

/** Every bit that is declared: 11:0 and 16:14, and 6:0. */
export const handledUncorrectable = maskOf(ras.registers.uncorrectableStatus.fields);
export const handledCorrectable = maskOf(ras.registers.correctableStatus.fields);

/** The bit that came first: the one there is, else the one that the pointer names. A dead device's pointer names none: 0 (INFERRED). */
export function firstErrorOf(status: number, pointer: number): number {
  if ((status & (status - 1)) === 0) return status;
  return pointer > 31 ? 0 : 2 ** pointer;
}
