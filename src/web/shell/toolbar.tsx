// The two bars at the top: what is open and how it is run, and the controls of the player with its position.

import { useSignal } from "@preact/signals";
import type { Pace, StepUnit } from "../../sandbox/live/contract.ts";
import { shownText } from "../shown-text.ts";
import type { PageStore } from "../store/contract.ts";
import type { Action } from "./actions.ts";
import { back, keyWords, runOrPause, runToMark, step } from "./actions.ts";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon.tsx";
import { countWords, isOver, placeWords, stateWords } from "./words.ts";

/** Virtual ns in a ms of the reader's time. */
const paces: readonly (readonly [string, Pace])[] = [["full speed", null], ["real time", 1e6], ["100 ms/s", 1e5], ["10 ms/s", 1e4], ["1 ms/s", 1e3], ["100 µs/s", 100]];

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  readonly shortcut?: string | undefined;
  readonly isText?: boolean;
  readonly isMain?: boolean;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}

/** A button; where its text is left out it is its name all the same. */
export function Tool({ icon, label, shortcut, isText = false, isMain = false, isDisabled = false, onClick }: ToolProps) {
  const keys = shortcut === undefined ? {} : { "aria-keyshortcuts": shortcut.replace("Mod+", "Control+") };
  return (
    <button type="button" class={`tool${isMain ? " main" : ""}`} title={shortcut === undefined ? label : `${label} (${keyWords(shortcut)})`} aria-label={label} disabled={isDisabled} onClick={onClick} {...keys}>
      <Icon name={icon} />
      {isText ? <span class="words">{label}</span> : null}
    </button>
  );
}

function Seed({ store }: { readonly store: PageStore }) {
  const { seed, schedule } = store.document.value;
  const onSeed = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    const value = Number(field.value);
    if (field.value === "" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) field.value = String(store.document.peek().seed);
    else store.document.value = { ...store.document.peek(), seed: value };
  };
  const onSchedule = (event: Event): void => {
    const value = (event.currentTarget as HTMLSelectElement).value;
    store.document.value = { ...store.document.peek(), schedule: value === "seeded" ? "seeded" : "fixed" };
  };
  return (
    <>
      <label class="field"><span>Seed</span><input class="seed" type="number" min="0" max="4294967295" step="1" value={seed} onChange={onSeed} /></label>
      <label class="field"><span>Schedule</span><select value={schedule} onChange={onSchedule}><option value="fixed">fixed</option><option value="seeded">seeded</option></select></label>
    </>
  );
}

interface BarProps {
  readonly store: PageStore;
  readonly actions: readonly Action[];
}

const keyOf = (actions: readonly Action[], id: string): string | undefined => actions.find((action) => action.id === id)?.key;
const runner = (actions: readonly Action[], id: string) => (): void => actions.find((action) => action.id === id)?.run();

function Where({ store }: { readonly store: PageStore }) {
  const status = store.status.value;
  if (status === null) return null;
  return (
    <span class="where">
      <span class="time">{placeWords(status)}</span>
      <span class="record">record {countWords(status.position.records)} of {countWords(status.reached.records)}</span>
      {status.isInsideStep ? <abbr class="inside" title="The position lies inside a step of the kernel: the hardware is shown as it was here, the kernel as it is when the step is over.">inside a step</abbr> : null}
      {status.touches.length > 0 ? <abbr class="touched" title="Somebody did something by hand: this is no longer the run that the file describes.">touched</abbr> : null}
    </span>
  );
}

