// The html reporter: one page that holds everything, asks nobody, and works from a file. What failed comes first.

import type { RunDetails } from "../scenario/details.ts";
import type { RunResult, Status } from "../scenario/result.ts";
import { timeText } from "../scenario/time-text.ts";
import { badge, runCard, statusWords } from "./html-run.ts";
import type { AnyResult } from "./html-run.ts";
import { pageScript, scriptDigest } from "./html-script.ts";
import { pageStyle, styleDigest } from "./html-style.ts";
import { Markup, markup, nothing } from "./html-text.ts";
import { patterns } from "./html-timeline.ts";
import type { Reporter, RunReport } from "./reporter.ts";

/** Characters of runs with their details; those after it are shown without, so that a browser still opens the page. */
const mostDetails = 24_000_000;
/** Runs that failed that get a place of their own, and rows of the table of all. */
const mostCards = 500;
const mostRows = 10_000;
/** Characters of a line of the list of failures. */
const mostGist = 200;
/** Runs that stand open when the page is opened. */
const mostOpen = 5;

const order: readonly Status[] = ["error", "driver", "fail", "invalid", "limit", "pass"];

/** Names of runs for links: file and seed, letters and digits only; two of one name get a number. */
function runIds(scenarios: RunResult["scenarios"]): string[] {
  const taken = new Set<string>();
  return scenarios.map(({ file, seed }) => {
    const name = `${file.replaceAll(/[^A-Za-z0-9._]+/g, "-").replaceAll(/^-+|-+$/g, "")}-${seed}`;
    let id = name;
    for (let number = 2; taken.has(id); number++) id = `${name}-${number}`;
    taken.add(id);
    return id;
  });
}

function headline({ scenarios, summary }: RunResult): string {
  const bad = scenarios.length - summary.pass;
  if (scenarios.length === 0) return "Nothing ran";
  if (bad === 0) return scenarios.length === 1 ? "The run passed" : `All ${scenarios.length} runs passed`;
  return `${bad} of ${scenarios.length} ${scenarios.length === 1 ? "run" : "runs"} did not pass`;
}

function summarySection(result: RunResult): Markup {
  const chips = order.filter((status) => result.summary[status] > 0).map((status) => markup`<li class="badge ${status}">${result.summary[status]} ${statusWords[status]}</li>`);
  return markup`<header class="${result.summary.pass === result.scenarios.length ? "pass" : "fail"}"><h1>${headline(result)}</h1><ul class="chips">${chips}</ul><p class="facts">cxl-sandbox ${result.tool.version} · module ${result.tool.moduleHash}</p></header>`;
}

/** What a row sorts by. */
const cell = (value: string | number, sortBy: string | number = value): Markup => markup`<td data-sort="${String(sortBy)}">${value}</td>`;

function rowOf(result: AnyResult, id: string, hasCard: boolean): Markup {
  const { metrics: m, name, file, seed, outcome, virtualTimeNs, status } = result;
  const counts = m === null ? ["–", "–", "–", "–"] : [m.machineChecks, m.droppedWrites, m.killed, m.survived];
  const title = hasCard ? markup`<a href="#${id}">${name}</a>` : markup`${name}`;
  return markup`<tr${hasCard ? nothing : markup` id="${id}"`}><td data-sort="${String(order.indexOf(status))}">${badge(status)}</td><th scope="row" data-sort="${name}">${title}<br><small><code>${file}</code></small></th>${cell(seed)}${cell(outcome ?? "–")}${cell(timeText(virtualTimeNs), virtualTimeNs)}${counts.map((count) => cell(count))}</tr>`;
}

const columns = ["Status", "Scenario", "Seed", "Outcome", "Virtual time", "Checks", "Dropped", "Killed", "Survived"];

