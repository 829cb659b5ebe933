// `cxl-sandbox serve`: the page from this machine, for a browser on it.

import { spawn } from "node:child_process";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../scenario/result.ts";
import { UsageError, countOf, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { answerTo } from "./serve/answer.ts";
import type { Site } from "./serve/site.ts";
import { readSite } from "./serve/site.ts";
import { packageRoot } from "./version.ts";

const standardPort = 8720;
const highestPort = 65_535;
/** Milliseconds that answers under way have to come to their end. */
const grace = 2000;

const help = `usage: cxl-sandbox serve [--port N] [--host ADDRESS] [--open]

Serves the page: the editor, the machine, the time line and the registers of a run, in a browser. Everything runs in the page itself;
nothing is sent to this server, which hands out files and no more. Prints the page's address, and goes on until Ctrl-C.

  --port N            the port (default: ${standardPort}); 0: any that is free
  --host ADDRESS      the address to listen at (default: 127.0.0.1, which only this machine reaches)
  --open              open the page in the browser

exit status: 0 ended by Ctrl-C or SIGTERM; 1 it cannot listen there; 2 wrong usage; 5 the package has no page
`;

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly open: boolean;
}

/** @throws UsageError */
function optionsOf(argv: readonly string[]): ServeOptions {
  const { values, positionals } = parseWords(argv, { port: { type: "string" }, host: { type: "string", default: "127.0.0.1" }, open: { type: "boolean", default: false } } as const);
  if (positionals.length > 0) throw new UsageError(`serve takes no "${positionals[0]}"; open a scenario in the page`);
  const port = values.port === undefined ? standardPort : countOf(values.port, "port", highestPort);
  if (values.host === "") throw new UsageError("--host names no address");
  return { port, host: values.host ?? "127.0.0.1", open: values.open === true };
}

/** The built page; null: there is none. */
function builtPage(): Site | null {
  const root = packageRoot();
  if (root === undefined) return null;
  try {
    const site = readSite(fileURLToPath(new URL("dist/web/", root)));
    return site.has("index.html") ? site : null;
  } catch {
    return null;
  }
}

const isLoopback = (address: string): boolean => address === "::1" || /^(?:::ffff:)?127\./.test(address);

/** How the page is reached from this machine. */
function urlOf({ address, port, family }: AddressInfo): string {
  const isAny = address === "0.0.0.0" || address === "::";
  return `http://${isAny ? "localhost" : family === "IPv6" ? `[${address}]` : address}:${port}/`;
}

/** Why it cannot listen, and what to do. */
function troubleOf(error: NodeJS.ErrnoException, { host, port }: ServeOptions): string {
  if (error.code === "EADDRINUSE") return `port ${port} is taken; name another with --port, or take any free one with --port 0`;
  if (error.code === "EACCES") return `port ${port} may not be used by you; name one above 1023 with --port`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return `"${host}" is no address of this machine; leave --host out for 127.0.0.1`;
  return `cannot listen at ${host}, port ${port}: ${error.message}`;
}

function serverOf(site: Site, isOpen: () => boolean): Server {
  return createServer((request, response) => {
    const { method = "", url: target = "", headers } = request;
    const answer = answerTo(site, { method, target, host: headers.host, encodings: headers["accept-encoding"], ifNoneMatch: headers["if-none-match"] }, isOpen());
    // What is sent along is not read.
    if (answer.status === 405) response.shouldKeepAlive = false;
    response.writeHead(answer.status, answer.headers).end(answer.body ?? undefined);
  });
}

function openBrowser(url: string): void {
  const [command, ...words] = process.platform === "darwin" ? ["open", url] : process.platform === "win32" ? ["explorer", url] : ["xdg-open", url];
  const child = spawn(command ?? "", words, { stdio: "ignore", detached: true });
  child.once("error", () => void process.stderr.write(`cxl-sandbox: no browser could be started; open ${url} yourself\n`));
  child.unref();
}

/** Settles when it was told to end and has. */
function untilToldToEnd(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      const hurry = setTimeout(() => server.closeAllConnections(), grace);
      server.close(() => {
        clearTimeout(hurry);
        resolve();
      });
      server.closeIdleConnections();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
  });
}

async function serve(options: ServeOptions): Promise<number> {
  const site = builtPage();
  if (site === null) {
    process.stderr.write('cxl-sandbox: the package has no page (dist/web); run "npm run build", or install the package again\n');
    return exitCodes.error;
  }
  let isOpen = false;
  const server = serverOf(site, () => isOpen);
  const trouble = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen(options.port, options.host, () => resolve(null));
  });
  if (trouble !== null) {
    process.stderr.write(`cxl-sandbox: ${troubleOf(trouble, options)}\n`);
    return exitCodes.fail;
  }
  const address = server.address() as AddressInfo;
  isOpen = !isLoopback(address.address);
  const ended = untilToldToEnd(server);
  if (isOpen) process.stderr.write(`cxl-sandbox: warning: listening at ${options.host}: everybody who reaches this machine can open the page; there is no password and no encryption\n`);
  const url = urlOf(address);
  process.stdout.write(`${url}\n`);
  if (options.open) openBrowser(url);
  await ended;
  return exitCodes.pass;
}

export const command: CommandModule = { help, main: (argv) => serve(optionsOf(argv)) };
