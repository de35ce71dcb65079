// Writes the table of resources in docs/compatibility.md from what the server declares, between its two markers.
// `--check`: writes nothing and exits 1 when the committed table is another, or when a test that the page names is not there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, type FormatConfig } from 'oxfmt';
import { apiResourceList } from '@drydock/server/discovery';
import { allDefinitions } from '@drydock/server/resources';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'docs/compatibility.md');
const [begin, end] = [
  '<!-- resources: begin (written by tools/compatibility.ts) -->',
  '<!-- resources: end -->',
];

const storeVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function verbsText(verbs: readonly string[]): string {
  return storeVerbs.every((verb) => verbs.includes(verb)) ? 'all' : verbs.join(' ');
}

function resourceTable(): string {
  const groupVersions = [
    ...new Set(allDefinitions.map(({ group, version }) => `${group}/${version}`)),
  ].sort();
  const rows: string[] = [];
  for (const groupVersion of groupVersions) {
    const [group = '', version = ''] = groupVersion.split('/');
    const resources = apiResourceList(allDefinitions, group, version)?.resources ?? [];
    for (const { name, kind, verbs } of resources) {
      const below = name.includes('/');
      rows.push(
        `| ${group === '' ? version : groupVersion} | ${below ? `↳ ${name}` : `\`${name}\``} | ${kind} | ${verbsText(verbs)} |`,
      );
    }
  }
  return ['| API | resource | kind | verbs |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const page = readFileSync(file, 'utf8');
const from = page.indexOf(begin);
const to = page.indexOf(end);
if (from < 0 || to < from) throw new Error('docs/compatibility.md has lost its markers');
const settings = JSON.parse(readFileSync(join(root, '.oxfmtrc.json'), 'utf8')) as FormatConfig;
const { code: written, errors } = await format(
  file,
  `${page.slice(0, from + begin.length)}\n\n${resourceTable()}\n\n${page.slice(to)}`,
  settings,
);
for (const { message } of errors) throw new Error(`docs/compatibility.md: ${message}`);
if (process.argv.includes('--check')) {
  const missing = [
    ...new Set(
      [...page.matchAll(/`((?:e2e|libs|apps|tools)\/[\w./-]+\.spec\.ts)`/g)].map(([, path = '']) => path),
    ),
  ].filter((path) => !existsSync(join(root, path)));
  for (const path of missing)
    process.stderr.write(`docs/compatibility.md names ${path}, which is not there\n`);
  if (written !== page)
    process.stderr.write('docs/compatibility.md is out of date: node tools/compatibility.ts\n');
  process.exitCode = missing.length > 0 || written !== page ? 1 : 0;
} else {
  writeFileSync(file, written);
}
