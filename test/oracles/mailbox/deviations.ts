// Where the module is known not to follow the sheets, until it does: the reference goes along, so that what lies behind is looked at too. The aim is an
// empty table.

export interface Deviation {
  /** Sheet line that says otherwise. */
  readonly sheet: string;
  readonly what: string;
}

export const deviations = {
  shortPolicy: { sheet: "mailbox.md 1: the missing tail counts as 0", what: "Set Event Interrupt Policy with 4 bytes leaves the dynamic capacity log's mode as it was" },
  lateItems: { sheet: "mailbox.md 1, events.md 11: the length is checked before the mailbox; 6 + 2n", what: "Clear Event Records with a length that is 6 + 2n for no n answers Unsupported Mailbox on the secondary mailbox" },
  partitionCxlReset: { sheet: "mailbox.md 12 (next reset: conventional or CXL per CEL), 3 (0x4101: effect bit 11)", what: "a CXL reset does not make the next partition the active one" },
  alertOnce: { sheet: "mailbox.md 13: if the condition already holds an event is generated at once", what: "Set Alert Configuration with a condition that held under the thresholds before makes no event" },
} as const satisfies Readonly<Record<string, Deviation>>;

/** True: the module does it its own way. */
export const deviates = (name: string): boolean => Object.hasOwn(deviations, name);
