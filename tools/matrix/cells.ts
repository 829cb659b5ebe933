// The matrix of what may meet when a port fails: factors, which of their combinations cannot be, and the scenario of each cell. A cell's text is a scenario file
// like any other: `cxl-sandbox run` takes it.

/** What may differ from cell to cell, and its values. */
export const factors = {
  use: ["system-ram-normal", "system-ram-movable", "device-dax", "fsdev"],
  trigger: ["link-down", "timeout", "containment", "hot-reset"],
  interleave: ["contained", "spread"],
  pins: ["no-pins", "short-pins", "pins-for-ever"],
  kernelPage: ["no-kernel-page", "kernel-page"],
  isolation: ["isolation-off", "isolation-on"],
  place: ["direct", "below-switch"],
  decoders: ["unlocked", "locked"],
} as const;

export type Factor = keyof typeof factors;
export type Cell = { readonly [F in Factor]: (typeof factors)[F][number] };

export const factorNames = Object.keys(factors) as readonly Factor[];

/** Name of a cell: its values in the order of the factors. */
export const keyOf = (cell: Cell): string => factorNames.map((factor) => cell[factor]).join("/");

/** Every combination, in the order of the factors. */
export function allCells(): Cell[] {
  let cells: Partial<Cell>[] = [{}];
  for (const factor of factorNames) cells = cells.flatMap((cell) => factors[factor].map((value) => ({ ...cell, [factor]: value })));
  return cells as Cell[];
}

export const cellOf = (key: string): Cell | undefined => allCells().find((cell) => keyOf(cell) === key);

const isRam = ({ use }: Cell): boolean => use === "system-ram-normal" || use === "system-ram-movable";

/** Why a cell cannot be; undefined: it can. */
export function impossible(cell: Cell): string | undefined {
  const { use, kernelPage, pins } = cell;
  if (kernelPage === "kernel-page" && !isRam(cell)) return "memory of a dax device is no System RAM: the kernel has no pages of its own there";
  if (kernelPage === "kernel-page" && use === "system-ram-movable") return "ZONE_MOVABLE has none of the kernel's own pages";
  if (pins === "pins-for-ever" && use === "fsdev") return "pages of a file system are not pinned for long (EOPNOTSUPP)";
  if (pins === "pins-for-ever" && use === "system-ram-movable") return "long-term pins leave ZONE_MOVABLE before they are taken: their pages are elsewhere";
  return undefined;
}

const isolation = "isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }";
const device = (name: string): string => `device: { name: ${name}, volatile: 512MiB }`;

function machineOf({ place }: Cell): string {
  const first = place === "direct" ? device("dev0") : `switch: { name: sw0, ports: [{ name: dsp0, ${device("dev0")} }] }`;
  return `machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, ${isolation}, ${first} }
        - { name: rp1, ${isolation}, ${device("dev1")} }
`;
}

/** A window for each region: memory of a window is a node, so that whoever asks for memory of a region gets it. */
function firmwareOf({ decoders, interleave }: Cell): string {
  const targets = interleave === "spread" ? ["[dev0, dev1]"] : ["[dev0]", "[dev1]"];
  const windows = targets.map(() => "{ targets: [hb0], size: 2GiB }").join(", ");
  const regions = decoders === "locked" ? `, regions: [${targets.map((of, window) => `{ window: ${window}, targets: ${of}, locked: true }`).join(", ")}]` : "";
  return `firmware: { windows: [${windows}]${regions} }\n`;
}

/** Regions that firmware did not make are made by hand. */
function stepsOf({ decoders, interleave, place }: Cell): string {
  const first = place === "direct" ? "rp0" : "dsp0";
  const regions = interleave === "spread" ? [[first, "rp1"]] : [[first], ["rp1"]];
  const create = (ports: readonly string[], window: number): string => `  - run: cxl create-region -d decoder0.${window} -m ${ports.map((port) => `\${mem:${port}}`).join(" ")} -w ${ports.length} -t ram\n`;
  return `steps:\n${decoders === "locked" ? "" : regions.map(create).join("")}  - settle: true\n`;
}

const policies: Readonly<Record<Cell["use"], string>> = {
  "system-ram-normal": "use: system-ram-normal, online: online", "system-ram-movable": "use: system-ram-movable, online: online_movable", "device-dax": "use: device-dax-only", fsdev: "use: fsdev",
};

/** Nothing of the kernel's lies there but what a cell says. */
const kernelOf = (cell: Cell): string => `host: { kernelShare: 0 }\nkernel: { preset: isolation-safe, policies: { ${policies[cell.use]}, isoact: ${cell.isolation === "isolation-on" ? "recover" : "none"} } }\n`;

/** A user of each region; pins and the kernel's page are in the region of the port that fails. */
function workloadsOf(cell: Cell): string {
  const memory = (window: number): string => `memory: "\${dax:decoder0.${window}}"`;
  const user = (number: number): string => (isRam(cell) ? `database: { name: user${number}, size: 64MiB, ${memory(number)}, bound: true, rate: 1M/s, reads: 70% }` : `vm: { name: user${number}, ${memory(number)}, rate: 1M/s, reads: 70% }`);
  const users = cell.interleave === "spread" ? [user(0)] : [user(0), user(1)];
  const pins = { "no-pins": [], "short-pins": [`pin: { name: dma, ${memory(0)}, kind: short, until: 20ms }`], "pins-for-ever": [`pin: { name: nic, ${memory(0)}, kind: long }`] }[cell.pins];
  const kernel = cell.kernelPage === "kernel-page" ? [`kernelUser: { name: slab, size: 1MiB, ${memory(0)}, bound: true, rate: 100k/s }`] : [];
  return `workloads:\n${[...users, ...kernel, ...pins].map((one) => `  - ${one}\n`).join("")}`;
}

const write = (id: string, at: string, field: string, value: number): string => `  - { id: ${id}, when: { at: ${at} }, do: { writeRegister: { of: rp0, field: ${field}, value: ${value} } } }\n`;

/** What goes wrong at port rp0, and what puts it right again where somebody has to. */
const triggers: Readonly<Record<Cell["trigger"], string>> = {
  "link-down": "  - { id: cable-out, when: { at: 5ms }, do: { linkDown: rp0 } }\n  - { id: cable-in, when: { after: CLEARED }, do: { linkUp: rp0 }, optional: true }\n",
  timeout: "  - { id: lost-response, when: { request: { port: rp0, direction: read, nth: 1000 } }, do: { dropResponse: { port: rp0 } } }\n",
  containment: write("arm", "4ms", "dpc.control.triggerEnable", 1) + write("trigger", "5ms", "dpc.control.softwareTrigger", 1) + write("release", "60ms", "dpc.status.trigger", 1).replace(" } } }", " } }, optional: true }"),
  "hot-reset": write("unmask", "4ms", "dvsecPort.control.unmaskSecondaryBusReset", 1) + write("reset", "5ms", "bridgeHeader.bridgeControl.secondaryBusReset", 1) + write("release", "7ms", "bridgeHeader.bridgeControl.secondaryBusReset", 0).replace(" } } }", " } }, optional: true }"),
};

/** The scenario file of a cell that can be. */
export function scenarioOf(cell: Cell): string {
  return `version: 1\nname: ${keyOf(cell)}\n${machineOf(cell)}${firmwareOf(cell)}${kernelOf(cell)}${stepsOf(cell)}${workloadsOf(cell)}faults:\n${triggers[cell.trigger]}limits: { time: 30s }\n`;
}
