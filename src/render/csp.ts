import { createHash } from 'node:crypto';

/**
 * The policy of the page (Content Security Policy, level 3). It may run this script and use this style, and nothing else. It can ask
 * for nothing, start nothing, send nothing. Tooltips and charts are styled through the object model, which needs no leave.
 */
export function writePolicy({ script, style }: { script: string; style: string }): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
