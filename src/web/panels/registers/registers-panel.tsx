// Registers of the part that is picked, at the position: what is in them, what it means, who touched them, and writing them by hand.

import { useEffect, useMemo } from "preact/hooks";
import type { RegisterLook, RegistersLook } from "../../../sandbox/live/registers-look.ts";
import type { PageStore } from "../../store/contract.ts";
import { useIsShown } from "../shown.ts";
import { Accesses } from "./accesses.tsx";
import { matches } from "./bits.ts";
import { isPinned, Pins } from "./pins.tsx";
import { RegisterList } from "./register-list.tsx";
import { RegisterView } from "./register-view.tsx";
import type { Pin, RegistersState } from "./state.ts";
import { accessesShown, allStructures, createRegistersState } from "./state.ts";
import "./registers.css";

const spaces = { component: "CXL.cache/mem registers", config: "configuration space", device: "device registers" } as const;

export function RegistersPanel({ store }: { readonly store: PageStore }) {
  const state = useMemo(() => createRegistersState(store), [store]);
  useEffect(() => () => state.stop(), [state]);
  const isShown = useIsShown();
  useEffect(() => void (state.isShown.value = isShown), [state, isShown]);
  const look = state.look.value;
  const togglePin = ({ of, register }: Pin): void => {
    const pins = state.pins.peek();
    state.pins.value = isPinned(pins, of, register) ? pins.filter((pin) => pin.of !== of || pin.register !== register) : [...pins, { of, register }];
  };
  const openPin = ({ of, register }: Pin): void => {
    store.part.value = of;
    state.structure.value = register.slice(0, register.indexOf("."));
    state.filter.value = "";
    state.open.value = register;
  };
  if (store.status.value === null) return <p class="empty">No run is open: there are no registers to look at.</p>;
  if (look === null) return <p class="empty" aria-busy="true">Looking …</p>;
  return (
    <div class="registers">
      <Picker store={store} state={state} look={look} />
      <Pins pins={state.pins.value} values={state.pinned.value} onOpen={openPin} onUnpin={togglePin} />
      <Found store={store} state={state} look={look} onPin={(register) => togglePin({ of: look.of, register })} />
    </div>
  );
}

interface PartProps {
  readonly store: PageStore;
  readonly state: RegistersState;
  readonly look: RegistersLook;
}

function Picker({ store, state, look }: PartProps) {
  const { structure, filter, showsFields } = state;
  const found = look.structures.find(({ name }) => name === structure.value);
  return (
    <header class="registers-picker">
      <label>Part <select value={look.of} onChange={(event) => (store.part.value = event.currentTarget.value)}>
        {look.parts.some(({ name }) => name === look.of) ? null : <option value={look.of}>{look.of}</option>}
        {look.parts.map(({ name, kind }) => <option key={name} value={name}>{name} ({kind})</option>)}
      </select></label>
      <label>Structure <select value={structure.value} onChange={(event) => (structure.value = event.currentTarget.value)}>
        {look.structures.map(({ name, registers }) => <option key={name} value={name}>{name} ({registers})</option>)}
        <option value={allStructures}>all of them</option>
      </select></label>
      <label class="registers-filter">Filter <input type="search" value={filter.value} placeholder="name, field, words" onInput={(event) => (filter.value = event.currentTarget.value)} /></label>
      <label><input type="checkbox" checked={showsFields.value} onChange={(event) => (showsFields.value = event.currentTarget.checked)} /> fields</label>
      {found === undefined ? null : <p class="quiet">{found.clause}, {spaces[found.space]} from 0x{found.offset.toString(16)}</p>}
    </header>
  );
}

function Found({ store, state, look, onPin }: PartProps & { readonly onPin: (register: string) => void }) {
  if (look.kind === "") return <p class="empty">{look.of} has no registers. Pick another part.</p>;
  const registers = look.registers.filter((register) => matches(register, state.filter.value));
  const pinned = new Set(state.pins.value.filter(({ of }) => of === look.of).map(({ register }) => register));
  return (
    <>
      {look.isThere ? null : <p class="registers-note">{look.of} is not plugged in: this is what it holds where it lies.</p>}
      {registers.length === 0 ? <p class="empty">No register here has “{state.filter.value}” in its name, its fields or what it is for.</p> : null}
      <RegisterList registers={registers} values={state.values.value} open={state.open.value} showsFields={state.showsFields.value} isWhole={state.structure.value === allStructures} pinned={pinned} onOpen={(name) => (state.open.value = name)} onPin={onPin}>
        {(register) => <Open store={store} state={state} register={register} />}
      </RegisterList>
      {look.leftOut === 0 ? null : <p class="registers-note">{look.leftOut} registers more are not shown; pick one structure.</p>}
    </>
  );
}

function Open({ store, state, register }: Pick<PartProps, "store" | "state"> & { readonly register: RegisterLook }) {
  const values = state.values.value;
  const accesses = state.accesses.value;
  const status = store.status.value;
  const go = (record: number): void => {
    store.record.value = record;
    void store.go({ kind: "record", index: record });
  };
  return (
    <>
      <RegisterView key={register.name} register={register} value={values.now[register.name] ?? ""} before={values.before[register.name]} picked={state.field.value} onPick={(field) => (state.field.value = field)} written={state.written.value} onWrite={(value) => void state.write(register, value)} />
      {accesses === null || accesses.register !== register.name || status === null ? null : (
        <Accesses accesses={accesses} field={register.fields.find(({ name }) => name === state.field.value)} readyAtNs={status.readyAtNs} records={status.position.records} picked={store.record.value} withoutReads={state.withoutReads.value} shown={accessesShown}
          onWithoutReads={(value) => { state.withoutReads.value = value; state.from.value = null; }} onPage={(from) => (state.from.value = from)} onGo={go} />
      )}
    </>
  );
}