function tableSection({ scenarios }: RunResult, ids: readonly string[], carded: ReadonlySet<number>): Markup {
  const rows = scenarios.slice(0, mostRows).map((result, index) => rowOf(result, ids[index] ?? "", carded.has(index)));
  const left = scenarios.length - rows.length;
  return markup`<section aria-labelledby="all"><h2 id="all">All runs</h2><div class="tools" hidden><label>Filter <input type="search" data-filter-runs></label> <label>Status <select data-status><option value="">all</option>${order.map((status) => markup`<option value="${String(order.indexOf(status))}">${status}</option>`)}</select></label> <span class="note" role="status"></span></div>
<div class="wide" tabindex="0" role="region" aria-label="Table of all runs"><table class="runs"><thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>${left > 0 ? markup`<p class="note">${left} more runs are in the JSON report only.</p>` : nothing}</section>`;
}

/** Cards of runs in order of the results, with details while there is room. */
function cards(run: RunReport, ids: readonly string[], indexes: readonly number[], areOpen: boolean, mostText: number): Markup[] {
  let room = mostText;
  return indexes.map((index, position) => {
    const result = run.result.scenarios[index] as AnyResult;
    const kept: RunDetails | undefined = room > 0 ? run.details.get(index) : undefined;
    const why = room > 0 ? "Of this run no details were kept." : "The page is full: run this one alone to see its details.";
    const card = runCard(result, ids[index] ?? "", kept, areOpen && position < mostOpen, why);
    room -= card.text.length;
    return card;
  });
}

/** The first thing to say of a run that did not pass. */
function gist({ reason, expectations }: AnyResult): string {
  const [first] = expectations.filter(({ pass }) => !pass);
  const said = reason ?? (first === undefined ? "" : `${first.text}: expected ${first.expected}, got ${first.actual}`);
  return said.length > mostGist ? `${said.slice(0, mostGist)} …` : said;
}

const linkTo = (result: AnyResult, id: string): Markup => markup`<li><a href="#${id}">${result.name}</a> <small>${gist(result)}</small></li>`;

/** The page of a run; `mostText`: characters of runs with their details. */
export function htmlPage(run: RunReport, mostText = mostDetails): string {
  const { result, details } = run;
  const ids = runIds(result.scenarios);
  const indexes = [...result.scenarios.keys()];
  const failed = indexes.filter((index) => result.scenarios[index]?.status !== "pass").slice(0, mostCards);
  const kept = indexes.filter((index) => result.scenarios[index]?.status === "pass" && details.has(index)).slice(0, mostCards);
  const failedCards = failed.length === 0 ? nothing : markup`<section aria-label="Failures">${cards(run, ids, failed, true, mostText)}</section>`;
  const links = failed.length < 2 ? nothing : markup`<nav aria-label="Runs that did not pass"><ol class="index">${failed.map((index) => linkTo(result.scenarios[index] as AnyResult, ids[index] ?? ""))}</ol></nav>`;
  const keptCards = kept.length === 0 ? nothing : markup`<section aria-label="Passing runs with details">${cards(run, ids, kept, failed.length === 0, mostText)}</section>`;
  const policy = `default-src 'none'; script-src '${scriptDigest}'; style-src '${styleDigest}'; base-uri 'none'; form-action 'none'`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${headline(result)} · cxl-sandbox</title>
<style>${new Markup(pageStyle)}</style></head><body><a class="skip" href="#main">Skip to the results</a>
${patterns}${summarySection(result)}<main id="main" tabindex="-1">${links}${failedCards}${tableSection(result, ids, new Set([...failed, ...kept]))}${keptCards}</main>
<script>${new Markup(pageScript)}</script></body></html>
`.text;
}

/** One self-contained page: what failed with its time line, log, machine and registers, and a table of all runs. */
export const html: Reporter = {
  name: "html",
  summary: "one page for a browser: what failed, time line, log, machine, registers",
  needs: { details: "failures", traces: "none" },
  report: (run, _surroundings, target) => ({ files: [{ name: target ?? "report.html", content: htmlPage(run) }] }),
};
