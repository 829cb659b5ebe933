// Names of AER's errors: the short ones of log lines and counters (sysfs-bus-pci-devices-aer), the long ones of the tracepoint, layers and agents.

import type { FlagNames } from "../trace/format.ts";

export type ErrorKind = "correctable" | "nonfatal" | "fatal";

export const shortCorrectable: FlagNames = { 0: "RxErr", 6: "BadTLP", 7: "BadDLLP", 8: "Rollover", 12: "Timeout", 13: "NonFatalErr", 14: "CorrIntErr", 15: "HeaderOF" };
export const shortUncorrectable: FlagNames = {
  0: "Undefined", 4: "DLP", 5: "SDES", 12: "TLP", 13: "FCP", 14: "CmpltTO", 15: "CmpltAbrt", 16: "UnxCmplt", 17: "RxOF", 18: "MalfTLP", 19: "ECRC", 20: "UnsupReq", 21: "ACSViol", 22: "UncorrIntErr",
  23: "BlockedTLP", 24: "AtomicOpBlocked", 25: "TLPBlockedErr", 26: "PoisonTLPBlocked",
};

export const longCorrectable: FlagNames = {
  0: "Receiver Error", 6: "Bad TLP", 7: "Bad DLLP", 8: "RELAY_NUM Rollover", 12: "Replay Timer Timeout", 13: "Advisory Non-Fatal Error", 14: "Corrected Internal Error", 15: "Header Log Overflow",
};
export const longUncorrectable: FlagNames = {
  0: "Undefined", 4: "Data Link Protocol Error", 5: "Surprise Down Error", 12: "Poisoned TLP", 13: "Flow Control Protocol Error", 14: "Completion Timeout", 15: "Completer Abort", 16: "Unexpected Completion",
  17: "Receiver Overflow", 18: "Malformed TLP", 19: "ECRC Error", 20: "Unsupported Request Error", 21: "ACS Violation", 22: "Uncorrectable Internal Error", 23: "MC Blocked TLP", 24: "AtomicOp Egress Blocked",
  25: "TLP Prefix Blocked Error", 26: "Poisoned TLP Egress Blocked",
};

/** Status bits that are no matter of the transaction layer, or of the receiver. */
const bits = { receiver: 1 << 0, dataLinkCorrectable: (1 << 6) | (1 << 7) | (1 << 8) | (1 << 12), replay: (1 << 8) | (1 << 12), dataLink: 1 << 4, requester: (1 << 14) | (1 << 20), completer: 1 << 15 } as const;

export function layerOf(kind: ErrorKind, status: number): string {
  const isCorrectable = kind === "correctable";
  if (isCorrectable && (status & bits.receiver) !== 0) return "Physical Layer";
  return (status & (isCorrectable ? bits.dataLinkCorrectable : bits.dataLink)) === 0 ? "Transaction Layer" : "Data Link Layer";
}

export function agentOf(kind: ErrorKind, status: number): string {
  if (kind === "correctable") return (status & bits.replay) === 0 ? "Receiver ID" : "Transmitter ID";
  if ((status & bits.completer) !== 0) return "Completer ID";
  return (status & bits.requester) === 0 ? "Receiver ID" : "Requester ID";
}
