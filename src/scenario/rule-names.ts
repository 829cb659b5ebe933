// Which rules a scenario file names: in its `name`, and at the start of its file's.

const idInName = /\b([SA])(\d+)(?:-\1(\d+))?\b/g;
/** `s15-slots-full.yaml`, also for several: `s46-s47-trimmed.yaml`. */
const idsInFile = /(?:^|-)s0*(\d+)(?=[-.])/g;

/** Rules that a scenario names: in its `name`, also as a range (S68-S72), and at the start of its file's. */
export function namedInScenario(file: string, text: string): string[] {
  const name = /^name:(.*)$/m.exec(text)?.[1] ?? "";
  const said = [...name.matchAll(idInName)].flatMap(([, letter = "", first = "", last = first]) => Array.from({ length: Math.max(0, Number(last) - Number(first)) + 1 }, (_, n) => `${letter}${Number(first) + n}`));
  return [...new Set([...said, ...[...(file.split(/[\\/]/).at(-1) ?? file).matchAll(idsInFile)].map(([, number = ""]) => `S${number}`)])];
}
