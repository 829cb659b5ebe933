// What a mailbox command's return code becomes in the kernel (error-recovery 6.1).

import type { ReturnCode } from "../../../registers/payload-schema.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";

const exceptions: Readonly<Record<number, Errno>> = { [returnCodes.invalidPhysicalAddress]: "EFAULT", [returnCodes.poisonLimitReached]: "EBUSY" };

/** Every code but two is "no such device or address". */
export const errnoOfReturnCode = (code: number): Errno => exceptions[code] ?? "ENXIO";

/** What the driver's log says of each. */
const words: Partial<Readonly<Record<ReturnCode, string>>> = {
  backgroundStarted: "background cmd started successfully", invalidInput: "cmd input was invalid", unsupported: "cmd is not supported", internalError: "internal device error",
  retryRequired: "temporary error, retry once", busy: "ongoing background operation", mediaDisabled: "media access is disabled",
  firmwareTransferInProgress: "one FW package can be transferred at a time", firmwareTransferOutOfOrder: "FW package content was transferred out of order",
  firmwareVerificationFailed: "FW package authentication failed", invalidSlot: "FW slot is not supported for requested operation",
  activationFailedRolledBack: "rolled back to the previous active FW", activationFailedColdReset: "FW failed to activate, needs cold reset",
  invalidHandle: "one or more Event Record Handles were invalid", invalidPhysicalAddress: "physical address specified is invalid",
  poisonLimitReached: "poison injection limit has been reached", permanentMediaFailure: "permanent issue with the media", aborted: "background cmd was aborted by device",
  invalidSecurityState: "not valid in the current security state", incorrectPassphrase: "phrase doesn't match current set passphrase",
  unsupportedMailbox: "unsupported on the mailbox it was issued on", invalidPayloadLength: "invalid payload length", invalidLog: "invalid or unsupported log page",
  // Spelt as the driver spells it.
  interrupted: "asynchronous event occured",
  unsupportedFeatureVersion: "unsupported feature version", unsupportedFeatureSelection: "unsupported feature selection value", featureTransferInProgress: "feature transfer in progress",
  featureTransferOutOfOrder: "feature transfer out of order", resourcesExhausted: "resources are exhausted", invalidExtentList: "invalid Extent List",
};

/** The code in the driver's words; one that it does not know by its name. */
export function describeReturnCode(code: number): string {
  const name = (Object.keys(returnCodes) as ReturnCode[]).find((one) => returnCodes[one] === code);
  if (name === undefined) return `code 0x${code.toString(16)}`;
  return words[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The device completed a command with an error. */
export class CommandError extends SystemError {
  readonly returnCode: number;
  constructor(name: string, returnCode: number) {
    super(errnoOfReturnCode(returnCode), `${name}: ${describeReturnCode(returnCode)}`);
    this.returnCode = returnCode;
  }
}
