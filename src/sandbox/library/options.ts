// Options by name: one that is misspelt would do nothing, and say so to nobody.

import { suggestion } from "../../scenario/suggest.ts";

/** What `options` of a call may name. @throws RangeError */
export function checkNames(call: string, options: object, names: readonly string[]): void {
  const wrong = Object.keys(options).find((name) => !names.includes(name));
  if (wrong !== undefined) throw new RangeError(`${call} has no option "${wrong}"; ${suggestion(wrong, [...names])}`);
}
