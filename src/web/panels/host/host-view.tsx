// The host: is it alive, who waits for what, what firmware promised and who has it, which memory blocks are online, what was counted.

import type { BlockRun, HostLook } from "../../../sandbox/live/host-look.ts";
import type { TaskLine } from "../../../sandbox/live/host-tasks.ts";
import type { RangeExplanation } from "../../../scenario/explanation.ts";
import { shownText } from "../../shown-text.ts";
import { afterWords, countWords, timeWords } from "../../shell/words.ts";
import { sizeWords } from "../look.ts";
import "./host.css";

export interface HostViewProps {
  readonly host: HostLook;
  /** Goes to a moment, virtual ns since power-on. */
  readonly onGo: (atNs: number) => void;
}

const stateWords: Readonly<Record<HostLook["state"], string>> = { running: "The host runs", panicked: "The kernel panicked", reset: "The platform was reset", hangs: "The host hangs", stopped: "The machine has stopped" };
const stateMarks: Readonly<Record<HostLook["state"], string>> = { running: "●", panicked: "✕", reset: "↻", hangs: "■", stopped: "■" };
const second = 1_000_000_000;

const Table = ({ titles, children, label }: { readonly titles: readonly string[]; readonly children: preact.ComponentChildren; readonly label: string }) => (
  <div class="host-scroll" tabIndex={0} role="group" aria-label={label}>
    <table><thead><tr>{titles.map((title) => <th key={title} scope="col">{title}</th>)}</tr></thead><tbody>{children}</tbody></table>
  </div>
);

function Tasks({ tasks, atNs, after, hungAfterSeconds }: { readonly tasks: readonly TaskLine[]; readonly atNs: number; readonly after: (ns: number) => string; readonly hungAfterSeconds: number }) {
  if (tasks.length === 0) return <p class="empty">No task of the kernel is under way.</p>;
  return (
    <Table label="Tasks" titles={["Task", "State", "For", "Since", "In the way"]}>
      {tasks.map(({ id, name, state, what, sinceNs, untilNs, isInterruptible, blockers }) => {
        const isHung = state === "waits" && !isInterruptible && hungAfterSeconds > 0 && atNs - sinceNs > hungAfterSeconds * second;
        return (
          <tr key={id}>
            <th scope="row">{shownText(name)}</th><td class={isHung ? "host-bad" : ""}>{isHung ? "hung" : state}{state === "waits" && !isInterruptible && !isHung ? ", no signal reaches it" : ""}</td>
            <td>{shownText(what)}{untilNs === null ? "" : `, until ${after(untilNs)}`}</td><td>{after(sinceNs)} <span class="quiet">({timeWords(atNs - sinceNs)})</span></td><td>{shownText(blockers.join(", "))}</td>
          </tr>
        );
      })}
    </Table>
  );
}

const ownerWords: Readonly<Record<RangeExplanation["owner"], string>> = { cxl: "CXL", hmem: "hmem", nobody: "nobody", split: "split", wasted: "nobody (policy)" };

function Promised({ host, onGo }: HostViewProps) {
  if (host.firmwareMap.length === 0) return <p class="empty">Firmware gives no memory map.</p>;
  return (
    <Table label="Firmware's memory map" titles={["From", "To", "Size", "Kind", "Owner", "Why"]}>
      {host.firmwareMap.map(({ start, end, bytes, kind }) => {
        const range = host.softReserved.find((one) => one.start === start);
        return (
          <tr key={start}>
            <td class="host-address">{start}</td><td class="host-address">{end}</td><td>{sizeWords(bytes)}</td><td>{kind}</td>
            <td>{range === undefined ? (kind === "usable" ? "the kernel" : "") : `${ownerWords[range.owner]}${range.owner === "nobody" || range.owner === "wasted" ? "" : `: ${range.shares.filter(({ device }) => device !== "").map(({ device, bytes: size }) => `${device} ${sizeWords(size)}`).join(", ")}`}`}</td>
            <td>{range === undefined ? "" : <details><summary>{range.why[0] ?? range.reason}</summary>{range.why.slice(1).map((text) => <p key={text}>{text}</p>)}
              {range.evidence.length === 0 ? null : <ul>{range.evidence.map(({ atNs, text }, index) => <li key={index}><button type="button" onClick={() => onGo(atNs)}>{timeWords(atNs)}</button> <code>{shownText(text)}</code></li>)}</ul>}</details>}</td>
          </tr>
        );
      })}
    </Table>
  );
}

function Blocks({ blocks, blockBytes }: { readonly blocks: readonly BlockRun[]; readonly blockBytes: string }) {
  if (blocks.length === 0) return <p class="empty">The kernel does not know its memory yet.</p>;
  return (
    <>
      <p class="quiet">A block is {sizeWords(blockBytes)}.</p>
      <Table label="Memory blocks" titles={["Blocks", "From", "Size", "Node", "Zone", "State"]}>
        {blocks.map(({ first, count, start, bytes, node, zone, state, isBoot }) => (
          <tr key={first}>
            <th scope="row">memory{first}{count > 1 ? ` to memory${first + count - 1}` : ""}</th><td class="host-address">{start}</td><td>{sizeWords(bytes)}</td><td>{node}</td><td>{zone === "" ? "none" : zone}</td>
            <td class={state === "online" ? "" : "host-warn"}>{state}{isBoot ? <span class="quiet"> since boot</span> : null}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

export function HostView({ host, onGo }: HostViewProps) {
  const { atNs, readyAtNs, state, message, version, tasks, hungAfterSeconds, corruptedBytes, poisonedPages, machineChecks, failures } = host;
  const after = (ns: number): string => afterWords(ns, readyAtNs);
  const counters: readonly (readonly [string, string])[] = [
    ["Machine checks taken", countWords(machineChecks)], ["HardwareCorrupted", sizeWords(corruptedBytes)], ["Poisoned pages", countWords(poisonedPages)],
    ...failures.map(({ node, recovered, delayed, ignored, failed }) => [`memory_failure on node ${node}`, `${recovered} recovered, ${delayed} delayed, ${ignored} ignored, ${failed} failed`] as const),
  ];
  return (
    <div class="host">
      <p class={`host-state host-is-${state}`} role="status"><span aria-hidden="true">{stateMarks[state]}</span> {stateWords[state]}{message === "" ? "" : `: ${shownText(message)}`} <span class="quiet">(Linux {version})</span></p>
      <dl class="host-counters">{counters.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <h3>Tasks of the kernel</h3>
      <Tasks tasks={tasks} atNs={atNs} after={after} hungAfterSeconds={hungAfterSeconds} />
      <h3>Firmware's memory map, and who has it</h3>
      <Promised host={host} onGo={onGo} />
      <h3>Memory blocks</h3>
      <Blocks blocks={host.blocks} blockBytes={host.blockBytes} />
    </div>
  );
}
