// The version of a scenario file, which is looked at before anything else: what a later version means by a key, this one cannot know.

/** The version of scenario files that is read here. */
export const scenarioVersion = 1;

/** What is wrong with the version that a file gives; undefined: it is read here. */
export function versionProblem(given: unknown): string | undefined {
  if (given === scenarioVersion) return undefined;
  if (given === undefined) return `is missing; it must be ${scenarioVersion}: write "version: ${scenarioVersion}" at the top of the file`;
  if (typeof given === "number" && Number.isInteger(given) && given > scenarioVersion) return `this file asks for version ${given}; this cxl-sandbox reads version ${scenarioVersion}; install a newer one`;
  const shown = typeof given === "string" ? `"${given.slice(0, 40)}"` : typeof given === "object" && given !== null ? (Array.isArray(given) ? "a list" : "a mapping") : String(given);
  return `must be ${scenarioVersion}, not ${shown}`;
}
