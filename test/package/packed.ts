// The packed file, when it is there: npm works at it since before the first test.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import type { Packed } from "../support/packed.ts";

const report = join(inject("packing"), "packed.json");
while (!existsSync(report)) await new Promise((resolve) => setTimeout(resolve, 100));
const found = JSON.parse(readFileSync(report, "utf8")) as Packed | string;
if (typeof found === "string") throw new Error(found);

export const packed: Packed = found;
