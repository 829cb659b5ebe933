// What is to differ between the two runs of a comparison.

import { useSignal } from "@preact/signals";
import type { PolicyChoice } from "../../../sandbox/live/vary-service.ts";
import type { Difference } from "./second-run.ts";

interface ChooserProps {
  readonly policies: readonly PolicyChoice[];
  readonly presets: readonly string[];
  /** Of the document. */
  readonly seed: number;
  readonly isBusy: boolean;
  readonly onCompare: (difference: Difference) => void;
}

interface Topic {
  readonly path: string;
  readonly title: string;
  readonly about: string;
  /** Values to choose from; empty: any may be written. */
  readonly values: readonly string[];
  /** What the two sides begin with. */
  readonly usual: readonly [string, string];
}

function topicsOf({ policies, presets, seed }: ChooserProps): Topic[] {
  const other = (values: readonly string[], current: string): string => values.find((value) => value !== current) ?? current;
  const [first = "", second = first] = presets;
  return [
    { path: "seed", title: "seed", about: "Which of the orders and moments that the scenario leaves open", values: [], usual: [String(seed), String((seed + 1) >>> 0)] },
    { path: "schedule", title: "schedule", about: "Who goes on when several tasks can: the oldest, or by the seed", values: ["fixed", "seeded"], usual: ["fixed", "seeded"] },
    { path: "kernel.preset", title: "preset", about: "All policies at once", values: presets, usual: [first, second] },
    ...policies.map(({ name, about, values, current }): Topic => ({ path: `kernel.policies.${name}`, title: `policy ${name}`, about, values, usual: [current, other(values, current)] })),
    { path: "", title: "another path", about: "Any key of the file, as machine.hostBridges[0].rootPorts[0].device.volatile", values: [], usual: ["", ""] },
  ];
}

function ValueField({ label, topic, value, onValue }: { readonly label: string; readonly topic: Topic; readonly value: string; readonly onValue: (value: string) => void }) {
  if (topic.values.length === 0) return <label>{label} <input type="text" required value={value} onInput={({ currentTarget }) => onValue(currentTarget.value)} /></label>;
  const values = topic.values.includes(value) ? topic.values : [value, ...topic.values];
  return <label>{label} <select value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>{values.map((one) => <option key={one} value={one}>{one}</option>)}</select></label>;
}

export function Chooser(props: ChooserProps) {
  const topics = topicsOf(props);
  const chosen = useSignal("kernel.policies.isoact");
  const own = useSignal("");
  /** What the reader chose for a topic; absent: its usual values. */
  const picked = useSignal<ReadonlyMap<string, readonly [string, string]>>(new Map());
  const topic = topics.find(({ path }) => path === chosen.value) ?? topics[0];
  if (topic === undefined) return null;
  const values = picked.value.get(topic.path) ?? topic.usual;
  const pick = (next: readonly [string, string]): void => {
    picked.value = new Map([...picked.value, [topic.path, next]]);
  };
  return (
    <form class="compare-form" onSubmit={(event) => {
      event.preventDefault();
      props.onCompare({ path: topic.path === "" ? own.value.trim() : topic.path, values });
    }}>
      <label>What differs <select value={topic.path} onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}>{topics.map(({ path, title }) => <option key={path} value={path}>{title}</option>)}</select></label>
      {topic.path === "" ? <label>Path <input type="text" required value={own.value} onInput={({ currentTarget }) => (own.value = currentTarget.value)} /></label> : null}
      <ValueField label="First" topic={topic} value={values[0]} onValue={(value) => pick([value, values[1]])} />
      <ValueField label="Second" topic={topic} value={values[1]} onValue={(value) => pick([values[0], value])} />
      <button type="submit" disabled={props.isBusy}>Compare</button>
      <span class="quiet compare-about">{topic.about}.</span>
    </form>
  );
}
