// Text on a screen of cells: how wide it is, its letters as a reader sees them, and bytes of programs as text. What of foreign text may be shown: shown-text.ts.

/** Marks, joiners and other letters that take no cell of their own. */
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Letters of two cells: East Asian wide and full width, and pictures. */
const doubleWidth = /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/** Cells of a code point: 0, 1 or 2. The terminal is told the same. */
export function cellsOfPoint(point: number): 0 | 1 | 2 {
  if (point >= 0x20 && point < 0x7f) return 1;
  const letter = String.fromCodePoint(point);
  if (zeroWidth.test(letter) && point !== 0xad) return 0;
  return doubleWidth.test(letter) ? 2 : 1;
}

/** Cells of a letter as a reader sees it: as many as its widest code point. */
export const cellsOf = (letter: string): number => Math.max(0, ...[...letter].map((one) => cellsOfPoint(one.codePointAt(0) ?? 0)));

/** Letters as a reader sees them: a base with its marks is one. */
export function lettersOf(text: string): string[] {
  const letters: string[] = [];
  for (const letter of text) {
    const last = letters.at(-1);
    if (last !== undefined && cellsOf(letter) === 0) letters.splice(-1, 1, last + letter);
    else letters.push(letter);
  }
  return letters;
}

/** Chunks of a program's output as text: bytes are UTF-8, and a letter may be cut between chunks. */
export function outputReader(): (text: string) => string {
  const decoder = new TextDecoder();
  return (text) => {
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return text;
    return decoder.decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0)), { stream: true });
  };
}
