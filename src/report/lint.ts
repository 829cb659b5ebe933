// Findings of `lint` for people, for programs, for GitHub's annotations and as SARIF 2.1.0.

import type { Finding } from "../scenario/lint.ts";
import { lintRules } from "../scenario/lint.ts";
import { formatProblem } from "../scenario/problem.ts";
import type { Style } from "./console.ts";
import { plain } from "./console.ts";

export interface LintReport {
  /** Scenarios that were looked at. */
  readonly files: number;
  readonly findings: readonly Finding[];
}

const asJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Findings of one severity. */
export const countOf = ({ findings }: LintReport, severity: Finding["severity"]): number => findings.filter((one) => one.severity === severity).length;

const headOf = ({ severity, rule, message }: Finding): string => (severity === "error" ? message : `warning: ${message} [${rule}]`);

export const lintConsole = (report: LintReport, style: Style = plain): string => report.findings.map((finding) => `${formatProblem({ ...finding, message: headOf(finding) }, style)}\n`).join("");

/** The last line, for standard error. */
export const lintVerdict = (report: LintReport): string => `${counted(report.files, "scenario")}: ${counted(countOf(report, "error"), "error")}, ${counted(countOf(report, "warning"), "warning")}\n`;

export const lintJson = (report: LintReport): string => asJson({ version: 1, files: report.files, errors: countOf(report, "error"), warnings: countOf(report, "warning"), findings: report.findings });

const escapeData = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

export const lintGithub = ({ findings }: LintReport): string => findings.map(({ severity, rule, file, line, column, message }) => `::${severity} file=${escapeProperty(file)},line=${line},col=${column},title=${escapeProperty(`cxl-sandbox ${rule}`)}::${escapeData(message)}\n`).join("");

const schemaUri = "https://json.schemastore.org/sarif-2.1.0.json";
const rules: readonly (readonly [Finding["rule"], string])[] = [["scenario", "The file is no scenario that can be run."], ...(Object.entries(lintRules) as [Finding["rule"], string][])];

/** A path as a relative reference of RFC 3986. */
const uriOf = (file: string): string => file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");

/** SARIF, one run. `version` of the tool. */
export function lintSarif({ findings }: LintReport, version: string): string {
  const results = findings.map(({ rule, severity, message, file, line, column, source }) => ({
    ruleId: rule,
    ruleIndex: rules.findIndex(([id]) => id === rule),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column, ...(source === "" ? {} : { snippet: { text: source } }) } } }],
  }));
  const driver = { name: "cxl-sandbox", version, rules: rules.map(([id, text]) => ({ id, shortDescription: { text }, defaultConfiguration: { level: id === "scenario" ? "error" : "warning" } })) };
  return asJson({ $schema: schemaUri, version: "2.1.0", runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }] });
}
