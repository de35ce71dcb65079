// Makes libs/api/gen from libs/api/proto. `--check` only compares, and exits 1 when something is out of date.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSchema } from './schema.ts';
import { descriptionsTable, kindsTable, schemaTable } from './tables.ts';
import { modulePath, typesModule } from './types.ts';

const api = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'libs/api');
const check = process.argv.includes('--check');

const messages = readSchema(api);
const files = new Map<string, string>([
  ['schema.json', schemaTable(messages)],
  ['kinds.json', kindsTable(messages)],
  ['descriptions.json', descriptionsTable(messages)],
]);
for (const name of new Set(messages.map((message) => message.package))) {
  files.set(`${modulePath(name)}.ts`, typesModule(name, messages));
}

let stale = 0;
if (!check) rmSync(join(api, 'gen'), { recursive: true, force: true });
for (const [file, text] of files) {
  const path = join(api, 'gen', file);
  if (check) {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    stale++;
    process.stderr.write(`out of date: libs/api/gen/${file}\n`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
if (stale > 0) process.exitCode = 1;
