// Where the module is known not to follow the sheets, until it does: the reference goes along, so that what lies behind is looked at too. The aim is an
// empty table.

export interface Deviation {
  /** Sheet line that says otherwise. */
  readonly sheet: string;
  readonly what: string;
}

export const deviations = {
  resetNeeded: { sheet: "device-registers.md 5: Reset Needed must be non-zero whenever media status is error or disabled", what: "while Sanitize runs (media disabled) Reset Needed reads 0" },
  featureCold: { sheet: "mailbox.md 9: attribute flags 3:1, deepest reset persistence (3 warm, 4 cold)", what: "features say 3, but a saved value lasts over a cold reset" },
  countAlert: { sheet: "events.md 14 (INFERRED): corrected error count reaches its threshold: General Media or DRAM record with descriptor bit 1", what: "Set Alert Configuration with a corrected error count already at its threshold makes a Memory Module record of type 0 (health status change)" },
} as const satisfies Readonly<Record<string, Deviation>>;

/** True: the module does it its own way. */
export const deviates = (name: string): boolean => Object.hasOwn(deviations, name);
