// The entry points of the package as its declaration files state them: what each exports, with text and doc comment. Read by the compiler itself.

import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { API, SymbolFlags } from "typescript/unstable/sync";
import type { Checker, Project, Symbol as DeclaredSymbol } from "typescript/unstable/sync";
import { SyntaxKind } from "typescript/unstable/ast";
import type { Node } from "typescript/unstable/ast";

export interface Declared {
  readonly name: string;
  /** What a program can hold at run time, against types alone. */
  readonly isValue: boolean;
  /** Text of the doc comment without its marks; empty: there is none. */
  readonly comment: string;
  /** As the declaration file has it, without its comment. */
  readonly text: string;
  /** Declaration file, from the package's root. */
  readonly file: string;
}

export interface EntryPoint {
  /** As it is imported: "cxl-sandbox/vitest". */
  readonly specifier: string;
  readonly exported: readonly Declared[];
  /** Types that the exported ones mention, and those that these mention, without being exported. */
  readonly mentioned: readonly Declared[];
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

/** Specifier and declaration file of each entry point that has types. */
export function declarationFiles(root: string): readonly (readonly [specifier: string, file: string])[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  return Object.entries(exports).flatMap(([path, target]) => (typeof target === "string" ? [] : [[`${name}${path.slice(1)}`, target.types.slice(2)] as const]));
}

const mark = /^\s*\/\*\*|\*\/\s*$/g;

/** The doc comment next to the declaration, as prose. */
function commentOf(leading: string): string {
  const comment = leading.match(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/)?.[0] ?? "";
  const lines = comment.replaceAll(mark, "").split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim());
  return lines.join("\n").trim();
}

/** The whole statement of a declaration: of a variable the `const` with it. */
function statementOf(node: Node): Node {
  let statement = node;
  while (statement.parent !== undefined && statement.parent.kind !== SyntaxKind.SourceFile && statement.parent.kind !== SyntaxKind.ModuleBlock) statement = statement.parent;
  return statement;
}

interface Reader {
  readonly root: string;
  readonly project: Project;
  readonly checker: Checker;
}

const isAlias = (symbol: DeclaredSymbol): boolean => (symbol.flags & SymbolFlags.Alias) !== 0;
const isModule = (symbol: DeclaredSymbol): boolean => (symbol.flags & SymbolFlags.ValueModule) !== 0;
const behind = (checker: Checker, symbol: DeclaredSymbol): DeclaredSymbol => (isAlias(symbol) ? checker.getAliasedSymbol(symbol) : symbol);

function statementsOf(reader: Reader, symbol: DeclaredSymbol): readonly Node[] {
  return symbol.declarations.map((handle) => handle.resolve(reader.project)).filter((node) => node !== undefined).map(statementOf);
}

/** `export * as name`: the comment stands where it is exported, the text is the list of what it holds. */
function declareNamespace(reader: Reader, name: string, exported: DeclaredSymbol, module: DeclaredSymbol): Declared {
  const statement = statementsOf(reader, exported)[0];
  if (statement === undefined) throw new Error(`"${name}" has no declaration in the declaration files`);
  const source = statement.getSourceFile();
  const values = reader.checker.getExportsOfModule(module).filter((one) => (behind(reader.checker, one).flags & SymbolFlags.Value) !== 0);
  const text = `namespace ${name} { ${values.map((one) => one.name).join(", ")} }`;
  return { name, isValue: true, comment: commentOf(source.text.slice(statement.pos, statement.getStart())), text, file: relative(reader.root, source.fileName) };
}

function declare(reader: Reader, name: string, symbol: DeclaredSymbol): Declared {
  const statements = statementsOf(reader, symbol);
  const first = statements[0];
  if (first === undefined) throw new Error(`"${name}" has no declaration in the declaration files`);
  const whole = statements.map((node) => node.getSourceFile().text.slice(node.pos, node.end));
  const starts = statements.map((node) => node.getStart() - node.pos);
  return {
    name,
    isValue: (symbol.flags & SymbolFlags.Value) !== 0,
    comment: commentOf(whole[0]?.slice(0, starts[0]) ?? ""),
    text: whole.map((text, index) => text.slice(starts[index]).trim()).join("\n"),
    file: relative(reader.root, first.getSourceFile().fileName),
  };
}

function identifiersOf(node: Node, found: Node[] = []): Node[] {
  if (node.kind === SyntaxKind.Identifier) found.push(node);
  node.forEachChild((child) => {
    identifiersOf(child, found);
  });
  return found;
}

const isType = SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Class;

/** Types of the package's own that the statements of a symbol name. Types of the register declarations speak for themselves. */
function mentionedBy(reader: Reader, symbol: DeclaredSymbol): DeclaredSymbol[] {
  const identifiers = statementsOf(reader, symbol).flatMap((node) => identifiersOf(node));
  const symbols = identifiers.length === 0 ? [] : reader.checker.getSymbolAtLocation(identifiers);
  return symbols
    .filter((found) => found !== undefined)
    .map((found) => behind(reader.checker, found))
    .filter((found) => (found.flags & isType) !== 0 && statementsOf(reader, found).some((node) => relative(reader.root, node.getSourceFile().fileName).startsWith("dist/src/")));
}

function readEntryPoint(reader: Reader, specifier: string, file: string): EntryPoint {
  const source = reader.project.program.getSourceFile(join(reader.root, file));
  const module = source === undefined ? undefined : reader.checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module: npm run build`);
  const exported = reader.checker.getExportsOfModule(module).map((own) => ({ name: own.name, own, symbol: behind(reader.checker, own) }));
  const known = new Set(exported.map(({ symbol }) => symbol.id));
  const queue = exported.map(({ symbol }) => symbol).filter((symbol) => !isModule(symbol));
  const mentioned: DeclaredSymbol[] = [];
  for (const symbol of queue) {
    for (const found of mentionedBy(reader, symbol)) {
      if (known.has(found.id)) continue;
      known.add(found.id);
      mentioned.push(found);
      queue.push(found);
    }
  }
  const shown = exported.map(({ name, own, symbol }) => (isModule(symbol) ? declareNamespace(reader, name, own, symbol) : declare(reader, name, symbol)));
  return { specifier, exported: shown, mentioned: mentioned.map((symbol) => declare(reader, symbol.name, symbol)) };
}

/** @throws Error where dist/ is missing or an export has no declaration */
export function readEntryPoints(root: string): readonly EntryPoint[] {
  const api = new API({ cwd: root });
  try {
    const files = declarationFiles(root);
    const snapshot = api.updateSnapshot({ openFiles: files.map(([, file]) => join(root, file)) });
    return files.map(([specifier, file]) => {
      const project = snapshot.getDefaultProjectForFile(join(root, file));
      if (project === undefined) throw new Error(`${file} is missing: npm run build`);
      return readEntryPoint({ root, project, checker: project.checker }, specifier, file);
    });
  } finally {
    api.close();
  }
}
