// The panels of the page, in order of their tabs. A panel's folder has a pure component over plain data and the thin one named here, which joins it to the store.

import type { ComponentType } from "preact";
import { lazy } from "./lazy.tsx";
import { ComparePanel } from "./panels/compare/compare-panel.tsx";
import { EditorPanel } from "./panels/editor/editor-panel.tsx";
import { LibraryPanel } from "./panels/library/library-panel.tsx";
import { LogPanel } from "./panels/log/log-panel.tsx";
import { MachinePanel } from "./panels/machine/machine-panel.tsx";
import { OutcomePanel } from "./panels/outcome/outcome-panel.tsx";
import { RecordsPanel } from "./panels/records/records-panel.tsx";
import { TimelinePanel } from "./panels/timeline/timeline-panel.tsx";
import { VerdictPanel } from "./panels/verdict/verdict-panel.tsx";
import type { PageStore, PanelId } from "./store/contract.ts";

export interface Panel {
  readonly id: PanelId;
  /** Text of its tab. */
  readonly title: string;
  readonly area: "left" | "main" | "side" | "bottom";
  /** Heavy ones are a `lazy` wrapper (lazy.tsx). */
  readonly component: ComponentType<{ readonly store: PageStore }>;
  /** Stays in the page behind other tabs, once it was shown: it holds what would be lost, as an editor does. Absent: it is made anew each time. */
  readonly isKept?: boolean;
}

const HostPanel = lazy("Host", async () => (await import("./panels/host/host-panel.tsx")).HostPanel);
const MemoryPanel = lazy("Memory", async () => (await import("./panels/memory/memory-panel.tsx")).MemoryPanel);
const RegistersPanel = lazy("Registers", async () => (await import("./panels/registers/registers-panel.tsx")).RegistersPanel);
const TerminalPanel = lazy("Terminal", async () => (await import("./panels/terminal/terminal-panel.tsx")).TerminalPanel);
const WorkloadsPanel = lazy("Workloads", async () => (await import("./panels/workloads/workloads-panel.tsx")).WorkloadsPanel);

export const panels: readonly Panel[] = [
  { id: "editor", title: "Scenario", area: "left", component: EditorPanel, isKept: true },
  { id: "library", title: "Library", area: "left", component: LibraryPanel },
  { id: "machine", title: "Machine", area: "main", component: MachinePanel },
  { id: "terminal", title: "Terminal", area: "main", component: TerminalPanel, isKept: true },
  { id: "memory", title: "Memory", area: "main", component: MemoryPanel },
  { id: "host", title: "Host", area: "main", component: HostPanel },
  { id: "workloads", title: "Workloads", area: "main", component: WorkloadsPanel },
  { id: "outcome", title: "Outcome", area: "side", component: OutcomePanel },
  { id: "registers", title: "Registers", area: "side", component: RegistersPanel, isKept: true },
  { id: "log", title: "Kernel log", area: "side", component: LogPanel },
  { id: "verdict", title: "Verdict", area: "side", component: VerdictPanel, isKept: true },
  { id: "timeline", title: "Time line", area: "bottom", component: TimelinePanel, isKept: true },
  { id: "records", title: "Records", area: "bottom", component: RecordsPanel, isKept: true },
  { id: "compare", title: "Compare", area: "bottom", component: ComparePanel, isKept: true },
];
