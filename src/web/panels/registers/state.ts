// What the register panel shows and remembers: declarations once for each structure, values at each moment, what was pinned and written.

import { batch, computed, effect, signal } from "@preact/signals";
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { AccessesLook } from "../../../sandbox/live/accesses-look.ts";
import type { TouchResult } from "../../../sandbox/live/contract.ts";
import type { RegisterLook, RegistersLook } from "../../../sandbox/live/registers-look.ts";
import { keep, kept } from "../../shell/keep.ts";
import type { PageStore } from "../../store/contract.ts";

/** Every structure of a part at once. */
export const allStructures = "*";

/** A register that is watched. */
export interface Pin {
  readonly of: string;
  readonly register: string;
}

/** Values by register, now and at the position before; undefined: not known. */
export interface Values {
  readonly now: Readonly<Record<string, string>>;
  readonly before: Readonly<Record<string, string>>;
}

export interface RegistersState {
  /** Structures and registers of the part that is picked; null while nothing is known. */
  readonly look: ReadonlySignal<RegistersLook | null>;
  readonly structure: Signal<string>;
  readonly filter: Signal<string>;
  readonly showsFields: Signal<boolean>;
  /** The register that is open, and the field in it that is picked. */
  readonly open: Signal<string | null>;
  readonly field: Signal<string | null>;
  readonly values: ReadonlySignal<Values>;
  readonly pins: Signal<readonly Pin[]>;
  /** By part. */
  readonly pinned: ReadonlySignal<Readonly<Record<string, Values>>>;
  readonly accesses: ReadonlySignal<AccessesLook | null>;
  readonly withoutReads: Signal<boolean>;
  /** Number of the first access that is shown; null: the newest are. */
  readonly from: Signal<number | null>;
  readonly written: Signal<TouchResult | null>;
  write(register: RegisterLook, value: string): Promise<void>;
  /** While it is false nothing is asked. */
  readonly isShown: Signal<boolean>;
  /** Ends what goes by the store. */
  stop(): void;
}

export const accessesShown = 50;
const noValues: Values = { now: {}, before: {} };
const pinsKept = "register pins";

function keptPins(): readonly Pin[] {
  try {
    const found: unknown = JSON.parse(kept(pinsKept) ?? "[]");
    if (!Array.isArray(found)) return [];
    return found.flatMap((one: Partial<Pin> | null) => (typeof one?.of === "string" && typeof one.register === "string" ? [{ of: one.of, register: one.register }] : [])).slice(0, 50);
  } catch {
    return [];
  }
}

/** Values with the position that they belong to; another one makes those of now those before. */
interface PlacedValues extends Values, Pick<RegistersLook, "stoodAt"> {}

function moved(last: PlacedValues | undefined, { stoodAt }: RegistersLook, now: Values["now"]): PlacedValues {
  if (last === undefined) return { stoodAt, now, before: {} };
  // What the run passes is no position that somebody saw.
  return { stoodAt, now, before: last.stoodAt === stoodAt || last.stoodAt === null ? last.before : { ...last.before, ...last.now } };
}

