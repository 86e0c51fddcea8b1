// Collects the messages of zen from its source: what each ZenError may say, with “…” for what differs from case to case.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';
import type { Failure } from '../src/errors.ts';

/** A message, the failure that it is of, and the file that says it. */
export interface Message {
  failure: Failure;
  text: string;
  file: string;
}

/** The most variants of one text that are spelled out; beyond these, “…” stands for the part that has them. */
const mostVariants = 40;

/** Lists what every ZenError made below `src` may say, each text once. Parts that cannot be known without running are “…”. */
export function collectMessages(): Message[] {
  const program = openSource();
  const reader = new TextReader(program.getTypeChecker());
  const sources = program.getSourceFiles().filter(({ fileName }) => /\/src\/(?!client)/.test(fileName));
  for (const source of sources) reader.note(source);
  const messages = new Map<string, Message>();
  for (const source of sources) {
    const file = source.fileName.replace(/^.*\/(?=src\/)/, '');
    visit(source, (node) => {
      if (!ts.isNewExpression(node) || node.expression.getText() !== 'ZenError') return;
      const [failure, message] = node.arguments ?? [];
      if (!failure || !message) return;
      for (const [kind, text] of reader.readTogether(failure, message)) {
        const said = { failure: kind as Failure, text: tidy(text), file };
        if (/[a-z]{2}.* .*[a-z]{2}/i.test(said.text)) messages.set(said.text.replace(/\.$/, ''), said);
      }
    });
  }
  return [...messages.values()].filter(
    ({ text }) => !text.includes(reason) || !messages.has(text.replace(reason, '…')),
  );
}

/** A cause with its code and the next step, in the place of which any text may stand (`reasonOf`): a second form of the same message. */
const reason = '… (…). …';

/** Opens `src` alone: what comes from packages is not looked at, and reading their types would take seconds. */
function openSource(): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    types: [],
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) => {
      const path = resolve(dirname(from), text);
      const isOwn = text.startsWith('.') && existsSync(path);
      return { resolvedModule: isOwn ? { resolvedFileName: path, extension: '.ts' } : undefined };
    });
  return ts.createProgram([resolve('src/cli/main.ts')], options, host);
}

/** Joins what is unknown, and ends a sentence once. */
function tidy(text: string): string {
  return text
    .replaceAll(/…(\.?…)+/g, '…')
    .replaceAll(/(^| )\.…/g, '$1…')
    .replace('charts/history.vl', 'charts/….vl')
    .replace(/([.?!])…?\.?$/, '$1')
    .replace(/…\.$/, '…')
    .trim();
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => {
    visit(child, see);
  });
}

