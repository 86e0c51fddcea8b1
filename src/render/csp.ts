import { createHash } from 'node:crypto';

/**
 * The page's Content Security Policy (level 3). It allows this script and this style only: no requests, no other code,
 * no data sent. Tooltips and charts are styled through the object model, which needs no permission.
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
