// What became of each workload: who lives, who died of what, and the way to that moment.

import type { DeathLine, WorkloadLine, WorkloadsLook } from "../../../sandbox/live/workloads-look.ts";
import { shownText } from "../../shown-text.ts";
import { countWords, timeWords } from "../../shell/words.ts";
import { sizeWords } from "../look.ts";
import "./workloads.css";

export interface WorkloadsViewProps {
  readonly look: WorkloadsLook;
  /** Virtual ns; -1: not reached. */
  readonly readyAtNs: number;
  /** Goes to a moment, virtual ns since power-on. */
  readonly onGo: (atNs: number) => void;
}

const kinds: Readonly<Record<WorkloadLine["kind"], string>> = { vm: "virtual machine", database: "database", pageCache: "page cache", kernelUser: "kernel data", kernelReader: "kernel reader", rdma: "RDMA", assignedDevice: "assigned device", pin: "pin" };

const codes: Readonly<Record<DeathLine["code"], string>> = {
  BUS_MCEERR_AR: "it used memory that is lost", BUS_MCEERR_AO: "memory of its own is lost", BUS_ADRERR: "its mapping was taken away", SI_KERNEL: "the kernel could not say where",
};

const stateMarks: Readonly<Record<WorkloadLine["state"], string>> = { "in service": "●", dead: "✕", returns: "↻", waits: "…", "ends with the host": "■" };

export function deathWords({ signal, code, address, offset }: DeathLine): string {
  const where = address === "" ? (offset === "" ? "" : ` at offset ${offset}`) : ` at ${address}`;
  return `${signal} ${code}${where}: ${codes[code]}`;
}

function Deaths({ line, after, onGo }: { readonly line: WorkloadLine; readonly after: (ns: number) => string; readonly onGo: (atNs: number) => void }) {
  if (line.deaths.length === 0) return <>{line.state === "ends with the host" ? "the host is gone" : line.hasLost ? "alive, and met errors" : "alive"}</>;
  return (
    <ul class="workloads-deaths">
      {line.deaths.map((death) => (
        <li key={death.pid}>
          <button type="button" onClick={() => onGo(death.atNs)} title="Go to this moment">{after(death.atNs)}</button> {deathWords(death)}
        </li>
      ))}
    </ul>
  );
}

function Row({ line, after, onGo }: { readonly line: WorkloadLine; readonly after: (ns: number) => string; readonly onGo: (atNs: number) => void }) {
  const { name, kind, process, memory, bytes, state, accesses, machineChecks, signals, errors, bytesLost, upAtNs, lastTouchNs } = line;
  return (
    <tr class={`workloads-${state.replaceAll(" ", "-")}`}>
      <th scope="row">{shownText(name)}<span class="quiet"> {kinds[kind]}</span></th>
      <td data-title="Process">{process === "" ? <span class="quiet">no process</span> : shownText(process)}</td>
      <td data-title="Memory">{sizeWords(bytes)}<span class="quiet"> of {memory}</span></td>
      <td data-title="State" class="workloads-state"><span aria-hidden="true">{stateMarks[state]}</span> {state}{upAtNs === null ? "" : ` at ${after(upAtNs)}`}</td>
      <td data-title="Fate"><Deaths line={line} after={after} onGo={onGo} />{bytesLost === "0" ? null : <span class="workloads-lost"> {sizeWords(bytesLost)} lost</span>}</td>
      <td data-title="Machine checks" class="number">{countWords(machineChecks)}{signals > 0 ? <span class="quiet"> ({countWords(signals)} handled)</span> : null}</td>
      <td data-title="Errors" class="number">{countWords(errors)}</td>
      <td data-title="Accesses" class="number">{countWords(accesses)}</td>
      <td data-title="Last access">{lastTouchNs === null ? <span class="quiet">none</span> : after(lastTouchNs)}</td>
    </tr>
  );
}

export function WorkloadsView({ look: { workloads, machineChecks, droppedWrites, onesReads }, readyAtNs, onGo }: WorkloadsViewProps) {
  if (workloads.length === 0) return <p class="empty">{readyAtNs < 0 ? "Workloads start at ready." : "The scenario starts no workload: nobody touches the memory. Add workloads: to it."}</p>;
  const after = (ns: number): string => (readyAtNs < 0 ? timeWords(ns) : timeWords(ns - readyAtNs));
  const dead = workloads.filter(({ killed }) => killed).length;
  return (
    <div class="workloads">
      <p class="workloads-sum">{dead === 0 ? "Nobody was killed" : `${dead} of ${workloads.length} killed`}; {countWords(machineChecks)} machine {machineChecks === 1 ? "check" : "checks"} taken, {countWords(droppedWrites)} {droppedWrites === 1 ? "write" : "writes"} dropped, {countWords(onesReads)} loads answered with all ones. Times count from {readyAtNs < 0 ? "power-on" : "ready"}.</p>
      <div class="workloads-scroll" tabIndex={0} role="group" aria-label="Table of workloads">
        <table>
          <thead>
            <tr>{["Workload", "Process", "Memory", "State", "Fate", "Machine checks", "Errors", "Accesses", "Last access"].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>{workloads.map((line) => <Row key={line.name} line={line} after={after} onGo={onGo} />)}</tbody>
        </table>
      </div>
    </div>
  );
}
