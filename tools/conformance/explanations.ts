// Every difference between a capture and this model that has a reason: one reviewed rule each, for one field or one structure, with its clause.

import type { CaptureKind } from "./capture.ts";
import type { FunctionKind } from "./qemu-machine.ts";

export interface Explanation {
  readonly id: string;
  readonly captures: readonly CaptureKind[];
  readonly kinds?: readonly (FunctionKind | "pxb-cxl" | "table")[];
  /** A structure of ours by name; one that only they have by identity. */
  readonly structure: string;
  /** Absent: the structure is theirs alone. */
  readonly register?: string;
  readonly fields?: readonly string[];
  /** What the difference must look like. */
  readonly holds?: (theirs: number, ours: number) => boolean;
  readonly clause: string;
  readonly reason: string;
}

export const explanations: readonly Explanation[] = [];
