import { hashShared } from './manifest.ts';

/**
 * The page's Content Security Policy (level 3). It allows this script and this style only: no requests, no other code,
 * no data sent. Tooltips and charts are styled through the object model, which needs no permission.
 */
export function writePolicy({ script, style }: { script: string; style: string }): string {
  return [
    "default-src 'none'",
    `script-src ${writeHash(script)}`,
    `style-src ${writeHash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function writeHash(text: string): string {
  return `'sha256-${Buffer.from(hashShared(text), 'hex').toString('base64')}'`;
}
