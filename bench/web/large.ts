// Scenarios for the page's figures: a machine with 64 root ports, guests on some of them, ports that fail under them, and as many records as are asked for.

const [bridges, portsEach] = [4, 16];
const guests = 8;
/** Ports that fail, some virtual milliseconds apart. */
const failing = 4;

const numbers = (count: number): number[] => [...Array(count).keys()];
const portName = (bridge: number, port: number): string => `rp${bridge}-${port}`;

/**
 * @param listings how often all config space is read through by `lspci -xxxx`: tens of thousands of records each
 */
export function largeText(listings: number): string {
  const port = (bridge: number, index: number): string => `        - { name: ${portName(bridge, index)}, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { volatile: 1GiB } }`;
  return [
    "version: 1", "name: 64 ports, eight guests, four cables pulled", "machine:", "  limits: { mediaPages: 16384 }", "  hostBridges:",
    ...numbers(bridges).flatMap((bridge) => ["    - rootPorts:", ...numbers(portsEach).map((index) => port(bridge, index))]),
    `firmware: { windows: [${numbers(bridges).map((bridge) => `{ targets: [hb${bridge}], size: 16GiB }`).join(", ")}] }`,
    "kernel: { preset: isolation-safe }", "host: { cpus: 64 }", "steps:",
    ...numbers(guests).map((index) => `  - run: cxl create-region -d decoder0.${index % bridges} -m \${mem:${portName(index % bridges, Math.floor(index / bridges))}} -w 1 -t ram`),
    ...numbers(listings).map(() => "  - run: lspci -xxxx"),
    "workloads:", ...numbers(guests).map((index) => `  - vm: { name: vm${index}, memory: "\${dax:region${index}}", rate: 4M/s, reads: 70%, onSigbus: survive }`),
    "faults:", ...numbers(failing).map((index) => `  - { id: out${index}, when: { at: ${5 + 3 * index}ms }, do: { linkDown: ${portName(index % bridges, 0)} } }`),
    "limits: { time: 60s, steps: 100000000 }", "",
  ].join("\n");
}
