// The --vary options of a command: what varies, checked together.

import type { Variation } from "../scenario/vary.ts";
import { VariationError, combinationsOf, parseVariation } from "../scenario/vary.ts";
import { UsageError } from "./arguments.ts";

/** @throws UsageError */
export function variationsOf(texts: readonly string[]): readonly Variation[] {
  try {
    const variations = texts.map(parseVariation);
    combinationsOf(variations);
    return variations;
  } catch (error) {
    if (error instanceof VariationError) throw new UsageError(error.message);
    throw error;
  }
}
