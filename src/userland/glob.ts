// Patterns of names: star, question mark, set ([a-z], [!a]). Those of the shell's words, and of `find -name` (fnmatch).

/** A letter of a pattern; a quoted one stands for itself, also where it would be more. */
export interface Letter {
  readonly letter: string;
  readonly isQuoted: boolean;
}

export const isPattern = ({ letter, isQuoted }: Letter): boolean => !isQuoted && (letter === "*" || letter === "?" || letter === "[");

/** A pattern as text: a backslash quotes the letter behind it. */
export const lettersOf = (text: string): Letter[] => [...text.matchAll(/\\(.)|[^]/g)].map(([all, quoted]) => ({ letter: quoted ?? all, isQuoted: quoted !== undefined }));

/** Where a set that begins at `at` ends, or -1: then the bracket stands for itself. */
function endOfSet(pattern: readonly Letter[], at: number): number {
  const first = pattern[at + 1]?.letter === "!" || pattern[at + 1]?.letter === "^" ? at + 3 : at + 2;
  for (let end = first; end < pattern.length; end++) if (pattern[end]?.letter === "]" && pattern[end]?.isQuoted === false) return end;
  return -1;
}

function isInSet(pattern: readonly Letter[], at: number, end: number, letter: string): boolean {
  const isNegated = pattern[at + 1]?.letter === "!" || pattern[at + 1]?.letter === "^";
  let isFound = false;
  for (let i = at + (isNegated ? 2 : 1); i < end; i++) {
    const low = pattern[i]?.letter ?? "";
    const isRange = pattern[i + 1]?.letter === "-" && i + 2 < end;
    const high = isRange ? (pattern[i + 2]?.letter ?? "") : low;
    if (low <= letter && letter <= high) isFound = true;
    if (isRange) i += 2;
  }
  return isFound !== isNegated;
}

/** How many letters of the pattern fit one letter here; 0: it does not fit. */
function fitOne(pattern: readonly Letter[], at: number, letter: string): number {
  const one = pattern[at];
  if (one === undefined) return 0;
  if (!one.isQuoted && one.letter === "?") return 1;
  if (!one.isQuoted && one.letter === "[") {
    const end = endOfSet(pattern, at);
    if (end >= 0) return isInSet(pattern, at, end, letter) ? end - at + 1 : 0;
  }
  return one.letter === letter ? 1 : 0;
}

/** Whether a name fits a pattern; only the last star is ever tried again, so that it takes at most length times length. */
export function fits(pattern: readonly Letter[], name: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let i = 0; i < name.length; ) {
    const taken = fitOne(pattern, at, name[i] ?? "");
    if (pattern[at]?.letter === "*" && pattern[at]?.isQuoted === false) {
      star = at++;
      retry = i;
    } else if (taken > 0) {
      at += taken;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retry;
    } else return false;
  }
  while (pattern[at]?.letter === "*" && pattern[at]?.isQuoted === false) at++;
  return at === pattern.length;
}
