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
  const others = ['authentication', 'authorization', 'autoscaling', 'policy'].map(
    (group) => `k8s/io/api/${group}/v1/api.proto`,
  );
  root.loadSync([...files, ...others, 'k8s/io/apimachinery/pkg/runtime/api.proto']).resolveAll();
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
      const length = body === undefined ? {} : { 'content-length': body.length };
      const all = { ...headers, ...length };
      const sent = request(`${cluster.server}${path}`, { method, headers: all, ...tls }, (answer) => {
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

  it('carries what is asked and told, and is not stored: reviews, tokens, scales, bindings, evictions, options', async () => {
    const inNamespace = `/api/v1/namespaces/${namespace}`;
    const send = async (
      method: string,
      path: string,
      [name, apiVersion]: readonly [string, string],
      value: object,
      answered: string = name,
    ): Promise<Record<string, unknown>> => {
      const type_ = schema.lookupType(name);
      const kind = name.slice(name.lastIndexOf('.') + 1);
      const body = seal(type_.fromObject(value), type_, apiVersion, kind);
      const bytes = await call(method, path, { accept: type, 'content-type': type }, body);
      const message = schema.lookupType(answered);
      return message.toObject(open(bytes, message)) as Record<string, unknown>;
    };
    const access = 'k8s.io.api.authorization.v1.SelfSubjectAccessReview';
    expect(
      await send(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        [access, 'authorization.k8s.io/v1'],
        { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
      ),
    ).toMatchObject({ spec: { resourceAttributes: { resource: 'pods' } }, status: { allowed: true } });
    const self = 'k8s.io.api.authentication.v1.SelfSubjectReview';
    expect(
      await send(
        'POST',
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        [self, 'authentication.k8s.io/v1'],
        {},
      ),
    ).toMatchObject({ status: { userInfo: { username: 'kubernetes-admin' } } });
    const wish = 'k8s.io.api.authentication.v1.TokenRequest';
    const token = await send(
      'POST',
      `${inNamespace}/serviceaccounts/default/token`,
      [wish, 'authentication.k8s.io/v1'],
      { spec: { expirationSeconds: 3600 } },
    );
    expect((token['status'] as { token: string }).token).toMatch(/^ey/);

    const deployment = samples.find(({ resource }) => resource === 'deployments.apps');
    const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await json('POST', deployments, { ...deployment?.object, metadata: { name: 'scaled' } });
    const scale = await send(
      'PUT',
      `${deployments}/scaled/scale`,
      ['k8s.io.api.autoscaling.v1.Scale', 'autoscaling/v1'],
      { metadata: { name: 'scaled', namespace }, spec: { replicas: 4 } },
    );
    expect(scale).toMatchObject({ spec: { replicas: 4 } });
    expect(await json('GET', `${deployments}/scaled`)).toMatchObject({ spec: { replicas: 4 } });

    const pod = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    });
    const status = 'k8s.io.apimachinery.pkg.apis.meta.v1.Status';
    for (const name of ['bound', 'evicted', 'deleted']) await json('POST', `${inNamespace}/pods`, pod(name));
    const bound = await send(
      'POST',
      `${inNamespace}/pods/bound/binding`,
      ['k8s.io.api.core.v1.Binding', 'v1'],
      { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'somewhere' } },
      status,
    );
    expect(bound).toMatchObject({ status: 'Success' });
    expect(await json('GET', `${inNamespace}/pods/bound`)).toMatchObject({ spec: { nodeName: 'somewhere' } });
    const evicted = await send(
      'POST',
      `${inNamespace}/pods/evicted/eviction`,
      ['k8s.io.api.policy.v1.Eviction', 'policy/v1'],
      { metadata: { name: 'evicted', namespace } },
      status,
    );
    expect(evicted).toMatchObject({ status: 'Success' });
    await send(
      'DELETE',
      `${inNamespace}/pods/deleted`,
      ['k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions', 'v1'],
      { gracePeriodSeconds: 0 },
      'k8s.io.api.core.v1.Pod',
    );
    await expect(json('GET', `${inNamespace}/pods/deleted`)).rejects.toThrow('404');
  });
});
