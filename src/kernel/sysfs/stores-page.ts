// The files that take a store as a page: docs/sysfs.md is this text (a test holds them equal).

import { storeTable } from "./stores.ts";

export function storesPage(): string {
  const rows = storeTable.map(({ path, takes, unit, errors }) => `| \`${path}\` | ${takes} | ${unit} | ${Object.entries(errors).map(([errno, reason]) => `\`${errno}\` ${reason}`).join("<br>")} |`);
  return `# Files that take a store

The virtual tree has the kernel's files. This is every one that can be written, what it takes, and every error number that a store can end with; a store that
ends with another one is a fault of the model (a test stores malformed and legal texts into all of them). Section numbers are those of the sheet on region
assembly where none is named; A and S are rules of \`docs/rules.md\`.

Numbers are decimal, hexadecimal with 0x, octal with a leading 0; one line end at the end does not count, other white space does; a text ends at its first NUL.
Truth values are known by their first letter. An empty text is as a line end alone.

| file | takes | unit | errors |
|---|---|---|---|
${rows.join("\n")}
`;
}