/** Reads the texts that an expression may be, through constants, conditions, functions and their parameters. */
class TextReader {
  readonly #checker: ts.TypeChecker;
  readonly #calls = new Map<ts.Node, ts.CallExpression[]>();
  readonly #values = new Map<ts.Symbol, ts.Expression[]>();
  readonly #open = new Set<ts.Node>();
  /** The arguments of the one call that is looked at. */
  #bound = new Map<ts.Node, ts.Expression | undefined>();

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  /** Remembers which functions a file calls, and with what; and which values it gives the properties of a type. */
  note(source: ts.SourceFile): void {
    visit(source, (node) => {
      if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) {
        const type = this.#checker.getContextualType(node.parent);
        const property = type && this.#checker.getPropertyOfType(type, node.name.text);
        if (property) this.#values.set(property, [...(this.#values.get(property) ?? []), node.initializer]);
      }
      if (!ts.isCallExpression(node)) return;
      const called = this.#declarationOf(node.expression);
      if (called) this.#calls.set(called, [...(this.#calls.get(called) ?? []), node]);
    });
  }

  /** Returns the variants of two texts, by each call of the function that they stand in. */
  readTogether(one: ts.Expression, other: ts.Expression): [string, string][] {
    let owner: ts.Node = one;
    while (!ts.isSourceFile(owner) && !this.#calls.has(owner)) owner = owner.parent;
    const pairs = (): [string, string][] =>
      this.read(other).flatMap((text) => this.read(one).map((kind): [string, string] => [kind, text]));
    if (!ts.isFunctionLike(owner)) return pairs();
    const { parameters } = owner;
    return (this.#calls.get(owner) ?? []).flatMap((call) => {
      this.#bound = new Map(parameters.map((parameter, place) => [parameter, call.arguments[place]]));
      const found = pairs();
      this.#bound = new Map();
      return found;
    });
  }

  /** Returns the variants of a text; one that is not known is “…”. */
  read(node: ts.Expression): string[] {
    if (this.#open.has(node)) return ['…'];
    this.#open.add(node);
    const found = [...new Set(this.#variants(node))];
    this.#open.delete(node);
    if (found.length > mostVariants || found.length === 0) return ['…'];
    return found.some((text) => text.includes('…')) ? found.filter((text) => /[\p{L}…]/u.test(text)) : found;
  }

  #variants(node: ts.Expression): string[] {
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return this.read(node.expression);
    if (ts.isConditionalExpression(node)) return [...this.read(node.whenTrue), ...this.read(node.whenFalse)];
    if (ts.isTemplateExpression(node)) {
      return node.templateSpans.reduce(
        (heads, { expression, literal }) => product(heads, this.read(expression), literal.text),
        [node.head.text],
      );
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
      return product(this.read(node.left), this.read(node.right), '');
    if (ts.isIdentifier(node)) return this.#readName(node);
    if (ts.isElementAccessExpression(node)) return this.#readElements(node.expression);
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
      return [...this.read(node.left), ...this.read(node.right)];
    if (ts.isCallExpression(node)) return this.#readResult(node);
    return ['…'];
  }

  #readName(node: ts.Identifier): string[] {
    const declaration = this.#checker.getSymbolAtLocation(node)?.valueDeclaration;
    if (!declaration) return ['…'];
    if (ts.isVariableDeclaration(declaration) && declaration.initializer && ts.isIdentifier(declaration.name))
      return this.read(declaration.initializer);
    if (ts.isBindingElement(declaration)) return this.#readProperty(declaration);
    if (!ts.isParameter(declaration)) return ['…'];
    if (this.#bound.has(declaration)) {
      const given = this.#bound.get(declaration) ?? declaration.initializer;
      return given ? this.read(given) : [''];
    }
    const owner = declaration.parent;
    const place = owner.parameters.indexOf(declaration);
    const given = (this.#calls.get(owner) ?? []).flatMap((call) => call.arguments[place] ?? []);
    return given.flatMap((argument) => this.read(argument));
  }

  /** Returns what is given to a property anywhere, where it is taken out of an object. */
  #readProperty({ parent, name, propertyName }: ts.BindingElement): string[] {
    const type = this.#checker.getTypeAtLocation(parent);
    const property = this.#checker.getPropertyOfType(type, (propertyName ?? name).getText());
    return (property && this.#values.get(property))?.flatMap((value) => this.read(value)) ?? ['…'];
  }

  /** Returns the texts of a constant list or record. */
  #readElements(node: ts.Expression): string[] {
    const declaration = this.#checker.getSymbolAtLocation(node)?.valueDeclaration;
    const held = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    if (!held || !ts.isObjectLiteralExpression(held)) return ['…'];
    return held.properties.flatMap((each) =>
      ts.isPropertyAssignment(each) ? this.read(each.initializer) : [],
    );
  }

  /** Returns what a function of ours may return, if it is made of texts. */
  #readResult(node: ts.CallExpression): string[] {
    const called = this.#declarationOf(node.expression);
    const body = called && 'body' in called ? (called.body as ts.ConciseBody | undefined) : undefined;
    if (!body || body.getSourceFile().fileName.includes('node_modules')) return ['…'];
    if (!ts.isBlock(body)) return this.read(body);
    const results: string[] = [];
    const seek = (inner: ts.Node): void => {
      if (ts.isFunctionLike(inner)) return;
      if (ts.isReturnStatement(inner) && inner.expression) results.push(...this.read(inner.expression));
      ts.forEachChild(inner, seek);
    };
    seek(body);
    return results;
  }

  #declarationOf(node: ts.Expression): ts.Node | undefined {
    let symbol = this.#checker.getSymbolAtLocation(node);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = this.#checker.getAliasedSymbol(symbol);
    const declaration = symbol?.valueDeclaration;
    return declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  }
}

function product(heads: string[], middles: string[], tail: string): string[] {
  const all = heads.flatMap((head) => middles.map((middle) => `${head}${middle}${tail}`));
  return all.length > mostVariants ? heads.map((head) => `${head}…${tail}`) : all;
}
