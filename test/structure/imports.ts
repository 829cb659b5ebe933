// Reads the imports of the tree and names every arrow that the layout of DESIGN does not allow.

/** Rooms from the ground up, with the rooms each may import (beside itself). */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  registers: [],
  "src/sim": [],
  "src/platform": ["src/sim", "registers"],
  "src/hardware": ["src/platform", "src/sim", "registers"],
  "src/firmware": ["src/platform", "src/sim", "registers"],
  "src/kernel": ["src/platform", "src/sim", "registers"],
  "src/drivers": ["src/platform", "src/sim", "registers"],
  "src/userland": ["src/kernel", "src/platform", "src/sim"],
  "src/workload": ["src/kernel", "src/platform", "src/sim"],
  "src/scenario": ["src/userland", "src/workload", "src/kernel", "src/platform", "src/sim", "registers"],
  "src/report": ["src/scenario", "src/sim"],
  "src/sandbox": ["src/drivers", "src/scenario", "src/report", "src/userland", "src/workload", "src/kernel", "src/firmware", "src/hardware", "src/platform", "src/sim", "registers"],
  "src/vitest": ["workers", "src/sandbox", "src/report", "src/scenario", "src/hardware", "src/platform", "src/sim", "registers"],
  workers: ["src/sandbox", "src/scenario", "src/hardware", "src/report", "src/platform", "registers"],
  "src/index": ["workers", "src/sandbox"],
  // The page: types from everywhere below, code from few places (test/structure/web.test.ts).
  "src/web": ["workers", "src/sandbox", "src/scenario", "src/report", "src/platform", "src/sim", "registers"],
  "src/vfio-user": ["src/sandbox", "src/scenario", "src/firmware", "src/hardware", "src/platform", "src/sim", "registers"],
  "src/cli": ["workers", "src/vfio-user", "src/sandbox", "src/scenario", "src/report", "src/hardware"],
};

/** Folders inside the kernel, from the ground up; each may import those before it. `modules`, `sysfs` and `boot` stand on top. */
export const kernelOrder = ["base", "trace", "resource", "policy", "mm", "watchdog", "pci", "acpi", "cxl", "dax", "mce", "isolation", "plug-in", "modules", "sysfs", "boot"] as const;

/** The room a file belongs to: its folder under the rooms above, `src/sandbox` for the front door, `src/index` for the package's front. */
export function roomOf(path: string): string | undefined {
  if (path === "src/index.ts") return "src/index";
  if (/^src\/sandbox(\.ts|\/)/.test(path)) return "src/sandbox";
  return Object.keys(allowedImports).find((room) => path.startsWith(`${room}/`));
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Relative imports and re-exports of a source text, resolved against its own path. Type-only imports count too. */
export function importsOf(path: string, text: string): Arrow[] {
  const arrows: Arrow[] = [];
  for (const match of text.matchAll(/(?:^|[;\n])\s*(?:import|export)\b[^;]*?from\s*["'](\.[^"']+)["']|import\s*\(\s*["'](\.[^"']+)["']\s*\)|(?:^|\n)\s*import\s*["'](\.[^"']+)["']/g)) {
    const target = match[1] ?? match[2] ?? match[3];
    if (target !== undefined) arrows.push({ from: path, to: resolve(path, target) });
  }
  return arrows;
}

function resolve(from: string, relative: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const step of relative.split("/")) {
    if (step === "..") parts.pop();
    else if (step !== ".") parts.push(step);
  }
  return parts.join("/");
}

/** What is wrong with an arrow, or undefined. */
export function judge(arrow: Arrow): string | undefined {
  const from = roomOf(arrow.from);
  const to = roomOf(arrow.to);
  if (from === undefined || to === undefined) return undefined;
  if (from !== to && !(allowedImports[from] ?? []).includes(to)) return `${arrow.from} -> ${arrow.to}: ${from} may not import ${to}`;
  if (from === "src/kernel" && to === "src/kernel") return judgeKernel(arrow);
  return undefined;
}

function kernelFolder(path: string): number {
  const name = path.slice("src/kernel/".length).split("/")[0]?.replace(/\.ts$/, "") ?? "";
  return kernelOrder.indexOf(name as (typeof kernelOrder)[number]);
}

function judgeKernel(arrow: Arrow): string | undefined {
  const from = kernelFolder(arrow.from);
  const to = kernelFolder(arrow.to);
  if (from < 0 || to < 0 || to <= from) return undefined;
  // Policy is data that the base carries without reading it.
  if (kernelOrder[to] === "policy" && kernelOrder[from] === "base") return undefined;
  return `${arrow.from} -> ${arrow.to}: inside the kernel, ${kernelOrder[from]} stands below ${kernelOrder[to]}`;
}
