// GitHub Actions: annotations where something stands in a file, and a summary of the job. GitHub looks for commands on standard error too, so that standard output
// stays free for another report.

import type { RunResult } from "../scenario/result.ts";
import type { AnyResult, Finding } from "./findings.ts";
import { totalsOf } from "./console.ts";
import { findingLines, findingsOf, repeatLine, worstFirst } from "./findings.ts";
import { oneLine } from "./foreign.ts";
import type { Reporter, ReportSurroundings } from "./reporter.ts";

type Environment = ReportSurroundings["environment"];

/** GitHub shows no more errors of one step. */
const mostAnnotations = 10;
/** Characters of an annotation's text. */
const longestMessage = 4000;
/** Runs whose findings stand in the summary, and characters of it: GitHub takes a mebibyte, and a character has at most four bytes. */
const mostInSummary = 50;
const longestSummary = 250_000;

const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(oneLine(text)).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** A path as GitHub knows it: from the root of the repository. */
function repositoryPath(file: string, { GITHUB_WORKSPACE: workspace, PWD: folder }: Environment): string {
  const root = `${workspace ?? ""}/`;
  const whole = file.startsWith("/") || folder === undefined || workspace === undefined ? file : `${folder}/${file.replace(/^\.\//, "")}`;
  return workspace !== undefined && whole.startsWith(root) ? whole.slice(root.length) : file.replace(/^\.\//, "");
}

interface Annotation {
  readonly file: string;
  readonly place: Finding["place"];
  readonly title: string;
  readonly lines: readonly string[];
}

/** The first finding of each run with the command to repeat it; then the others that stand somewhere, as far as there is room. */
function annotationsOf(failed: readonly AnyResult[]): Annotation[] {
  const all = failed.map((result) => ({ result, findings: findingsOf(result) }));
  const first = all.map(({ result, findings }): Annotation => ({
    file: result.file, place: findings.find(({ place }) => place !== null)?.place ?? null, title: `${result.status}: ${result.name} (seed ${result.seed})`, lines: [...findings.flatMap(findingLines), "", repeatLine(result)],
  }));
  const further = all.flatMap(({ result, findings }) => findings.filter(({ place }) => place !== null).slice(1).map((finding): Annotation => ({ file: result.file, place: finding.place, title: `${result.status}: ${result.name} (seed ${result.seed})`, lines: findingLines(finding) })));
  if (first.length <= mostAnnotations) return [...first, ...further].slice(0, mostAnnotations);
  const left = first.slice(mostAnnotations - 1);
  return [...first.slice(0, mostAnnotations - 1), { file: left[0]?.file ?? "", place: null, title: `${left.length} more runs did not pass`, lines: left.map(({ file, title }) => `${oneLine(file)}: ${oneLine(title)}`) }];
}

function commandOf({ file, place, title, lines }: Annotation, environment: Environment): string {
  const values = { file: repositoryPath(place?.file ?? file, environment), ...(place === null ? {} : { line: String(place.line), col: String(place.column) }), title };
  const message = lines.join("\n");
  const text = message.length > longestMessage ? `${message.slice(0, longestMessage)}\n(cut; the summary has more)` : message;
  return `::error ${Object.entries(values).map(([name, value]) => `${name}=${property(value)}`).join(",")}::${data(text)}`;
}

const longestCell = 300;

/** Text in a cell of a table: none of Markdown's marks, nor HTML's. */
const cell = (text: string): string => (text.length > longestCell ? `${oneLine(text.slice(0, longestCell))}...` : oneLine(text)).replaceAll(/[\\`*_{}[\]()#+!|~@]/g, String.raw`\$&`).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A block as it is, whatever ticks it has. */
function block(lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([ticks]) => ticks.length)));
  const fence = "`".repeat(longest + 1);
  return [`${fence}text`, ...lines, fence];
}

/** Markdown of the job's summary. */
export function githubSummary(result: RunResult): string {
  const failed = worstFirst(result.scenarios);
  const head = [`### cxl-sandbox: ${totalsOf(result)}`, ""];
  if (failed.length === 0) return `${head.join("\n")}\n`;
  const rows = failed.slice(0, mostInSummary).map((one) => `| ${one.status} | ${cell(one.file)} | ${cell(one.name)} | ${one.seed} | ${cell(findingsOf(one)[0]?.title ?? "")} |`);
  const parts = [...head, "| | file | scenario | seed | first |", "|---|---|---|---|---|", ...rows, ""];
  let length = parts.join("\n").length;
  let shown = 0;
  for (const one of failed.slice(0, mostInSummary)) {
    const lines = [`#### ${cell(one.name)}`, "", ...block([...findingsOf(one).flatMap(findingLines), "", repeatLine(one)]), ""];
    length += lines.join("\n").length + 1;
    if (length > longestSummary) break;
    parts.push(...lines);
    shown++;
  }
  if (shown < failed.length) parts.push(`${failed.length - shown} more did not pass and are not told here.`, "");
  return `${parts.join("\n")}\n`;
}

export const github: Reporter = {
  name: "github", summary: "annotations and a job summary of GitHub Actions", needs: { details: "none", traces: "none" },
  report: ({ result }, { environment }, target) => {
    const commands = annotationsOf(worstFirst(result.scenarios)).map((one) => `${commandOf(one, environment)}\n`).join("");
    const markdown = githubSummary(result);
    const summaryFile = environment["GITHUB_ACTIONS"] === "true" ? environment["GITHUB_STEP_SUMMARY"] : undefined;
    if (target !== undefined) return { stderr: commands, files: [{ name: target, content: markdown }] };
    if (summaryFile !== undefined && summaryFile !== "") return { stderr: commands, files: [{ name: summaryFile, content: markdown, isAppended: true }] };
    return { stderr: `${commands}${markdown}` };
  },
};
