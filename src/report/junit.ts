// JUnit's XML as CI systems read it, within the schema of Jenkins' xunit plug-in (junit-10.xsd): a suite for each scenario file, a test case for each of its runs.

import type { RunDetails } from "../scenario/details.ts";
import type { Status } from "../scenario/result.ts";
import type { AnyResult } from "./findings.ts";
import { findingLines, findingsOf, placeText, repeatLine } from "./findings.ts";
import { linesOfText, oneLine } from "./foreign.ts";
import type { Reporter, RunReport } from "./reporter.ts";

/** Lines of the kernel's log that are kept of a run. */
const logLines = 100;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text of one line, or of several that are harmless. */
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
const attribute = (name: string, value: string | number): string => ` ${name}="${escaped(oneLine(String(value)))}"`;
const attributes = (values: Readonly<Record<string, string | number>>): string => Object.entries(values).map(([name, value]) => attribute(name, value)).join("");

/** A run that failed says that the scenario does not hold; everything else says that nothing can be said. */
const elements: Readonly<Record<Status, "failure" | "error" | null>> = { pass: null, fail: "failure", invalid: "error", error: "error", limit: "error", driver: "error" };

/** `scenarios/defects/no-link-down.yaml` as a class in a package. */
const className = (file: string): string => file.replace(/\.ya?ml$/, "").split("/").filter((part) => part !== "" && part !== "." && part !== "..").join(".");

function troubleOf(result: AnyResult): string[] {
  const element = elements[result.status];
  if (element === null) return [];
  const findings = findingsOf(result);
  const [first] = findings;
  const message = first === undefined ? result.status : `${placeText(first)}${first.title}`;
  const lines = [...findings.flatMap(findingLines), "", repeatLine(result)];
  return [`      <${element}${attributes({ message, type: first?.kind ?? result.status })}>${lines.map(escaped).join("\n")}</${element}>`];
}

/** The end of the kernel's log, as dmesg shows it. */
function logOf(details: RunDetails | undefined): string[] {
  if (details === undefined || details.log.length === 0) return [];
  const stamp = (atNs: number): string => `[${String(Math.floor(atNs / 1e9)).padStart(5)}.${String(Math.floor(atNs / 1e3) % 1e6).padStart(6, "0")}]`;
  const lines = details.log.slice(-logLines).flatMap(({ atNs, text }) => linesOfText(text).map((line) => `${stamp(atNs)} ${escaped(line)}`));
  const left = details.log.length - logLines;
  return [`      <system-out>${[...(left > 0 ? [`(${left} lines before)`] : []), ...lines].join("\n")}</system-out>`];
}

function propertiesOf(results: readonly AnyResult[]): string[] {
  const property = (name: string, value: string | number): string => `      <property${attributes({ name, value })}/>`;
  return results.flatMap(({ seed, schedule, virtualTimeNs, outcome, traceDigest }) => [
    property(`seed ${seed}: schedule`, schedule), property(`seed ${seed}: virtual time in ns`, virtualTimeNs),
    ...(outcome === null ? [] : [property(`seed ${seed}: outcome`, outcome)]), ...(traceDigest === null ? [] : [property(`seed ${seed}: trace digest`, traceDigest)]),
  ]);
}

const count = (results: readonly AnyResult[], element: "failure" | "error"): number => results.filter(({ status }) => elements[status] === element).length;
const counts = (results: readonly AnyResult[]): Readonly<Record<string, number>> => ({ tests: results.length, failures: count(results, "failure"), errors: count(results, "error") });

function suite(file: string, places: readonly number[], { result, details }: RunReport): string[] {
  const results = places.map((place) => result.scenarios[place] as AnyResult);
  const cases = places.flatMap((place) => {
    const one = result.scenarios[place] as AnyResult;
    const inside = [...troubleOf(one), ...logOf(details.get(place))];
    const head = `    <testcase${attributes({ name: `${one.name} (seed ${one.seed})`, classname: className(file), time: 0 })}`;
    return inside.length === 0 ? [`${head}/>`] : [`${head}>`, ...inside, "    </testcase>"];
  });
  return [`  <testsuite${attributes({ name: file, ...counts(results), skipped: 0, time: 0, file })}>`, "    <properties>", ...propertiesOf(results), "    </properties>", ...cases, "  </testsuite>"];
}

/** The whole document. `time` is 0 throughout: a run's time is virtual and stands in the properties. */
export function junitReport(run: RunReport): string {
  const { scenarios } = run.result;
  const byFile = new Map<string, number[]>();
  for (const [place, { file }] of scenarios.entries()) byFile.set(file, [...(byFile.get(file) ?? []), place]);
  const suites = [...byFile].flatMap(([file, places]) => suite(file, places, run));
  return `${['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites${attributes({ name: "cxl-sandbox", ...counts(scenarios), time: 0 })}>`, ...suites, "</testsuites>"].join("\n")}\n`;
}

export const junit: Reporter = {
  name: "junit", summary: "JUnit XML, a suite for each file and a test case for each seed", needs: { details: "failures", traces: "none" },
  report: (run, _surroundings, target) => (target === undefined ? { stdout: junitReport(run) } : { files: [{ name: target, content: junitReport(run) }] }),
};
