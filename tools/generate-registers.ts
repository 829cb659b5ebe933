// Writes assembly/generated/registers.ts and commands.ts (tables and names for the module) and build/docs/registers.md and commands.md (the
// reference pages).
// Usage: node generate-registers.js [root of the checkout]

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeclarationError } from "../registers/checks.ts";
import { commandPage } from "./command-reference.ts";
import { commandSource } from "./command-tables.ts";
import { referencePage } from "./register-reference.ts";
import { assemblySource } from "./register-tables.ts";

function main(root: string): void {
  const source = assemblySource();
  const page = referencePage();
  mkdirSync(join(root, "assembly/generated"), { recursive: true });
  mkdirSync(join(root, "build/docs"), { recursive: true });
  writeFileSync(join(root, "assembly/generated/registers.ts"), source);
  writeFileSync(join(root, "assembly/generated/commands.ts"), commandSource());
  writeFileSync(join(root, "build/docs/registers.md"), page);
  writeFileSync(join(root, "build/docs/commands.md"), commandPage());
}

try {
  main(process.argv[2] ?? ".");
} catch (error) {
  if (!(error instanceof DeclarationError)) throw error;
  console.error(`registers: ${error.message}`);
  process.exitCode = 1;
}
