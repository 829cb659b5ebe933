// `cxl-sandbox lint`: everything that the loader checks, and warnings; nothing runs.

import type { LintReport } from "../report/lint.ts";
import { countOf, lintConsole, lintGithub, lintJson, lintSarif, lintVerdict } from "../report/lint.ts";
import type { Finding } from "../scenario/lint.ts";
import { lintRules, lintScenario } from "../scenario/lint.ts";
import { exitCodes } from "../scenario/result.ts";
import { UsageError, oneOf, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { orComplaint } from "./complaints.ts";
import { ScenarioFileError } from "../scenario/problem.ts";
import type { SourceFile } from "./files.ts";
import { readSources } from "./files.ts";
import { styleFor } from "./terminal.ts";
import { version } from "./version.ts";

const help = `usage: cxl-sandbox lint FILES|DIRS [options]

Checks scenario files as \`run\` does, with what they include, and warns of what they may say and had better not. Nothing runs.

  --reporter KIND     console (default), json, github (annotations of a workflow) or sarif (2.1.0, for code scanning)
  --strict            a warning is an error

warnings
${Object.entries(lintRules).map(([name, text]) => `  ${name.padEnd(16)}${text}`).join("\n")}

A comment keeps a warning quiet and says why: # lint-allow racing-name: the name is what this is about
It stands behind the line, on one of its own above it, or before the first key for the whole file.

Findings go to standard output, their number to standard error.

exit status
  0    no error; there may be warnings
  1    with --strict: there are warnings
  2    wrong usage, or a file that is no good scenario
  5    internal error
`;

const reporters = ["console", "json", "github", "sarif"] as const;
const options = { reporter: { type: "string", default: "console" }, strict: { type: "boolean", default: false } } as const;

function write(report: LintReport, reporter: (typeof reporters)[number]): string {
  if (reporter === "json") return lintJson(report);
  if (reporter === "sarif") return lintSarif(report, version());
  return reporter === "github" ? lintGithub(report) : lintConsole(report, styleFor(process.stdout));
}

/** Findings of several scenarios; what they share is said once. */
function findingsOf(sources: readonly SourceFile[]): Finding[] {
  const seen = new Set<string>();
  return sources.flatMap(({ file, text, includes }) => lintScenario(file, text, includes)).filter((finding) => {
    const key = `${finding.file}:${finding.line}:${finding.column}:${finding.rule}:${finding.message}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** What is there to look at: files that cannot be read are findings as well. @throws FilesError */
function lintPaths(paths: readonly string[]): LintReport {
  try {
    const sources = readSources(paths);
    return { files: sources.length, findings: findingsOf(sources) };
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    return { files: 0, findings: error.problems.map((problem) => ({ ...problem, severity: "error", rule: "scenario" })) };
  }
}

function main(argv: readonly string[]): number {
  const { values, positionals } = parseWords(argv, options);
  if (positionals.length === 0) throw new UsageError("lint needs at least one scenario file or folder");
  const reporter = oneOf("reporter", values.reporter ?? "console", reporters);
  const report = lintPaths(positionals);
  process.stdout.write(write(report, reporter));
  process.stderr.write(lintVerdict(report));
  if (countOf(report, "error") > 0) return exitCodes.usage;
  return values.strict === true && report.findings.length > 0 ? exitCodes.fail : exitCodes.pass;
}

export const command: CommandModule = { help, main: (argv) => orComplaint(() => Promise.resolve(main(argv))) };
