// The first line of a scenario, by which the YAML language server knows its schema.

const pattern = /^# yaml-language-server: \$schema=\S*\n/;

/** A path from the folder of one file to another; both from the same place, with / between folders. */
export function pathBetween(file: string, target: string): string {
  const from = file.split("/").slice(0, -1);
  const to = target.split("/");
  while (from.length > 0 && to.length > 1 && from[0] === to[0]) {
    from.shift();
    to.shift();
  }
  return [...(from.length === 0 ? ["."] : from.map(() => "..")), ...to].join("/");
}

export const modeline = (schema: string): string => `# yaml-language-server: $schema=${schema}\n`;

/** The text of a scenario with the line that leads from it to the schema, in place of another such line. */
export const withModeline = (file: string, text: string, schema: string): string => `${modeline(pathBetween(file, schema))}${text.replace(pattern, "")}`;
