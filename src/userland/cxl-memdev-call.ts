// What commands on memdevs are given: the tree, options, where output goes, and what is shown of each memdev at the end.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { JsonObject } from "./cxl-describe.ts";
import type { Options } from "./options.ts";
import type { Output } from "./output.ts";

/** What the tool's own complaints begin with. */
export const memdevTool = "cxl memdev";

export interface MemdevCall {
  readonly files: FileSystem;
  readonly options: Options;
  readonly output: Output;
  /** What is read from: the file of --input, or standard input. */
  readonly source: { readonly text: string; readonly isFile: boolean };
  /** What the command prints of each memdev. */
  readonly shown: JsonObject[];
}
