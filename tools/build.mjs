// The build, in plain JavaScript: registers (generator), module (asc, two targets), dist (tsc), web (the page, vite). A step whose inputs did not change is skipped.
// Usage: node tools/build.mjs [registers|module|dist|web ...]

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

function run(command, ...argv) {
  // What is built is the same whoever asks for it: a test runner has another NODE_ENV.
  const result = spawnSync(process.execPath, [join("node_modules", command), ...argv], { stdio: "inherit", env: { ...process.env, NODE_ENV: "production" } });
  if (result.status !== 0) {
    console.error(`build: ${command} ${argv.join(" ")} failed`);
    process.exit(1);
  }
}

/** Several programs at a time. @param {string} command @param {string[][]} argvs */
async function runAll(command, ...argvs) {
  const statuses = await Promise.all(argvs.map((argv) => new Promise((resolve) => spawn(process.execPath, [join("node_modules", command), ...argv], { stdio: "inherit" }).once("exit", resolve))));
  const failed = argvs.find((_, index) => statuses[index] !== 0);
  if (failed === undefined) return;
  console.error(`build: ${command} ${failed.join(" ")} failed`);
  process.exit(1);
}

function files(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name)).filter((name) => statSync(name).isFile()).toSorted();
}

async function step(name, inputs, outputs, work) {
  const hash = createHash("sha256");
  for (const file of ["package-lock.json", "tools/build.mjs", "tsconfig.json", ...inputs].flatMap(files)) hash.update(file).update("\0").update(readFileSync(file));
  const digest = hash.digest("hex");
  const stamp = join("build/.stamps", name);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest && outputs.every((output) => existsSync(output))) return;
  await work();
  mkdirSync("build/.stamps", { recursive: true });
  writeFileSync(stamp, digest);
}

const steps = {
  registers: () =>
    step("registers", ["registers", "tools/generate-registers.ts", "tools/register-tables.ts", "tools/register-reference.ts", "tools/command-tables.ts", "tools/command-reference.ts", "tools/c-header.ts", "tools/c-header-text.ts", "src/drivers/wasm/abi.ts", "src/drivers/wasm/structures.ts", "src/sim/hash.ts", "tools/tsconfig.json"], ["assembly/generated/registers.ts", "assembly/generated/commands.ts", "build/docs/registers.md", "build/include/cxl_sandbox.h"], () => {
      run("typescript/bin/tsc", "-p", "tools/tsconfig.json");
      const result = spawnSync(process.execPath, ["build/tools/tools/generate-registers.js", "."], { stdio: "inherit" });
      if (result.status !== 0) process.exit(1);
    }),
  module: async () => {
    if (!existsSync("assembly/index.ts")) {
      console.log("build: module left out, there is no assembly/index.ts");
      return;
    }
    await step("module", ["assembly", "asconfig.json"], ["build/hardware.wasm", "build/hardware.checked.wasm"], () => runAll("assemblyscript/bin/asc.js", ...["release", "checked"].map((target) => ["assembly/index.ts", "--config", "asconfig.json", "--target", target])));
  },
  dist: () =>
    step("dist", ["registers", "src", "workers", "bench", "tools", "tsconfig.build.json", "build/hardware.wasm", "build/include"], ["dist/build/hardware.wasm", "dist/build/include/cxl_sandbox.h", "dist/workers/command.js"], async () => {
      // The page is a step of its own.
      for (const name of existsSync("dist") ? readdirSync("dist") : []) if (name !== "web") rmSync(join("dist", name), { recursive: true, force: true });
      run("typescript/bin/tsc", "-p", "tsconfig.build.json");
      mkdirSync("dist/build/include", { recursive: true });
      copyFileSync("build/hardware.wasm", "dist/build/hardware.wasm");
      copyFileSync("build/include/cxl_sandbox.h", "dist/build/include/cxl_sandbox.h");
      const { bundleEntries } = await import("./bundle.mjs");
      await bundleEntries();
      if (existsSync("dist/src/cli/main.js")) chmodSync("dist/src/cli/main.js", 0o755);
    }),
  // The worker's code is the whole model, and the bundled scenarios come along. Vite empties the folder itself.
  web: () => step("web", ["registers", "src", "workers", "scenarios", "docs/examples", "README.md", "package.json", "vite.config.ts", "build/hardware.wasm"], ["dist/web/index.html", "dist/web/offline.js"], () => run("vite/bin/vite.js", "build", "--logLevel", "warn")),
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(steps);
for (const name of wanted) {
  if (steps[name] === undefined) {
    console.error(`build: no step "${name}"; there are ${Object.keys(steps).join(", ")}`);
    process.exit(2);
  }
  await steps[name]();
}