export function createRegistersState(store: PageStore): RegistersState {
  const look = signal<RegistersLook | null>(null);
  const structure = signal("");
  const open = signal<string | null>(null);
  const field = signal<string | null>(null);
  const placed = signal<Readonly<Record<string, PlacedValues>>>({});
  const pins = signal<readonly Pin[]>(keptPins());
  const accesses = signal<AccessesLook | null>(null);
  const withoutReads = signal(false);
  const from = signal<number | null>(null);
  const written = signal<TouchResult | null>(null);
  const wanted = (found: RegistersLook, name: string): readonly string[] => (name === allStructures ? found.structures.map((one) => one.name) : [name]);
  const generation = computed(() => store.status.value?.generation ?? -1);
  /** The part and the register that are open; the declarations may be looked up anew below them. */
  const opened = computed(() => `${look.value?.of ?? ""} ${open.value ?? ""}`);
  const isShown = signal(true);
  const isOpen = computed(() => store.status.value !== null);
  const isWanted = computed(() => isOpen.value && isShown.value);

  let declared = "";
  const declare = async (asked: string, name: string): Promise<void> => {
    const wish = `${generation.peek()} ${asked} ${name}`;
    if (declared === wish) return;
    declared = wish;
    const first = await store.look("registers", { of: asked });
    const usual = first?.parts.find(({ kind }) => kind === "root port") ?? first?.parts[0];
    const found = first?.kind !== "" || asked !== "" || usual === undefined ? first : await store.look("registers", { of: usual.name });
    if (found === undefined || declared !== wish) return;
    const known = name === allStructures || found.structures.some((one) => one.name === name) ? name : (found.structures.find((one) => one.space === "component" && one.name !== "componentHeader") ?? found.structures[0])?.name ?? "";
    const all = await store.look("registers", { of: found.of, structures: wanted(found, known) });
    if (all === undefined || declared !== wish) return;
    declared = `${generation.peek()} ${asked} ${known}`;
    const last = placed.peek()[found.of];
    batch(() => {
      structure.value = known;
      look.value = all;
      placed.value = { ...placed.peek(), [found.of]: moved(last, all, { ...(last?.stoodAt === all.stoodAt ? last.now : {}), ...all.values }) };
      if (!all.registers.some((one) => one.name === open.peek())) open.value = null;
    });
  };

  /** Values of everything that is shown. */
  const refresh = async (): Promise<void> => {
    const shown = look.peek();
    const parts = new Set([...pins.peek().map(({ of }) => of), ...(shown === null ? [] : [shown.of])]);
    for (const of of parts) {
      const structures = shown?.of === of ? wanted(shown, structure.peek()) : [];
      const found = await store.look("registers", { of, structures, registers: pins.peek().filter((pin) => pin.of === of).map(({ register }) => register), isBrief: true });
      if (found === undefined) continue;
      batch(() => {
        placed.value = { ...placed.peek(), [of]: moved(placed.peek()[of], found, found.values) };
        const now = look.peek();
        if (now !== null && now.of === of && now.isThere !== found.isThere) look.value = { ...now, isThere: found.isThere };
      });
    }
  };

  const history = async (): Promise<void> => {
    const shown = look.peek();
    const register = open.peek();
    if (shown === null || register === null) {
      accesses.value = null;
      return;
    }
    const found = await store.look("accesses", { of: shown.of, register, most: accessesShown, withoutReads: withoutReads.peek(), ...(from.peek() === null ? {} : { from: from.peek() ?? 0 }) });
    if (found !== undefined && open.peek() === register && look.peek()?.of === shown.of) accesses.value = found;
  };

  const ends = [
    effect(() => {
      void generation.value;
      const of = store.part.value ?? "";
      const name = structure.value;
      if (isWanted.value) void declare(of, name);
      else if (!isOpen.value) {
        declared = "";
        look.value = null;
      }
    }),
    effect(() => {
      if (!isWanted.value) return;
      void store.moment.value;
      void pins.value;
      void refresh();
    }),
    effect(() => {
      if (!isWanted.value) return;
      void store.moment.value;
      void withoutReads.value;
      void from.value;
      void open.value;
      void look.value;
      void history();
    }),
    effect(() => {
      void opened.value;
      batch(() => {
        field.value = null;
        from.value = null;
        written.value = null;
      });
    }),
    effect(() => keep(pinsKept, JSON.stringify(pins.value))),
  ];

  return {
    look, structure, open, field, pins, accesses, withoutReads, from, written,
    filter: signal(""), showsFields: signal(true), isShown,
    values: computed(() => placed.value[look.value?.of ?? ""] ?? noValues),
    pinned: placed,
    write: async (register, value) => {
      const of = look.peek()?.of;
      if (of !== undefined) written.value = await store.touch({ kind: "write", of, register: register.name, value });
    },
    stop: () => {
      for (const end of ends) end();
    },
  };
}
