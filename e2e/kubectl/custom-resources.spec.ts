import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  backup,
  backupsDefinition,
  bigDefinition,
  createKubectl,
  eventually,
  kubectlsToTest,
  removeDataDir,
  repository,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const crd = 'crd/backups.storage.example.com';

describe.each(kubectlsToTest())('custom resources with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    folder = mkdtempSync(join(tmpdir(), 'drydock-crd-'));
    await kubectl(['apply', '-f', '-'], { stdin: backupsDefinition });
    await kubectl(`wait --for=condition=Established ${crd} --timeout=5s`);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
    rmSync(folder, { recursive: true, force: true });
  });

  const apply = (text: string, ...more: string[]) =>
    kubectl.try(['apply', '-f', '-', ...more], { stdin: text });
  const json = async (command: string) =>
    JSON.parse(await kubectl(`${command} -o json`)) as {
      metadata: { generation?: number };
      spec: Record<string, unknown>;
      status?: Record<string, unknown>;
    };

  it('tells its conditions and accepted names', async () => {
    const conditions = await kubectl([
      'get',
      crd,
      '-o',
      'jsonpath={range .status.conditions[*]}{.type}={.status}:{.reason}{"\\n"}{end}',
    ]);
    expect(conditions.trim().split('\n')).toEqual([
      'NamesAccepted=True:NoConflicts',
      'Established=True:InitialNamesAccepted',
    ]);
    expect(
      await kubectl(['get', crd, '-o', 'jsonpath={.status.acceptedNames.listKind} {.status.storedVersions}']),
    ).toBe('BackupList ["v1"]');
  });

  it('applies an instance: defaults filled in, generation one', async () => {
    expect((await apply(backup('nightly'))).stdout).toBe('backup.storage.example.com/nightly created\n');
    const made = await json('get backup nightly');
    expect(made.spec).toEqual({ volume: 'data', schedule: '@daily', copies: 3, tier: 'hot' });
    expect(made.metadata.generation).toBe(1);
    expect((await apply(backup('nightly'))).stdout).toBe('backup.storage.example.com/nightly unchanged\n');
  });

  it('shows columns by name, short name, category and wide', async () => {
    const lines = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
    const [head, row] = lines(await kubectl('get bk'));
    expect(head).toEqual(['NAME', 'VOLUME', 'COPIES', 'AGE']);
    expect(row?.slice(0, 3)).toEqual(['nightly', 'data', '3']);
    const [wide] = lines(await kubectl('get backups.v1.storage.example.com -o wide'));
    expect(wide).toEqual(['NAME', 'VOLUME', 'COPIES', 'SCHEDULE', 'AGE']);
    expect(await kubectl('get all')).toContain('backup.storage.example.com/nightly');
    expect(await kubectl('api-resources --api-group=storage.example.com --no-headers')).toMatch(
      /^backups\s+bk\s+storage\.example\.com\/v1\s+true\s+Backup\s*$/,
    );
  });

  it('explains its fields, recursively too', async () => {
    const field = await kubectl('explain backup.spec.schedule');
    expect(field).toContain('When copies are made.');
    const whole = await kubectl('explain backups --recursive');
    for (const name of ['volume', 'schedule', 'windows', 'day', 'phase', 'ownerReferences'])
      expect(whole).toContain(name);
    expect(await kubectl('explain backups')).toContain('A copy of a volume that is made again and again.');
  });

  it('refuses what its schema and rules do not allow', async () => {
    const wrong = await apply(
      backup('wrong', {
        volume: 'data',
        copies: 'many',
        tier: 'warm',
        schedule: 'often',
        windows: [{ hour: 1 }],
      }),
      '--validate=false',
    );
    expect(wrong.stderr).toContain('The Backup "wrong" is invalid:');
    for (const line of [
      '* spec.copies: Invalid value: "string": spec.copies in body must be of type integer: "string"',
      '* spec.tier: Unsupported value: "warm": supported values: "hot", "cold"',
      '* spec.schedule: Invalid value: "often": spec.schedule in body should match \'^(@(hourly|daily|weekly)|(\\S+ ){4}\\S+)$\'',
      '* spec.windows[0].day: Required value',
    ])
      expect(wrong.stderr).toContain(line);
    const rule = await apply(backup('wrong', { volume: 'data', tier: 'cold', copies: 20 }));
    expect(rule.stderr).toContain('spec: Invalid value: cold copies are at most ten');
    const moved = await apply(backup('nightly', { volume: 'other' }));
    expect(moved.stderr).toContain('spec.volume: Invalid value: the volume cannot be changed');
  });

  it('tells unknown fields: strictly, as a warning, not at all', async () => {
    const odd = backup('odd', { volume: 'data', colour: 'red' });
    const strict = await kubectl.try(['create', '-f', '-', '--validate=strict'], { stdin: odd });
    expect(strict.stderr).toContain('unknown field "spec.colour"');
    const warned = await kubectl.try(['create', '-f', '-', '--validate=warn'], { stdin: odd });
    expect(warned.stderr).toContain('Warning: unknown field "spec.colour"');
    expect((await json('get backup odd')).spec).not.toHaveProperty('colour');
    const silent = await kubectl.try(['create', '-f', '-', '--validate=ignore'], {
      stdin: odd.replace('odd', 'even'),
    });
    expect(silent).toMatchObject({ code: 0, stderr: '' });
  });

  it('edits and patches', async () => {
    const editor = join(folder, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/schedule: .*/schedule: \'@hourly\'/" "$1"\n', {
      mode: 0o755,
    });
    await kubectl('edit backup nightly', { env: { KUBE_EDITOR: editor, EDITOR: editor } });
    expect((await json('get backup nightly')).spec).toMatchObject({ schedule: '@hourly' });
    await kubectl(['patch', 'backup', 'nightly', '--type=merge', '-p', '{"spec":{"copies":5}}']);
    await kubectl([
      'patch',
      'backup',
      'nightly',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/spec/port","value":"http"}]',
    ]);
    expect((await json('get backup nightly')).spec).toMatchObject({ copies: 5, port: 'http' });
    const strategic = await kubectl.try(['patch', 'backup', 'nightly', '-p', '{"spec":{"copies":6}}']);
    expect(strategic.code).toBe(1);
    expect(strategic.stderr).toContain('application/strategic-merge-patch+json is not supported');
  });

  it('keeps the status apart and scales', async () => {
    await kubectl([
      'patch',
      'backup',
      'nightly',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"copies":2,"phase":"Running"},"spec":{"copies":50}}',
    ]);
    const before = await json('get backup nightly');
    expect(before).toMatchObject({ spec: { copies: 5 }, status: { copies: 2, phase: 'Running' } });
    expect(await kubectl('scale backup nightly --replicas=7')).toBe(
      'backup.storage.example.com/nightly scaled\n',
    );
    const after = await json('get backup nightly');
    expect(after).toMatchObject({ spec: { copies: 7 }, status: { copies: 2 } });
    expect(after.metadata.generation).toBe((before.metadata.generation ?? 0) + 1);
  });

  it('selects by label and by declared field', async () => {
    await apply(backup('frozen', { volume: 'data', tier: 'cold' }, { labels: { team: 'a' } }));
    expect(await kubectl('get backups --field-selector spec.tier=cold -o name')).toBe(
      'backup.storage.example.com/frozen\n',
    );
    expect(await kubectl('get backups -l team=a -o name')).toBe('backup.storage.example.com/frozen\n');
    const unknown = await kubectl.try('get backups --field-selector spec.volume=data');
    expect(unknown.stderr).toContain('field label not supported: spec.volume');
  });

  it('is applied on the server, with owners of fields', async () => {
    const text = backup('shared', { volume: 'data', windows: [{ day: 'monday', hour: 1 }] });
    await kubectl(['apply', '--server-side', '--field-manager=one', '-f', '-'], { stdin: text });
    const conflict = await kubectl.try(['apply', '--server-side', '--field-manager=two', '-f', '-'], {
      stdin: backup('shared', { volume: 'data', windows: [{ day: 'monday', hour: 2 }] }),
    });
    expect(conflict.stderr).toContain('conflict with "one"');
    await kubectl(['apply', '--server-side', '--field-manager=two', '-f', '-'], {
      stdin: backup('shared', { volume: 'data', windows: [{ day: 'tuesday', hour: 2 }] }),
    });
    expect((await json('get backup shared')).spec['windows']).toHaveLength(2);
  });

  it('goes with its owner, and with its namespace', async () => {
    const owner = JSON.parse(await kubectl('get backup frozen -o json')) as { metadata: { uid: string } };
    const ownerReferences = [
      { apiVersion: 'storage.example.com/v1', kind: 'Backup', name: 'frozen', uid: owner.metadata.uid },
    ];
    await apply(backup('child', { volume: 'data' }, { ownerReferences }));
    await kubectl('delete backup frozen');
    await eventually(async () => (await kubectl('get backup child --ignore-not-found')) === '');
    await kubectl('create namespace elsewhere');
    await kubectl(['apply', '-n', 'elsewhere', '-f', '-'], { stdin: backup('gone') });
    await kubectl('delete namespace elsewhere --timeout=20s');
    expect(await kubectl('get backups -A -o name')).not.toContain('gone');
  });

  it('applies and explains definitions of hundreds of KB', async () => {
    const text = bigDefinition('machines', 'Machine');
    expect(text.length).toBeGreaterThan(200_000);
    await kubectl(['apply', '--server-side', '-f', '-'], { stdin: text });
    await kubectl('wait --for=condition=Established crd/machines.operators.example.com --timeout=5s');
    expect(await kubectl('explain machine.spec.part0.part1.limit')).toContain(
      'Without it there is no limit.',
    );
    const instance = JSON.stringify({
      apiVersion: 'operators.example.com/v1',
      kind: 'Machine',
      metadata: { name: 'm' },
      spec: { name: 'a', part0: { limit: '2Gi', part1: [{ labels: { a: 'b' } }] } },
    });
    await kubectl(['apply', '-f', '-'], { stdin: instance });
    expect((await json('get machine m')).spec).toMatchObject({ part0: { limit: '2Gi' } });
  });

  it('deletes the definition, its instances first', async () => {
    await kubectl(`delete ${crd} --timeout=20s`);
    const gone = await kubectl.try('get backups');
    expect(gone.code).toBe(1);
    await kubectl(['apply', '-f', '-'], { stdin: backupsDefinition });
    await kubectl(`wait --for=condition=Established ${crd} --timeout=5s`);
    expect((await kubectl.try('get backups')).stderr).toContain('No resources found');
  });
});

