// Every file that takes a store, at machines in every state: malformed and legal texts, seeded; the error number is one of the documented ones, nothing
// else is thrown, and the kernel is consistent afterwards.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SystemError } from "../../src/kernel/base/errno.ts";
import { parseBoolean, parseSigned, parseUnsigned, parseWord } from "../../src/kernel/base/parse.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { storesPage } from "../../src/kernel/sysfs/stores-page.ts";
import { storeEntryOf, storeTable } from "../../src/kernel/sysfs/stores.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { checkTasks } from "../../src/sim/task.ts";
import { inconsistencies } from "../support/consistency.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { storeText } from "../support/store-texts.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";
import { writableFiles } from "../support/tree.ts";

const start = 16n * GiB;
/** Sequences per state of a machine. */
const rounds = Number(process.env["CXL_SANDBOX_STORE_ROUNDS"] ?? 3);

/** A host bridge, `present.length` cards of 512 MiB. */
const cards = (present: readonly boolean[], persistentCapacity = 0n): MachineDescription =>
  machineOf(present.map((isPresent, n) => portOf(`rp${n}`, { present: isPresent, slots: [deviceOf(`d${n}`, { serial: BigInt(n + 1), volatileCapacity: 512n * MiB, persistentCapacity })] })));

interface State {
  readonly machine: MachineDescription;
  readonly setup?: Partial<FirmwareSetup>;
  readonly policies?: Partial<KernelPolicies>;
  readonly commands?: readonly string[];
}

const region = { window: 0, base: start, size: 512n * MiB, granularity: 256, targets: ["d1", "d0"], isLocked: false };
const softReserved = [{ base: start, size: 512n * MiB }];
const ram: Partial<KernelPolicies> = { memoryUse: "system-ram-normal", onlineType: "online_movable" };
const create = "cxl create-region -d decoder0.0 -t ram -m";

const states: Readonly<Record<string, State>> = {
  "no card": { machine: cards([false, false]) },
  "cards without regions": { machine: cards([true, true]) },
  "a region made by a user, in devdax mode": { machine: cards([true, true]), commands: [`${create} -w 2 mem0 mem1`] },
  "dax devices that share a region": { machine: cards([true, true]), commands: [`${create} -w 1 mem0`, "daxctl disable-device dax0.0", "echo 0x8000000 > /sys/bus/dax/devices/dax0.0/size", "daxctl create-device -r 0 -s 64M", "daxctl disable-device dax0.1", "echo 0x2000000 > /sys/bus/dax/devices/dax0.1/size", "echo 1 > /sys/bus/cxl/devices/dax_region0/dax_region/create"] },
  "two regions on one card": { machine: cards([true, true]), commands: [`${create} -s 256M mem0`, `${create} -s 256M mem0`] },
  "a region of firmware's": { machine: cards([true, true]), setup: { regions: [region], softReserved } },
  "a locked region of firmware's": { machine: cards([true, true]), setup: { regions: [{ ...region, isLocked: true }] } },
  "a region that misses a member, hmem over it": { machine: cards([true, false]), setup: { regions: [region], softReserved } },
  "a Soft Reserved range larger than its region": { machine: cards([true, true]), setup: { regions: [region], softReserved: [{ base: start, size: GiB }] } },
  "memory online": { machine: cards([true, true]), policies: ram, setup: { regions: [region] } },
  "memory online, as in 7.3": { machine: cards([true, true]), policies: { ...ram, version: "7.3" }, setup: { regions: [region] } },
  "hmem's memory online over a partial region": { machine: cards([true, false]), policies: ram, setup: { regions: [region], softReserved } },
  "cards below a switch": { machine: machineOf([portOf("rp0", { slots: [switchOf("sw0", [0, 1].map((p) => downstreamOf(`dsp${p}`, p, [deviceOf(`d${p}`, { serial: BigInt(p + 1) })])))] })]), commands: [`${create} -w 2 mem0 mem1`] },
  "cards with persistent memory": { machine: cards([true, true], 512n * MiB) },
};

const bootState = ({ machine, setup = {}, policies = {}, commands = [] }: State): Booted => {
  const booted = bootMachine(machine, { firmware: { setup: { ...noSetup, ...setup } }, policies, restrictions: { persistent: true } });
  for (const line of commands) expect([line, booted.command(line).exitCode]).toEqual([line, 0]);
  return booted;
};

/** Stores, and returns the error number, "" where it took the text, "panic" where decode went from under the kernel's own pages (observed.md). What else is thrown, and errors beyond the table, fail. */
function store(booted: Booted, path: string, text: string): string {
  const entry = storeEntryOf(path);
  try {
    booted.run(booted.files.write(path, text));
    return "";
  } catch (thrown) {
    if (booted.kernel.panic !== null) return "panic";
    if (!(thrown instanceof SystemError)) throw new Error(`store of ${JSON.stringify(text.slice(0, 80))} into ${path}`, { cause: thrown });
    if (entry?.errors[thrown.errno] === undefined) throw new Error(`${path}: ${thrown.errno} is not documented: ${JSON.stringify(text.slice(0, 80))}: ${thrown.message}`, { cause: thrown });
    return thrown.errno;
  }
}

