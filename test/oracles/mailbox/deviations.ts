// Where the module is known not to follow the sheets, until it does: the reference goes along, so that what lies behind is looked at too. The aim is an
// empty table.

export interface Deviation {
  /** Sheet line that says otherwise. */
  readonly sheet: string;
  readonly what: string;
}

export const deviations = {} as const satisfies Readonly<Record<string, Deviation>>;

/** True: the module does it its own way. */
export const deviates = (name: string): boolean => Object.hasOwn(deviations, name);
