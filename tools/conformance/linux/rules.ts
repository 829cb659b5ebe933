// Differences that were looked at and are right as they are, each with its reason. No rule takes whatever comes: it says what theirs and ours are.

export interface LinuxRule {
  readonly id: string;
  /** Places it is about. */
  readonly place: RegExp;
  /** Absent values: only the other side has the place. */
  readonly holds: (theirs: string | undefined, ours: string | undefined) => boolean;
  readonly reason: string;
}

const isDeviceNumber = (text: string | undefined): boolean => text !== undefined && /^\d+:\d+$/.test(text);

export const linuxRules: readonly LinuxRule[] = [
  { id: "device numbers", place: /^attrs (cxl mem|dax dax)\S+ dev$/, holds: (theirs, ours) => isDeviceNumber(theirs) && isDeviceNumber(ours), reason: "Major and minor numbers are handed out as drivers load; only their form is said." },
];