function presentText(booted: Booted, path: string): string {
  try {
    return booted.read(path).trim();
  } catch (thrown) {
    if (thrown instanceof SystemError) return "";
    throw thrown;
  }
}

const kindsSeen = new Map<string, string>();
/** A file's kind: its path in the table, found once for each path. */
function kindOf(path: string): string {
  const kind = kindsSeen.get(path) ?? storeEntryOf(path)?.path ?? path;
  kindsSeen.set(path, kind);
  return kind;
}

/** Kinds of files are drawn first, so that hundreds of memory blocks are one of them; taking whole drivers away is drawn rarely. */
function drawFile(random: ReturnType<typeof createRandom>, files: readonly string[]): string {
  const kinds = new Map<string, string[]>();
  for (const path of files) {
    const kind = kindOf(path);
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, [path]);
    else known.push(path);
  }
  const isRare = (path: string): boolean => /\/drivers\/(cxl_acpi|cxl_port|cxl_pci|cxl_nvdimm|pcieport|hmem_platform)[^/]*\/unbind$|\/remove$|\/slots\/\d+\/power$/.test(path);
  const chosen = [...kinds.values()][nextBelow(random, kinds.size)] ?? [];
  const file = chosen[nextBelow(random, chosen.length)] ?? "";
  return isRare(file) && nextBelow(random, 8) > 0 ? drawFile(random, files) : file;
}

/** False: the kernel has panicked. */
function comesToRest(booted: Booted): boolean {
  try {
    booted.settle();
    return true;
  } catch (thrown) {
    if (booted.kernel.panic !== null) return false;
    throw thrown;
  }
}

/** One seeded sequence of stores. Returns error numbers seen, per kind of file. */
function fuzz(state: State, seed: number, count: number): Map<string, Set<string>> {
  const booted = bootState(state);
  const random = createRandom(seed);
  const seen = new Map<string, Set<string>>();
  const history: string[] = [];
  let isHonest = true;
  for (let step = 0; step < count; step++) {
    const path = drawFile(random, writableFiles(booted.kernel));
    const text = storeText(booted.kernel, random, path, presentText(booted, path));
    const result = store(booted, path, text);
    history.push(`${path} <- ${JSON.stringify(text.slice(0, 60))} ${result}`);
    const kind = kindOf(path);
    seen.set(kind, (seen.get(kind) ?? new Set()).add(result));
    if (result === "panic") return seen;
    // A reset card has forgotten what the kernel goes on believing (observed.md).
    isHonest &&= !(path.endsWith("/reset") && result === "");
    // What the store set going (a card that comes up) may be in the middle of the next store.
    if (nextBelow(random, 4) === 0) continue;
    if (!comesToRest(booted)) return seen;
    // What hangs together badly goes on doing so: it is looked for after every third store, and after the last.
    if (step % 3 !== 0 && step !== count - 1) continue;
    const problems = inconsistencies(booted.kernel, isHonest);
    if (problems.length > 0) throw new Error(`seed ${seed}, step ${step}: ${problems.join("; ")}\n${history.slice(-12).join("\n")}`);
  }
  if (comesToRest(booted)) checkTasks(booted.kernel.tasks);
  return seen;
}

