// Words of a command that a person pastes into a shell.

const harmless = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word as a POSIX shell reads it back: quoted where it has blanks or characters that mean something there. */
export function shellWord(text: string): string {
  if (harmless.test(text)) return text;
  if (!/\p{Cc}/u.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, (character) => [...new TextEncoder().encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""));
  return `$'${escaped}'`;
}

/** A file's name as a word that no command takes for an option. */
export const shellFile = (file: string): string => shellWord(file.startsWith("-") ? `./${file}` : file);

/** The command that repeats a run; `schedule`: a kind, or the file of a recorded one; `more`: further options, each with its blank before it. */
export const repeatCommand = (file: string, seed: number, schedule: string, more: string): string => `cxl-sandbox run ${shellFile(file)} --seed ${seed} --schedule ${shellFile(schedule)}${more}`;
