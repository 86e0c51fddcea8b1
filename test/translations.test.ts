import { expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);
const trees = files.map((path) => {
  const file = join('src', path);
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
});
const templates = [
  'templates/page.hbs',
  ...readdirSync('templates/charts').map((name) => join('templates/charts', name)),
].map((path) => readFileSync(path, 'utf8'));

function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* walk(child);
}

const nodes = trees.flatMap((tree) => [...walk(tree)]);
const texts = nodes.filter((node) => ts.isStringLiteralLike(node)).map(({ text }) => text);
const { messages } = JSON.parse(readFileSync('templates/locales/ru.json', 'utf8')) as { messages: object };

/** Lists the texts that an argument may be, where the code says them. */
function listTexts(argument: ts.Node | undefined): string[] {
  if (!argument) return [];
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isConditionalExpression(argument))
    return [argument.whenTrue, argument.whenFalse].flatMap((each) => listTexts(each));
  return [];
}

test('every Russian text translates one that the code, the page or a chart writes', () => {
  const written = new Set(texts);
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  const unwritten = Object.keys(messages).filter(
    (text) =>
      !written.has(text) && !templates.some((all) => all.includes(text) || all.includes(quoted(text))),
  );
  expect(unwritten).toEqual([]);
});

test('every text that is looked up has a Russian one', () => {
  const calls = nodes.filter((node) => ts.isCallExpression(node));
  const looked = calls
    .filter(({ expression }) => /(^|\.)(t|translate)$/.test(expression.getText()))
    .flatMap((call) => listTexts(call.arguments[0]));
  const ofPage = [...(templates[0] ?? '').matchAll(/\{\{t "([^"]+)"/g)].map(([, text = '']) => text);
  expect(looked.length).toBeGreaterThan(50);
  expect(ofPage.length).toBeGreaterThan(20);
  expect([...looked, ...ofPage].filter((text) => !Object.hasOwn(messages, text))).toEqual([]);
});

test('no sentence holds a name of the code, where a word was renamed with it', () => {
  const isInner = (name: string) => /^[a-z]+[A-Z]/.test(name);
  const names = new Set(
    nodes
      .flatMap((node) => {
        const { name } = node as { name?: ts.Node };
        return ts.isStatement(node) || ts.isVariableDeclaration(node) ? [name?.getText() ?? ''] : [];
      })
      .filter(isInner),
  );
  expect(names.size).toBeGreaterThan(1000);
  const pieces = nodes.flatMap((node) =>
    ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
      ? [node.text]
      : [],
  );
  const found = pieces.filter(
    (text) => text.split(' ').length > 3 && (text.match(/[a-zA-Z]+/g) ?? []).some((word) => names.has(word)),
  );
  expect(found).toEqual([]);
});
