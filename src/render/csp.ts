import { hashShared } from './manifest.ts';

/**
 * The page's Content Security Policy (level 3). It allows this script and this style only: no requests, no other code,
 * no data sent. Tooltips and charts are styled through the object model, which needs no permission.
 */
export function writePolicy({ script, style }: { script: Uint8Array; style: Uint8Array }): string {
  return [
    "default-src 'none'",
    `script-src ${writeHash(script)}`,
    `style-src ${writeHash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function writeHash(part: Uint8Array): string {
  return `'sha256-${Buffer.from(hashShared(part), 'hex').toString('base64')}'`;
}
