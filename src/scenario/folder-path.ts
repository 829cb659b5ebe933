// Paths that a scenario names: they stand in its folder or below it. Only text is looked at here.

/** What is wrong with a path as text, or undefined. `what` it names, like "driver"; `example` of a good one. */
export function folderPathProblem(path: string, what: string, example: string): string | undefined {
  if (path.includes("\0")) return "a path has no zero bytes";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path)) return `"${path}" is absolute; put the ${what} in the scenario's folder or below it and name it from there, like ${example}`;
  if (path.includes("\\")) return `"${path}" has a backslash; write / between folders`;
  if (path.split("/").includes("..")) return `"${path}" leads out of the scenario's folder; put the ${what} beside the scenario or in a folder below it`;
  return undefined;
}