describe("files that take a store", () => {
  it("every one stands in the table, and docs/sysfs.md is the table", () => {
    const missing = Object.values(states).flatMap((state) => writableFiles(bootState(state).kernel)).filter((path) => storeEntryOf(path) === undefined);
    expect([...new Set(missing)]).toEqual([]);
    expect(readFileSync(new URL("../../docs/sysfs.md", import.meta.url), "utf8")).toBe(storesPage());
  });

  const seen = new Map<string, Set<string>>();
  for (const [index, [name, state]] of Object.entries(states).entries()) {
    it(`fuzzed: ${name}`, () => {
      for (let round = 0; round < rounds; round++) {
        for (const [kind, errors] of fuzz(state, 1000 * (index + 1) + round, 80)) seen.set(kind, new Set([...(seen.get(kind) ?? []), ...errors]));
      }
    });
  }

  it("the sequences above stored into every kind of file, and every kind takes what is legal", () => {
    const untouched = storeTable.filter(({ path }) => !seen.has(path)).map(({ path }) => path);
    expect(untouched).toEqual([]);
    // What needs the one right name at the one right moment, or is drawn rarely.
    const shared = bootState(states["dax devices that share a region"] ?? { machine: cards([]) });
    const group = shared.files.realpath("/sys/bus/cxl/devices/dax_region0/dax_region");
    const online = bootState(states["memory online"] ?? { machine: cards([]) });
    const bare = bootState({ machine: cards([false]) });
    const block = `memory${start / (128n * MiB)}`;
    const taken = [
      store(shared, `${group}/delete`, "dax0.2"), store(shared, `${group}/create`, "1\n"), store(shared, "/sys/bus/dax/drivers/device_dax/bind", "dax0.1"), store(shared, "/sys/bus/dax/drivers/device_dax/unbind", "dax0.1\n"),
      store(online, `/sys/devices/system/memory/${block}/state`, "offline"), store(online, `/sys/devices/system/memory/${block}/state`, "online_movable\n"),
      store(bare, "/sys/bus/cxl/flush", "1"), store(shared, `/sys/bus/pci/slots/${shared.files.list("/sys/bus/pci/slots")[0] ?? ""}/power`, "0"),
      store(bare, "/sys/bus/pci/drivers/pcieport/unbind", "0000:0c:00.0"), store(bare, "/sys/bus/pci/devices/0000:0c:00.0/enable", "1"), store(bare, "/sys/bus/pci/devices/0000:0c:00.0/enable", "0"), store(bare, "/sys/bus/pci/devices/0000:0c:00.0/enable", "0"),
    ];
    expect(taken).toEqual(["", "", "", "", "", "", "", "", "", "", "", "EIO"]);
    const neverTaken = storeTable.filter(({ path }) => seen.get(path)?.has("") === false).map(({ path }) => path);
    expect(neverTaken.filter((path) => !/(create|delete|bind|state|flush|power|\*\/enable)$/.test(path))).toEqual([]);
  });
});

describe("numbers, words and truth values of stores", () => {
  const errnoOf = (parse: () => unknown): string => {
    try {
      return String(parse());
    } catch (thrown) {
      return thrown instanceof SystemError ? thrown.errno : String(thrown);
    }
  };

  it("numbers: decimal, 0x, octal; one line end; no other white space, no second line, no sign but +; ERANGE beyond the width", () => {
    const cases = { "10": "10", "0x10": "16", "010": "8", "+1": "1", "1\n": "1", "1\u0000x": "1", "": "EINVAL", "\n": "EINVAL", " 1": "EINVAL", "1 ": "EINVAL", "1\n\n": "EINVAL", "08": "EINVAL", "0x": "EINVAL", "-1": "EINVAL", "1.5": "EINVAL", "18446744073709551615": "18446744073709551615", "18446744073709551616": "ERANGE" };
    for (const [text, result] of Object.entries(cases)) expect([text, errnoOf(() => parseUnsigned(text))]).toEqual([text, result]);
    expect(["4294967295", "4294967296"].map((text) => errnoOf(() => parseUnsigned(text, 32)))).toEqual(["4294967295", "ERANGE"]);
    expect(["-2147483648", "-2147483649", "2147483647", "2147483648", "-0x10", "--1"].map((text) => errnoOf(() => parseSigned(text)))).toEqual(["-2147483648", "ERANGE", "2147483647", "ERANGE", "-16", "EINVAL"]);
  });

  it("truth values by their first letters, words without one line end", () => {
    expect(["1", "y", "Yes", "on", "oNe", "t", "0", "n", "off", "OFFICE", "f"].map((text) => errnoOf(() => parseBoolean(text)))).toEqual([..."true,true,true,true,true,true".split(","), ..."false,false,false,false,false".split(",")]);
    expect(["", "2", " 1", "o", "maybe"].map((text) => errnoOf(() => parseBoolean(text)))).toEqual(Array(5).fill("EINVAL"));
    expect(["ram\n", "ram\n\n", " ram", "ram\0x"].map(parseWord)).toEqual(["ram", "ram\n", " ram", "ram"]);
  });
});

describe("what the sequences found", () => {
  it("a region that gave its addresses back keeps its targets when its ways change", () => {
    const booted = bootState({ machine: cards([true, false]), setup: { regions: [region] } });
    const folder = "/sys/bus/cxl/devices/region0";
    for (const [name, text] of [["size", "0"], ["interleave_ways", "4"]] as const) expect(store(booted, `/sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0/${name}`, text)).toBe("");
    expect(["target0", "target1", "target3"].map((name) => booted.read(`${folder}/${name}`).trim())).toEqual(["decoder2.0", "", ""]);
    expect(inconsistencies(booted.kernel)).toEqual([]);
  });

  it("a locked region whose member left and came back counts the one that stayed once", () => {
    const booted = bootState({ machine: cards([true, true]), setup: { regions: [{ ...region, isLocked: true }] } });
    expect(["/sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/remove", "/sys/bus/pci/rescan"].map((path) => store(booted, path, "1"))).toEqual(["", ""]);
    booted.settle();
    expect(booted.read("/sys/bus/cxl/devices/region0/commit")).toBe("1\n");
    expect(store(booted, "/sys/bus/cxl/drivers/cxl_mem/unbind", "mem1")).toBe("");
    expect(inconsistencies(booted.kernel)).toEqual([]);
  });
});
