import { request } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as k8s from '@kubernetes/client-node';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKind } from '@drydock/api/scheme';
import {
  eventually,
  removeDataDir,
  repository,
  sampleNamespace as namespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

const type = 'application/vnd.kubernetes.protobuf';
const magic = Buffer.from('k8s\0');

/** The schema, read by an implementation that knows nothing of the server's. */
function loadSchema(): protobuf.Root {
  const folder = join(repository, 'libs/api/proto');
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/')
      ? createRequire(import.meta.url).resolve(`protobufjs/${target}`)
      : join(folder, target.replace(`${folder}/`, ''));
  const files = [
    ...new Set(samples.map(({ object }) => fileOf(String(object['apiVersion']), String(object['kind'])))),
  ];
  root.loadSync([...files, 'k8s/io/apimachinery/pkg/runtime/api.proto']).resolveAll();
  return root;
}

function messageOf(apiVersion: string, kind: string): string {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return findKind(group, version, kind)?.schema ?? '';
}

function fileOf(apiVersion: string, kind: string): string {
  return `${messageOf(apiVersion, kind).split('.').slice(0, -1).join('/')}/api.proto`;
}

describe('protobuf, spoken by protobufjs', () => {
  const schema = loadSchema();
  const envelope = schema.lookupType('k8s.io.apimachinery.pkg.runtime.Unknown');
  let cluster: ClusterProcess;
  let tls: { ca: string; cert: string; key: string };

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--components', 'apiserver'] });
    const config = new k8s.KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString('utf8');
    const user = config.getCurrentUser();
    tls = {
      ca: decode(config.getCurrentCluster()?.caData),
      cert: decode(user?.certData),
      key: decode(user?.keyData),
    };
    await json('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await json('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default' },
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  function call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const sent = request(`${cluster.server}${path}`, { method, headers, ...tls }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const whole = Buffer.concat(parts);
          if ((answer.statusCode ?? 500) < 300) resolve(whole);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${whole.toString('utf8')}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
  async function json(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return JSON.parse((await call(method, path, headers, sent)).toString('utf8')) as Record<string, unknown>;
  }

  interface Meta {
    name: string;
    uid?: string;
    labels?: Record<string, string>;
  }
  type Decoded = protobuf.Message & { metadata: Meta };

  function open(bytes: Buffer, message: protobuf.Type): Decoded {
    expect(bytes.subarray(0, 4)).toEqual(magic);
    const { raw } = envelope.decode(bytes.subarray(4)) as protobuf.Message & { raw: Uint8Array };
    return message.decode(raw) as Decoded;
  }
  function seal(value: protobuf.Message, message: protobuf.Type, apiVersion: string, kind: string): Buffer {
    const raw = message.encode(value).finish();
    const whole = envelope.encode({ typeMeta: { apiVersion, kind }, raw }).finish();
    return Buffer.concat([magic, whole]);
  }

  /** Without what is empty: of that, one form says it and the other leaves it out. */
  function full(value: unknown): unknown {
    if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(full);
    if (typeof value !== 'object' || value === null) return value === '' || value === 0 ? undefined : value;
    const entries = Object.entries(value).flatMap(([key, one]) => {
      const kept = full(one);
      return kept === undefined || kept === null ? [] : [[key, kept] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  /** What whoever wrote the object said. */
  function said({ metadata, status: _status, ...rest }: Record<string, unknown>): unknown {
    const { labels, annotations, name: called, finalizers } = metadata as Record<string, unknown>;
    return full({ ...rest, metadata: { labels, annotations, name: called, finalizers } });
  }

  it.each(samples)('carries $resource there and back', async ({ object, name, namespaced, resource }) => {
    const [apiVersion, kind] = [String(object['apiVersion']), String(object['kind'])];
    const message = schema.lookupType(messageOf(apiVersion, kind));
    const [plural = ''] = resource.split('.');
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const collection = `${root}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}`;
    const item = `${collection}/${name}`;

    const created = await json('POST', collection, object);
    const read = open(await call('GET', item, { accept: type }), message);
    const { metadata } = created as unknown as { metadata: Meta };
    expect([read.metadata.name, read.metadata.uid]).toEqual([name, metadata.uid]);
    const list = await call('GET', collection, { accept: type });
    expect(list.subarray(0, 4)).toEqual(magic);

    // The bytes that the other implementation writes are the same object, but for what it changed.
    await eventually(async () => {
      const present = open(await call('GET', item, { accept: type }), message);
      present.metadata.labels = { ...present.metadata.labels, spoken: 'protobuf' };
      const sent = seal(present, message, apiVersion, kind);
      const answer = open(await call('PUT', item, { accept: type, 'content-type': type }, sent), message);
      return answer.metadata.labels?.['spoken'] === 'protobuf';
    });
    const labels = { ...metadata.labels, spoken: 'protobuf' };
    expect(said(await json('GET', item))).toEqual(said({ ...created, metadata: { ...metadata, labels } }));
  });
});
