import type { Headers } from './answer.ts';

/** What all warnings of one answer may hold, and one of them where they hold more; in characters. */
const maxTotal = 4_096;
const maxEach = 256;

const encoder = new TextEncoder();
// Cc of Unicode: what no header may hold.
const control = /[\u0000-\u001f\u007f-\u009f]/;
const ascii = /^[\u0000-\u007f]*$/;

/** Header values are bytes, one a character: UTF-8 goes through as it is. */
function bytesAsText(text: string): string {
  return ascii.test(text) ? text : String.fromCharCode(...encoder.encode(text));
}

/** The value of one `Warning:` header; undefined for a text that cannot stand in one. */
export function warningHeader(text: string): string | undefined {
  if (text === '' || control.test(text) || !text.isWellFormed()) return undefined;
  return bytesAsText(`299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
}

/** The `Warning:` headers of an answer: each text once, and cut short where all together are too long. */
export function warningHeaders(warnings: readonly string[]): Headers {
  if (warnings.length === 0) return {};
  const texts = [...new Set(warnings)];
  const lengths = texts.map((text) => [...text].length);
  const cut = lengths.reduce((sum, length) => sum + length, 0) > maxTotal;
  let total = 0;
  const headers: string[] = [];
  for (const text of texts) {
    const shown = cut ? [...text].slice(0, maxEach).join('') : text;
    if (total >= maxTotal) break;
    const header = warningHeader(shown);
    if (header === undefined) continue;
    total += [...shown].length;
    headers.push(header);
  }
  return headers.length === 0 ? {} : { warning: headers };
}