/** A folder of operators' own definitions, one folder each; they are not part of this repository. */
const operators = process.env['DRYDOCK_OPERATOR_CRDS'];
if (operators === undefined) {
  process.stderr.write('skipped: DRYDOCK_OPERATOR_CRDS names no folder of definitions\n');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly names: { readonly kind: string; readonly plural: string };
    readonly group: string;
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

function manifestsBelow(folder: string): Manifest[] {
  return filesBelow(folder).flatMap((path) =>
    parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Manifest),
  );
}

describe.skipIf(operators === undefined)('definitions of real operators', () => {
  let cluster: ClusterProcess;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('apply, are established, are explained; instances of theirs are applied, read and explained', async () => {
    const kubectl = createKubectl(kubectlsToTest().at(-1)!, cluster.kubeconfig);
    const given = manifestsBelow(operators ?? '.').filter((one) => one !== null);
    const definitions = given.filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(definitions.length).toBeGreaterThan(0);
    for (const one of definitions)
      await kubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(one) });
    const names = definitions.map(({ metadata }) => `crd/${metadata.name}`);
    await kubectl(['wait', '--for=condition=Established', '--timeout=20s', ...names]);
    for (const { spec } of definitions) {
      const { plural } = spec.names;
      expect(await kubectl(['explain', `${plural}.${spec.group}`, '--recursive'])).toContain('metadata');
    }

    const samples = [
      ...manifestsBelow(join(repository, 'e2e/operators')),
      ...given.filter(({ kind }) => kind !== 'CustomResourceDefinition'),
    ];
    let applied = 0;
    for (const one of samples) {
      const definition = definitions.find(({ spec }) =>
        spec.versions.some(
          ({ name, served }) =>
            served && `${spec.group}/${name}` === one.apiVersion && spec.names.kind === one.kind,
        ),
      );
      if (definition === undefined) continue;
      const { plural } = definition.spec.names;
      const resource = `${plural}.${definition.spec.group}`;
      const stdin = JSON.stringify(one);
      expect(await kubectl('apply -f -', { stdin })).toMatch(/ created$/m);
      expect(await kubectl('apply -f -', { stdin })).toMatch(/ unchanged$/m);
      expect(await kubectl('apply --server-side -f -', { stdin })).toMatch(/ serverside-applied$/m);
      const [head = '', row = ''] = (await kubectl(['get', resource])).split('\n');
      expect([head.split(/\s+/)[0], row.split(/\s+/)[0]]).toEqual(['NAME', one.metadata.name]);
      const read = JSON.parse(await kubectl(['get', resource, one.metadata.name, '-o', 'json'])) as Manifest;
      expect(read.spec).toMatchObject(one.spec);
      for (const field of Object.keys(one.spec))
        expect(await kubectl(['explain', `${resource}.spec.${field}`])).toContain('DESCRIPTION:');
      expect(await kubectl(['describe', resource, one.metadata.name])).toContain(one.metadata.name);
      applied++;
    }
    expect(applied).toBeGreaterThan(0);
    await kubectl(['delete', ...names]);
  });
});
