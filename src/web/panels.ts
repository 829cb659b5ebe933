// The panels of the page, in order of their tabs. A panel's folder has a pure component over plain data and the thin one named here, which joins it to the store.

import type { ComponentType } from "preact";
import { EditorPanel } from "./panels/editor/editor-panel.tsx";
import { LogPanel } from "./panels/log/log-panel.tsx";
import { OutcomePanel } from "./panels/outcome/outcome-panel.tsx";
import { RegistersPanel } from "./panels/registers/registers-panel.tsx";
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

export const panels: readonly Panel[] = [
  { id: "editor", title: "Scenario", area: "left", component: EditorPanel },
  { id: "outcome", title: "Outcome", area: "side", component: OutcomePanel },
  { id: "registers", title: "Registers", area: "side", component: RegistersPanel, isKept: true },
  { id: "log", title: "Kernel log", area: "side", component: LogPanel },
];
