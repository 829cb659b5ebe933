// Runs the examples against what is built, each by itself, as users do. What they print is text by folder.

import { fileURLToPath } from "node:url";

/** What `main.mjs` of some folders of examples/ writes to standard output. */
export async function runExamples(folders) {
  const print = console.log;
  const outputs = {};
  for (const folder of folders) {
    const lines = [];
    console.log = (...words) => void lines.push(words.join(" "));
    try {
      // The package finds itself by its name.
      await import(fileURLToPath(new URL(`../../examples/${folder}/main.mjs`, import.meta.url)));
    } finally {
      console.log = print;
    }
    outputs[folder] = lines.join("\n");
  }
  return outputs;
}
