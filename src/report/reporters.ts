// The table of reporters: what `--reporter NAME` can name.

import { consoleReporter } from "./console.ts";
import { github } from "./github.ts";
import { html } from "./html.ts";
import { json } from "./json.ts";
import { junit } from "./junit.ts";
import { perfetto } from "./perfetto.ts";
import type { Reporter } from "./reporter.ts";

export const reporters: readonly Reporter[] = [consoleReporter, json, junit, github, html, perfetto];
