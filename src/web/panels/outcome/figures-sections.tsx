// Figures of a result, its commands with what they printed, a crash dump, a second boot, and digests.

import type { OutcomeMoment } from "../../../sandbox/live/outcome-look.ts";
import type { CommandRecord, ScenarioResult } from "../../../scenario/result.ts";
import { shownText } from "../../shown-text.ts";
import { timeWords } from "../../shell/words.ts";
import { Copied } from "./ways.tsx";

interface ResultProps {
  readonly result: ScenarioResult;
}

const metricWords: Readonly<Record<keyof ScenarioResult["metrics"], string>> = { machineChecks: "machine checks", droppedWrites: "dropped writes", killed: "processes killed", survived: "workloads that lived", bytesLost: "bytes lost", bytesServed: "bytes served at the end" };

export function Metrics({ result: { metrics } }: ResultProps) {
  return (
    <section>
      <h3>Figures</h3>
      <table><tbody>{Object.entries(metricWords).map(([name, words]) => <tr key={name}><th scope="row">{words}</th><td class="outcome-number">{metrics[name as keyof typeof metrics]}</td></tr>)}</tbody></table>
    </section>
  );
}

/** Characters of one output. */
const mostText = 20_000;
const cut = (text: string): string => shownText(text.length <= mostText ? text : `${text.slice(0, mostText)}\n… ${text.length - mostText} more characters`);

function Command({ one: { command, exitCode, stdout, stderr, atNs, step }, readyAtNs, onMoment }: { readonly one: CommandRecord; readonly readyAtNs: number; readonly onMoment: (moment: OutcomeMoment) => void }) {
  const output = `${stdout}${stderr}`;
  const when = timeWords(readyAtNs < 0 ? atNs : atNs - readyAtNs);
  return (
    <li class={exitCode === 0 ? undefined : "fails"}>
      <code>$ {shownText(command)}</code> {exitCode === 0 ? null : <strong>exit status {exitCode}</strong>} <button type="button" aria-label={`${when}: go to where step ${step} ended: ${command}`} onClick={() => onMoment({ record: -1, atNs, text: command })}>{when}</button>
      {output === "" ? null : <pre>{cut(output)}</pre>}
    </li>
  );
}

export function Commands({ result: { commands }, readyAtNs, onMoment }: ResultProps & { readonly readyAtNs: number; readonly onMoment: (moment: OutcomeMoment) => void }) {
  if (commands.length === 0) return null;
  return <details><summary>Commands of steps ({commands.length})</summary><ol class="outcome-list">{commands.map((one, index) => <Command key={index} one={one} readyAtNs={readyAtNs} onMoment={onMoment} />)}</ol></details>;
}

export function CrashDumpSection({ result: { crashDump } }: ResultProps) {
  if (crashDump === undefined) return null;
  const { state, address, bytesRead, bytesExcluded } = crashDump;
  return <section><h3>Crash dump</h3><p>{state}{address === null ? "" : `, it met an error at ${address}`}: {bytesRead} bytes read, {bytesExcluded} left out.</p></section>;
}

export function RebootSection({ result: { reboot } }: ResultProps) {
  if (reboot === undefined) return null;
  const { kind, found, bytesServed, log, expectations } = reboot;
  return (
    <section>
      <h3>After the {kind} reboot</h3>
      <p>Firmware found {found.length === 0 ? "no isolation" : found.map(({ port, bits }) => `${port}: ${bits.join(", ")}`).join("; ")}; {bytesServed} bytes in service{expectations.length === 0 ? "" : `; ${expectations.filter(({ pass }) => pass).length} of ${expectations.length} expectations of the second boot hold`}.</p>
      {log.length === 0 ? null : <details><summary>Log of the second boot ({log.length})</summary><pre>{cut(log.join("\n"))}</pre></details>}
    </section>
  );
}

/** Equal digests are equal runs: what reports and goldens name. */
export function Digests({ result: { traceDigest, digests }, isTouched, onCopy }: ResultProps & { readonly isTouched: boolean; readonly onCopy: (text: string) => Promise<boolean> }) {
  if (isTouched) return <section><h3>Digests</h3><p>Touched by hand: its digests are not those of the file’s run, and are not shown.</p></section>;
  return (
    <section>
      <h3>Digests</h3>
      <Copied text={traceDigest} what="the digest of the whole trace" onCopy={onCopy} />
      <details><summary>Of each layer</summary><table><tbody>{Object.entries(digests).map(([layer, digest]) => <tr key={layer}><th scope="row">{layer}</th><td><code>{digest}</code></td></tr>)}</tbody></table></details>
    </section>
  );
}
