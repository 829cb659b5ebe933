// What a mailbox command's return code becomes in the kernel (error-recovery 6.1).

import { returnCodes } from "../../../registers/payload-schema.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";

const exceptions: Readonly<Record<number, Errno>> = { [returnCodes.invalidPhysicalAddress]: "EFAULT", [returnCodes.poisonLimitReached]: "EBUSY" };

/** Every code but two is "no such device or address". */
export const errnoOfReturnCode = (code: number): Errno => exceptions[code] ?? "ENXIO";

/** The code in words, from its name. */
export function describeReturnCode(code: number): string {
  const name = Object.entries(returnCodes).find(([, value]) => value === code)?.[0];
  return name === undefined ? `code 0x${code.toString(16)}` : name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The device completed a command with an error. */
export class CommandError extends SystemError {
  readonly returnCode: number;
  constructor(name: string, returnCode: number) {
    super(errnoOfReturnCode(returnCode), `${name}: ${describeReturnCode(returnCode)}`);
    this.returnCode = returnCode;
  }
}
