// Faults with their evidence, and workloads with what became of them.

import { evidenceLines } from "../../../report/evidence.ts";
import type { OutcomeLook, OutcomeMoment } from "../../../sandbox/live/outcome-look.ts";
import type { FaultResult, ScenarioResult } from "../../../scenario/result.ts";
import { shownText } from "../../shown-text.ts";
import { timeWords } from "../../shell/words.ts";
import type { Ways } from "./ways.tsx";
import { WaysTo } from "./ways.tsx";

interface SectionProps extends Ways {
  readonly result: ScenarioResult;
  readonly look: OutcomeLook | null;
}

/** Without a record of its own (a step of the kernel that fails), the time is known all the same. */
const firstAct = ({ firstAtNs, id }: FaultResult, found: OutcomeMoment | null | undefined): OutcomeMoment | null => found ?? (firstAtNs === null ? null : { record: -1, atNs: firstAtNs, text: `fault ${id} acts` });

export function Faults({ result: { faults }, look, ...ways }: SectionProps) {
  if (faults.length === 0) return null;
  return (
    <section>
      <h3>Faults <small class="quiet">times in the evidence count from power-on</small></h3>
      <ul class="outcome-list">
        {faults.map((fault, index) => (
          <li key={fault.id} class={fault.fired ? "holds" : "fails"}>
            <span class="outcome-what">{fault.fired ? "✓" : "✕"} {shownText(fault.id)} {fault.fired ? "acted" : "did not act"}</span> <WaysTo moment={firstAct(fault, look?.faults[index])} place={fault.place} what={`fault ${fault.id}`} {...ways} />
            <pre class="outcome-evidence">{shownText(evidenceLines(fault).join("\n"))}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Workloads({ result: { workloads }, look, ...ways }: SectionProps) {
  if (workloads.length === 0) return null;
  return (
    <section>
      <h3>Workloads</h3>
      <div class="outcome-wide" role="region" aria-label="Workloads" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Name</th><th scope="col">What became of it</th><th scope="col">Died</th><th scope="col">Out of service</th><th scope="col">Bytes lost</th></tr></thead>
          <tbody>
            {workloads.map(({ name, kind, killed, killedAtNs, downtimeNs, backAtNs, bytesLost, errors, signals }, index) => {
              const found = look?.deaths[index] ?? null;
              const died = killedAtNs === null ? null : (found ?? { record: -1, atNs: killedAtNs, text: `${name} dies` });
              return (
                <tr key={name}>
                  <th scope="row">{shownText(name)} <span class="quiet">{kind}</span></th>
                  <td>{killed ? "✕ killed" : "✓ lived"}{found === null || !killed ? null : <span class="quiet"> {shownText(found.text)}</span>}{errors === 0 ? "" : `, ${errors} errors`}{signals === 0 ? "" : `, ${signals} signals handled`}</td>
                  <td>{died === null ? "" : <WaysTo moment={died} place={undefined} what={`the death of ${name}`} {...ways} />}</td>
                  <td>{downtimeNs === 0 ? "never" : `${timeWords(downtimeNs)}${backAtNs === null ? ", to the end" : ""}`}</td>
                  <td>{bytesLost}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
