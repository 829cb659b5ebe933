// One run on the page: what failed and where, the first difference, evidence, and what its details show.

import type { RunDetails } from "../scenario/details.ts";
import type { Divergence } from "../scenario/trace/divergence.ts";
import type { CommandRecord, DriverFailure, ExpectationResult, FaultResult, RunResult, SourcePlace, Status } from "../scenario/result.ts";
import { timeText } from "../scenario/time-text.ts";
import { evidenceLines } from "./evidence.ts";
import { machineSection, registersSection } from "./html-machine.ts";
import { Markup, markup, nothing } from "./html-text.ts";
import { timelineSection } from "./html-timeline.ts";

export type AnyResult = RunResult["scenarios"][number];

export const statusWords: Readonly<Record<Status, string>> = { pass: "✓ pass", fail: "✕ fail", invalid: "⚠ invalid", error: "✕ error", limit: "⚠ limit", driver: "✕ driver" };

export const badge = (status: Status): Markup => markup`<span class="badge ${status}">${statusWords[status]}</span>`;

/** Characters of one output of a command, or of one expected text. */
const mostText = 20_000;
const cut = (text: string): string => (text.length <= mostText ? text : `${text.slice(0, mostText)}\n… ${text.length - mostText} more characters`);

function fileOf({ file }: AnyResult, place: SourcePlace): string {
  return place.file === undefined ? file : `${file.slice(0, file.lastIndexOf("/") + 1)}${place.file}`;
}

/** Text of a file of the scenario; "" where it was not kept. */
const sourceOf = (details: RunDetails | undefined, result: AnyResult, place: SourcePlace): string => details?.sources[place.file ?? result.file] ?? details?.sources[fileOf(result, place)] ?? "";

/** file:line:column with the line itself. */
function placeMarkup(result: AnyResult, place: SourcePlace | undefined, details: RunDetails | undefined): Markup {
  if (place === undefined) return nothing;
  const line = sourceOf(details, result, place).split("\n")[place.line - 1];
  return markup`<code class="place">${fileOf(result, place)}:${place.line}:${place.column}</code>${line === undefined || line === "" ? nothing : markup`<pre class="source"><span class="number">${place.line}</span> ${line}</pre>`}`;
}

function expectationRow(result: AnyResult, { text, expected, actual, place }: ExpectationResult, details: RunDetails | undefined): Markup {
  return markup`<tr><th scope="row">${text}${placeMarkup(result, place, details)}</th><td><pre>${cut(expected)}</pre></td><td class="got"><pre>${cut(actual)}</pre></td></tr>`;
}

function driverMarkup({ ending, driver, hook, device, atNs, message, lastLog }: DriverFailure): Markup {
  return markup`<p class="reason">Driver ${ending}${driver === "" ? "" : ` in ${driver}, ${hook}`}${device === "" ? "" : ` of ${device}`} at ${timeText(atNs)}</p><pre>${cut(message)}</pre>${lastLog === undefined || lastLog === null ? nothing : markup`<p>It logged last: <code>${lastLog}</code></p>`}`;
}

function failureSection(result: AnyResult, details: RunDetails | undefined): Markup {
  const failed = result.expectations.filter(({ pass }) => !pass);
  const silent = result.faults.filter(({ fired }) => !fired);
  const table = failed.length === 0 ? nothing : markup`<div class="wide" tabindex="0" role="region" aria-label="${`Failed expectations of ${result.file}, seed ${result.seed}`}"><table class="expectations"><thead><tr><th scope="col">Expectation</th><th scope="col">Expected</th><th scope="col">Got</th></tr></thead><tbody>${failed.map((one) => expectationRow(result, one, details))}</tbody></table></div>`;
  const why = result.driver !== undefined ? driverMarkup(result.driver) : result.reason === null ? nothing : markup`<p class="reason">${result.reason}</p>`;
  return markup`${why}${silent.map((fault) => markup`<p class="reason">Fault <b>${fault.id}</b> did not fire, so the run proves nothing. ${placeMarkup(result, fault.place, details)}</p>`)}${table}`;
}

function diffLines({ before, expected, expectedAfter, actual, actualAfter }: Divergence): Markup {
  const side = (sign: string, kind: string, first: string | null, after: readonly string[]): Markup[] => [
    markup`<span class="${kind}">${sign} ${first ?? "(nothing more)"}</span>\n`, ...after.map((text) => markup`<span class="${kind} after">${sign} ${text}</span>\n`),
  ];
  return markup`<pre class="diff">${before.map((text) => markup`<span>  ${text}</span>\n`)}${side("-", "minus", expected, expectedAfter)}${side("+", "plus", actual, actualAfter)}</pre>`;
}

function goldenSection({ golden }: AnyResult): Markup {
  if (golden === undefined || golden.state === "same") return nothing;
  const each = golden.divergences.map((one) => markup`<p>Layer <b>${one.layer}</b>, record ${one.index}${one.atNs === null ? "" : `, at ${timeText(one.atNs)}`}:</p>${diffLines(one)}`);
  return markup`<h3>First difference from the golden</h3><p><code>${golden.file}</code>: ${golden.layers.join(", ")} differ. <span class="minus">- is what it has</span>, <span class="plus">+ is what came</span>.</p>${each}`;
}

function faultRow(result: AnyResult, fault: FaultResult, details: RunDetails | undefined): Markup {
  const { id, fired, count, firstAtNs, place } = fault;
  const told = evidenceLines(fault);
  const lines = told.length > 0 || firstAtNs === null ? told : [`acted ${count === 1 ? "once" : `${count} times`}, first at ${timeText(firstAtNs)}`];
  return markup`<tr><th scope="row">${id} ${placeMarkup(result, place, details)}</th><td class="${fired ? "holds" : "got"}">${fired ? "✓ fired" : "✕ did not fire"}</td><td><pre>${lines.join("\n")}</pre></td></tr>`;
}