/** What is open, where its run stands, and what has to do with the page. */
export function TitleBar({ store, actions }: BarProps) {
  const theme = store.theme.value;
  const status = store.status.value;
  // A step may lead to another record of the same time: who only listens hears that it was taken.
  const stands = status !== null && store.death.value === null && !status.isMoving && !isOver(status);
  return (
    <div class="bar title-bar">
      <h1>cxl-sandbox</h1>
      <span class="file" title={shownText(store.document.value.file)}>{shownText(store.document.value.file)}</span>
      {store.isChanged.value && status !== null ? <span class="changed">changed since this run</span> : null}
      <span class="room" />
      <span class={`state ${status?.isMoving === true ? "moving" : ""}`} role="status">{stateWords(status, store.death.value)}{stands ? <span class="unseen">: {placeWords(status)}, record {countWords(status.position.records)}</span> : null}</span>
      <Where store={store} />
      <span class="room" />
      <span class="group">
        <Tool icon="share" label="Share" isText onClick={runner(actions, "share")} />
        <Tool icon="find" label="Find" isText shortcut={keyOf(actions, "palette")} onClick={runner(actions, "palette")} />
        <Tool icon={theme} label={`Theme: ${theme}`} shortcut={keyOf(actions, "theme")} onClick={runner(actions, "theme")} />
        <Tool icon="help" label="Keys and help" shortcut={keyOf(actions, "help")} onClick={runner(actions, "help")} />
      </span>
    </div>
  );
}

function Steps({ store, actions }: BarProps) {
  const unit = useSignal<StepUnit>("event");
  return (
    <span class="group">
      <Tool icon="back" label="Back one event" shortcut={keyOf(actions, "back")} onClick={() => void back(store)} />
      <Tool icon="step" label="Step" isText shortcut={unit.value === "event" ? keyOf(actions, "next") : keyOf(actions, unit.value)} onClick={() => void step(store, unit.value)} />
      <select aria-label="What one step is" value={unit.value} onChange={(event) => (unit.value = event.currentTarget.value as StepUnit)}>
        <option value="event">event</option>
        <option value="access">access</option>
        <option value="turn">turn</option>
      </select>
    </span>
  );
}

function Mark({ store }: { readonly store: PageStore }) {
  const text = useSignal("");
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    void runToMark(store, text.value);
  };
  return (
    <form class="group mark" onSubmit={onSubmit}>
      <input id="mark" type="text" placeholder="mark or log line" aria-label="Run to the next mark or log line that holds" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} autocomplete="off" spellcheck={false} />
      <button type="submit" class="tool" title="Run to the mark" disabled={text.value.trim() === ""}><span class="words">Run to</span></button>
    </form>
  );
}

/** The player: run, step, go, and where it stands. */
export function PlayerBar({ store, actions }: BarProps) {
  const status = store.status.value;
  const isMoving = status?.isMoving === true;
  const pace = paces.findIndex(([, value]) => value === store.pace.value);
  return (
    <div class="bar player-bar" role="group" aria-label="Player">
      <Tool icon={isMoving ? "pause" : "run"} label={isMoving ? "Pause" : "Run"} isText isMain shortcut={keyOf(actions, "run")} onClick={() => void runOrPause(store)} />
      <Tool icon="reset" label="Reset" shortcut={keyOf(actions, "reset")} onClick={runner(actions, "reset")} />
      <Steps store={store} actions={actions} />
      <span class="group">
        <Tool icon="start" label="To power-on" shortcut={keyOf(actions, "start")} isDisabled={status === null} onClick={runner(actions, "start")} />
        <Tool icon="ready" label="To ready" shortcut={keyOf(actions, "ready")} isDisabled={status === null} onClick={runner(actions, "ready")} />
        <Tool icon="end" label="To the end" shortcut={keyOf(actions, "end")} isDisabled={status === null} onClick={runner(actions, "end")} />
      </span>
      <label class="field"><span>Speed</span><select value={String(pace)} onChange={(event) => (store.pace.value = paces[Number(event.currentTarget.value)]?.[1] ?? null)}>{paces.map(([words], index) => <option key={words} value={String(index)}>{words}</option>)}</select></label>
      <Mark store={store} />
      <span class="room" />
      <Seed store={store} />
    </div>
  );
}
