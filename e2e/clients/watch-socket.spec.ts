import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  newDataDir,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

interface Told {
  readonly type: string;
  readonly object: { readonly kind?: string; readonly code?: number; readonly metadata: { name?: string } };
}

const namespaces = '/api/v1/namespaces?watch=true';

describe('watches over WebSockets', () => {
  let cluster: ClusterProcess;
  let tls: { ca: string; cert?: string; key?: string };

  beforeAll(async () => {
    const dataDir = newDataDir();
    const tokens = join(dataDir, 'tokens.csv');
    writeFileSync(tokens, 'jane+/token?,jane,u-1,"system:masters"\n');
    cluster = await startClusterProcess({
      dataDir,
      args: [
        ...['--store', 'memory', '--components', 'apiserver', '--token-auth-file', tokens],
        ...['--http-threads', '1'],
      ],
    });
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
    const user = config.getCurrentUser();
    tls = {
      ca: pem(config.getCurrentCluster()?.caData),
      cert: pem(user?.certData),
      key: pem(user?.keyData),
    };
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  function open(path: string, protocols: string[] = [], options: object = tls): WebSocket {
    return new WebSocket(`${cluster.server.replace('https', 'wss')}${path}`, protocols, options);
  }

  /** What was sent until the server ended the watch. */
  function whole(socket: WebSocket): Promise<{ data: Buffer; binary: boolean }[]> {
    const all: { data: Buffer; binary: boolean }[] = [];
    socket.on('message', (data: Buffer, binary) => all.push({ data, binary }));
    return new Promise((resolve, reject) => {
      socket.on('close', () => resolve(all));
      socket.on('error', reject);
    });
  }

  const refused = (socket: WebSocket) =>
    new Promise<number | undefined>((resolve) => {
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      socket.on('error', () => {});
    });

  it('one text message an event, until timeoutSeconds have passed', async () => {
    const all = await whole(open(`${namespaces}&timeoutSeconds=1`));
    expect(all.every(({ binary }) => !binary)).toBe(true);
    const told = all.map(({ data }) => JSON.parse(data.toString()) as Told);
    expect(told.every(({ type, object }) => type === 'ADDED' && object.kind === 'Namespace')).toBe(true);
    expect(told.map(({ object }) => object.metadata.name)).toContain('default');
  });

  it('goes on while the client listens, whatever it says, and ends with it', async () => {
    const socket = open(`${namespaces}&fieldSelector=metadata.name%3Ddefault&allowWatchBookmarks=true`);
    const told: Told[] = [];
    socket.on('message', (data: Buffer) => told.push(JSON.parse(data.toString()) as Told));
    await eventually(() => Promise.resolve(told.length === 1));
    socket.send('nobody reads this');
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.close();
    expect(await ended).toBe(1005);
  });

  it('as protobuf: one binary message an event', async () => {
    const accept = 'application/vnd.kubernetes.protobuf';
    const all = await whole(open(`${namespaces}&timeoutSeconds=1`, [], { ...tls, headers: { accept } }));
    expect(all.length).toBeGreaterThan(3);
    for (const { data, binary } of all) {
      expect(binary).toBe(true);
      // The first field of a WatchEvent: its type.
      expect(data.subarray(0, 7).toString('latin1')).toBe('\n\u0005ADDED');
      expect(data.includes('k8s\0')).toBe(true);
    }
  });

  it('tells of a revision that is gone inside, of everything else before', async () => {
    const [first] = await whole(open(`${namespaces}&resourceVersion=99999999`));
    const { type, object } = JSON.parse(first?.data.toString() ?? '') as Told;
    expect([type, object.code]).toEqual(['ERROR', 504]);
    expect(await refused(open(`${namespaces}&timeoutSeconds=x`))).toBe(400);
    expect(await refused(open('/api/v1/nothing?watch=true'))).toBe(404);
    expect(await refused(open('/api/v1/namespaces', []))).toBe(200);
  });

  it('takes a browser’s token among the subprotocols, and answers the other one', async () => {
    const { ca } = tls;
    const prefix = 'base64url.bearer.authorization.k8s.io.';
    const token = `${prefix}${Buffer.from('jane+/token?').toString('base64url')}`;
    const socket = open(`${namespaces}&timeoutSeconds=1`, [token, 'base64.binary.k8s.io'], { ca });
    expect((await whole(socket)).length).toBeGreaterThan(3);
    expect(socket.protocol).toBe('base64.binary.k8s.io');
    for (const wrong of [
      [],
      [token],
      [`${prefix}x!`, 'a'],
      [`${prefix}eHg`, 'a'],
      [token, `${prefix}eHg`, 'a'],
    ])
      expect(await refused(open(namespaces, wrong, { ca })), wrong.join()).toBe(401);
  });
});