function faultSection(result: AnyResult, details: RunDetails | undefined): Markup {
  if (result.faults.length === 0) return nothing;
  return markup`<h3>Faults</h3><div class="wide" tabindex="0" role="region" aria-label="${`Faults of ${result.file}, seed ${result.seed}`}"><table class="faults"><thead><tr><th scope="col">Fault</th><th scope="col">Fired</th><th scope="col">Evidence</th></tr></thead><tbody>${result.faults.map((fault) => faultRow(result, fault, details))}</tbody></table></div>`;
}

function reproduce({ reproduce: command }: AnyResult): Markup {
  return markup`<div class="reproduce"><code>${command}</code><button type="button" class="copy" hidden data-copy="${command}">Copy</button></div>`;
}

function commandMarkup({ step, command, exitCode, stdout, stderr, atNs }: CommandRecord): Markup {
  const output = `${stdout}${stderr}`;
  return markup`<li><p><small>step ${step}, ${timeText(atNs)}</small> <code>$ ${command}</code>${exitCode === 0 ? nothing : markup` <span class="exit">exit status ${exitCode}</span>`}</p>${output === "" ? nothing : markup`<pre>${cut(output)}</pre>`}</li>`;
}

function commandSection({ commands }: AnyResult): Markup {
  return commands.length === 0 ? nothing : markup`<details class="section"><summary><h3>Commands of steps <small>${commands.length}</small></h3></summary><ol class="commands">${commands.map(commandMarkup)}</ol></details>`;
}

function logSection(details: RunDetails): Markup {
  const { log, logLeftOut } = details;
  const fault = details.timeline.find(({ kind }) => kind === "fault")?.atNs ?? details.failedAtNs;
  const lines = log.map(({ atNs, level, text }) => markup`<li class="${level}" data-at="${atNs}"><button type="button" class="at">${timeText(atNs)}</button> <span class="level">${level}</span> <span>${text}</span></li>`);
  return markup`<details class="section" open><summary><h3>Kernel log <small>${log.length} lines</small></h3></summary>
<div class="tools" hidden><label>Level <select data-level><option value="7">debug</option><option value="6" selected>info</option><option value="4">warn</option><option value="3">err</option></select></label> <label>Filter <input type="search" data-filter-log></label> <span class="note" role="status"></span></div>
${logLeftOut === 0 ? nothing : markup`<p class="note">${logLeftOut} lines before these were left out.</p>`}<ol class="log" tabindex="0" aria-label="Kernel log"${fault === null ? nothing : markup` data-trouble="${fault}"`}>${lines}</ol></details>`;
}

function sourceSection(result: AnyResult, { sources }: RunDetails): Markup {
  const failing = new Set([...result.expectations.filter(({ pass }) => !pass), ...result.faults.filter(({ fired }) => !fired)].flatMap(({ place }) => (place === undefined || place.file !== undefined ? [] : [place.line])));
  const files = Object.entries(sources).map(([file, text]) => {
    const lines = text.replace(/\n$/, "").split("\n").map((line, index) => markup`<span${file === result.file && failing.has(index + 1) ? markup` class="minus"` : nothing}><span class="number">${String(index + 1).padStart(4)}</span> ${line}</span>\n`);
    return markup`<h4><code>${file}</code></h4><pre class="source">${lines}</pre>`;
  });
  return markup`<details class="section"><summary><h3>Scenario</h3></summary>${files}</details>`;
}

function metricsSection(result: AnyResult): Markup {
  const { metrics, digests, expectations } = result;
  if (metrics === null || digests === null) return nothing;
  const row = (name: string, value: string): Markup => markup`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`;
  const held = expectations.filter(({ pass }) => pass);
  return markup`<details class="section"><summary><h3>Metrics, digests, expectations that hold</h3></summary><table><tbody>${Object.entries(metrics).map(([name, value]) => row(name, String(value)))}${Object.entries(digests).map(([layer, digest]) => row(`digest: ${layer}`, digest))}</tbody></table>${held.length === 0 ? nothing : markup`<ul>${held.map(({ text, actual }) => markup`<li>✓ ${text}: ${cut(actual)}</li>`)}</ul>`}</details>`;
}

const detailSections = (details: RunDetails): Markup => markup`<h3>Time line</h3>${timelineSection(details)}
${logSection(details)}
<details class="section" open><summary><h3>Machine at the end</h3></summary>${machineSection(details)}</details>
<details class="section" open><summary><h3>Registers</h3></summary>${registersSection(details)}</details>`;

/** A run with everything that is known of it. `why`: what stands in place of details that are not there. */
export function runCard(result: AnyResult, id: string, details: RunDetails | undefined, isOpen: boolean, why: string): Markup {
  const { name, file, seed, schedule, outcome, verdict, virtualTimeNs, status } = result;
  const rest = details === undefined ? markup`<p class="note">${why}</p>` : detailSections(details);
  return markup`<details class="run ${status}" id="${id}"${isOpen ? markup` open` : nothing}><summary><h2>${badge(status)} ${name}</h2></summary>
<p class="facts"><code>${file}</code> · seed ${seed} · schedule ${schedule} · outcome ${outcome ?? "none"}${verdict === null ? "" : `, ${verdict}`} · ${timeText(virtualTimeNs)} of virtual time <a href="#${id}">link</a></p>
${failureSection(result, details)}${result.warnings.map((text) => markup`<p class="note">${text}</p>`)}
${reproduce(result)}
${goldenSection(result)}${faultSection(result, details)}
${rest}${commandSection(result)}${details === undefined ? nothing : sourceSection(result, details)}${metricsSection(result)}</details>`;
}
