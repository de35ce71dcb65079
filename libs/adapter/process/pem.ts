import { readFileSync } from 'node:fs';

/** Reads a PEM file; throws one line that names the flag. */
export function readPem(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${flag}: cannot read ${file}: ${code === 'ENOENT' ? 'no such file' : code}`, {
      cause: error,
    });
  }
}
