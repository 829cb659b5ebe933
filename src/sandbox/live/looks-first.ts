// Looks of the first screen and of the time line: what the page's worker has from the start.

import { columnsLook } from "./columns-look.ts";
import { findLook } from "./find-look.ts";
import { machineLook } from "./machine-look.ts";
import { outcomeLook } from "./outcome-look.ts";
import { recordChoicesLook, recordsLook } from "./records-look.ts";

export const firstLooks = {
  columns: columnsLook,
  find: findLook,
  machine: machineLook,
  outcome: outcomeLook,
  recordChoices: recordChoicesLook,
  records: recordsLook,
} as const;
