// Whether a line can be given to the machine, and what to do where none can.

import type { LiveStatus } from "../../../sandbox/live/contract.ts";

export interface TerminalState {
  readonly text: string;
  /** A way on. */
  readonly wayOut: "ready" | "pause" | "interrupt" | null;
}

export function terminalState(status: Pick<LiveStatus, "phase" | "prompt" | "death" | "isMoving"> | null, isRunning: boolean, waiting: number): TerminalState {
  const queue = waiting === 0 ? "" : ` What was typed meanwhile (${waiting} ${waiting === 1 ? "key" : "keys"}) waits for the prompt.`;
  if (status === null) return { text: "No run is open. Open a scenario, or correct the one in the editor.", wayOut: null };
  if (isRunning) return { text: `A line runs. Ctrl-C interrupts it.${queue}`, wayOut: "interrupt" };
  if (status.prompt !== "" && status.death !== null) return { text: `The machine has stopped: ${status.death}. Only faults, trace and help still work; Reset or going back makes it live again.`, wayOut: null };
  if (status.prompt !== "") return { text: "", wayOut: null };
  if (status.phase === "boot" || status.phase === "steps") return { text: `The machine ${status.phase === "boot" ? "boots" : "does the scenario's steps"}: it takes lines from ready on.${queue}`, wayOut: status.isMoving ? null : "ready" };
  if (status.isMoving) return { text: `The run moves. Pause it to give a line.${queue}`, wayOut: "pause" };
  return { text: `A line waits for something that is not due: Ctrl-C interrupts it.${queue}`, wayOut: "interrupt" };
}
