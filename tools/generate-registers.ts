// Writes assembly/generated/registers.ts and commands.ts (tables and names for the module), build/docs/registers.md and commands.md (the
// reference pages) and build/include/cxl_sandbox.h (for drivers in C).
// Usage: node generate-registers.js [root of the checkout]

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeclarationError } from "../registers/checks.ts";
import { headerText } from "./c-header.ts";
import { commandPage } from "./command-reference.ts";
import { commandSource } from "./command-tables.ts";
import { referencePage } from "./register-reference.ts";
import { assemblySource } from "./register-tables.ts";

function main(root: string): void {
  const source = assemblySource();
  const page = referencePage();
  const header = headerText();
  mkdirSync(join(root, "assembly/generated"), { recursive: true });
  mkdirSync(join(root, "build/docs"), { recursive: true });
  writeFileSync(join(root, "assembly/generated/registers.ts"), source);
  writeFileSync(join(root, "assembly/generated/commands.ts"), commandSource());
  writeFileSync(join(root, "build/docs/registers.md"), page);
  writeFileSync(join(root, "build/docs/commands.md"), commandPage());
  mkdirSync(join(root, "build/include"), { recursive: true });
  writeFileSync(join(root, "build/include/cxl_sandbox.h"), header);
}

try {
  main(process.argv[2] ?? ".");
} catch (error) {
  if (!(error instanceof DeclarationError)) throw error;
  console.error(`registers: ${error.message}`);
  process.exitCode = 1;
}
