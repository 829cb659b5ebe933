// Where the module is known not to follow the sheets, until it does: the reference goes along, so that what lies behind is looked at too. The aim is an
// empty table.

export interface Deviation {
  /** Sheet line that says otherwise. */
  readonly sheet: string;
  readonly what: string;
}

export const deviations = {
  countAlert: { sheet: "events.md 14 (INFERRED): corrected error count reaches its threshold: General Media or DRAM record with descriptor bit 1", what: "Set Alert Configuration with a corrected error count already at its threshold makes a Memory Module record of type 0 (health status change)" },
} as const satisfies Readonly<Record<string, Deviation>>;

/** True: the module does it its own way. */
export const deviates = (name: string): boolean => Object.hasOwn(deviations, name);
