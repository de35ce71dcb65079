import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { loadCertificateMaker } from '@drydock/http';
import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  backup,
  backupsDefinition,
  eventually,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

type Loose = Record<string, unknown> & { metadata: { name?: string; resourceVersion?: string } };

/** The generated models spell extensions with underscores. */
function asClientNode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asClientNode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key.startsWith('x-kubernetes-')
        ? key.replaceAll('-', '_')
        : key === 'default' || key === 'enum'
          ? `_${key}`
          : key,
      asClientNode(one),
    ]),
  );
}

describe('custom resources with @kubernetes/client-node', () => {
  let cluster: ClusterProcess;
  let config: k8s.KubeConfig;
  let objects: k8s.CustomObjectsApi;
  let definitions: k8s.ApiextensionsV1Api;
  const at = { group: 'storage.example.com', version: 'v1', namespace: 'default', plural: 'backups' };

  const established = (name: string) =>
    eventually(async () => {
      const { status } = await definitions.readCustomResourceDefinition({ name });
      return status?.conditions?.some(
        ({ type, status: value }) => type === 'Established' && value === 'True',
      );
    });

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    config = new k8s.KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    objects = config.makeApiClient(k8s.CustomObjectsApi);
    definitions = config.makeApiClient(k8s.ApiextensionsV1Api);
    await definitions.createCustomResourceDefinition({
      body: asClientNode(parse(backupsDefinition)) as k8s.V1CustomResourceDefinition,
    });
    await established('backups.storage.example.com');
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('creates, reads, replaces, patches, lists, watches and deletes', async () => {
    const created = (await objects.createNamespacedCustomObject({
      ...at,
      body: parse(backup('one')) as object,
    })) as Loose;
    expect(created).toMatchObject({ kind: 'Backup', spec: { tier: 'hot' } });
    const replaced = (await objects.replaceNamespacedCustomObject({
      ...at,
      name: 'one',
      body: { ...created, spec: { volume: 'data', copies: 9 } },
    })) as Loose;
    expect(replaced).toMatchObject({ spec: { copies: 9 }, metadata: { generation: 2 } });
    await expect(
      objects.replaceNamespacedCustomObject({
        ...at,
        name: 'one',
        body: { ...created, spec: { volume: 'data' } },
      }),
    ).rejects.toMatchObject({ code: 409 });
    const patched = await objects.patchNamespacedCustomObject(
      { ...at, name: 'one', body: { spec: { copies: 1 } } },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
    );
    expect(patched).toMatchObject({ spec: { copies: 1 } });
    const list = (await objects.listNamespacedCustomObject(at)) as { kind: string; items: Loose[] };
    expect(list.kind).toBe('BackupList');
    expect(list.items).toMatchObject([{ kind: 'Backup', apiVersion: 'storage.example.com/v1' }]);
    const seen: string[] = [];
    const watch = new k8s.Watch(config);
    const request = await watch.watch(
      '/apis/storage.example.com/v1/namespaces/default/backups',
      {},
      (type: string, object: Loose) => void seen.push(`${type} ${object.metadata.name}`),
      () => undefined,
    );
    await eventually(() => seen.includes('ADDED one'));
    const status = await objects.deleteNamespacedCustomObject({ ...at, name: 'one' });
    expect(status).toMatchObject({ kind: 'Status', status: 'Success' });
    await eventually(() => seen.includes('DELETED one'));
    request.abort();
  });

  describe('with a conversion webhook', () => {
    let webhook: Server;
    let caBundle: string;
    let calls = 0;

    beforeAll(async () => {
      const maker = await loadCertificateMaker();
      const authority = await maker.createCertificateAuthority('webhook', Date.now());
      const { cert, key } = await maker.issueCertificate(
        authority,
        {
          commonName: 'converter',
          hosts: ['localhost', '127.0.0.1', 'converter.default.svc'],
          usage: 'server',
        },
        Date.now(),
      );
      caBundle = Buffer.from(authority.cert).toString('base64');
      webhook = createServer({ cert, key }, (request, response) => {
        let text = '';
        request.setEncoding('utf8').on('data', (part: string) => (text += part));
        request.on('end', () => {
          calls++;
          const { request: review } = JSON.parse(text) as {
            request: {
              uid: string;
              desiredAPIVersion: string;
              objects: (Loose & { spec: Record<string, unknown> })[];
            };
          };
          const convertedObjects = review.objects.map(({ spec: { size, amount }, ...object }) => ({
            ...object,
            apiVersion: review.desiredAPIVersion,
            spec: review.desiredAPIVersion.endsWith('/v2') ? { amount: size } : { size: amount },
          }));
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              kind: 'ConversionReview',
              apiVersion: 'apiextensions.k8s.io/v1',
              response: { uid: review.uid, result: { status: 'Success' }, convertedObjects },
            }),
          );
        });
      });
      await new Promise<void>((resolve) => webhook.listen(0, '0.0.0.0', resolve));
    });
    afterAll(() => new Promise((resolve) => webhook.close(resolve)));

    const define = (plural: string, kind: string, clientConfig: Record<string, unknown>) => {
      const version = (name: string, field: string, storage: boolean) => ({
        name,
        served: true,
        storage,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } },
          },
        },
      });
      return definitions.createCustomResourceDefinition({
        body: {
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          metadata: { name: `${plural}.convert.example.com` },
          spec: {
            group: 'convert.example.com',
            scope: 'Namespaced',
            names: { plural, kind },
            versions: [version('v1', 'size', true), version('v2', 'amount', false)],
            conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
          },
        } as k8s.V1CustomResourceDefinition,
      });
    };

    async function servesBothVersions(plural: string, kind: string, clientConfig: object): Promise<void> {
      await define(plural, kind, { caBundle, ...clientConfig });
      await established(`${plural}.convert.example.com`);
      const place = { group: 'convert.example.com', namespace: 'default', plural };
      await objects.createNamespacedCustomObject({
        ...place,
        version: 'v1',
        body: { apiVersion: 'convert.example.com/v1', kind, metadata: { name: 'a' }, spec: { size: 3 } },
      });
      const before = calls;
      const shown = await objects.getNamespacedCustomObject({ ...place, version: 'v2', name: 'a' });
      expect(shown).toMatchObject({ apiVersion: 'convert.example.com/v2', spec: { amount: 3 } });
      expect(calls).toBeGreaterThan(before);
      const list = (await objects.listNamespacedCustomObject({ ...place, version: 'v2' })) as {
        items: unknown[];
      };
      expect(list.items).toMatchObject([{ spec: { amount: 3 } }]);
    }

    it('calls it by its URL', async () => {
      const { port } = webhook.address() as AddressInfo;
      await servesBothVersions('boxes', 'Box', { url: `https://localhost:${port}/convert` });
    });

    it('refuses a certificate of another authority', async () => {
      const { port } = webhook.address() as AddressInfo;
      await define('tins', 'Tin', { url: `https://localhost:${port}/convert` });
      await established('tins.convert.example.com');
      const place = { group: 'convert.example.com', namespace: 'default', plural: 'tins' };
      await objects.createNamespacedCustomObject({
        ...place,
        version: 'v1',
        body: {
          apiVersion: 'convert.example.com/v1',
          kind: 'Tin',
          metadata: { name: 'a' },
          spec: { size: 3 },
        },
      });
      const error: unknown = await objects
        .getNamespacedCustomObject({ ...place, version: 'v2', name: 'a' })
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 500 });
      expect(String((error as { body: unknown }).body)).toContain(
        'x509: certificate signed by unknown authority',
      );
    });

    const ownAddress = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

    it.skipIf(ownAddress === undefined)(
      'calls it by its Service, whose slice leads out of the cluster',
      async () => {
        const { port } = webhook.address() as AddressInfo;
        await config.makeApiClient(k8s.CoreV1Api).createNamespacedService({
          namespace: 'default',
          body: { metadata: { name: 'converter' }, spec: { ports: [{ name: 'https', port: 443 }] } },
        });
        await config.makeApiClient(k8s.DiscoveryV1Api).createNamespacedEndpointSlice({
          namespace: 'default',
          body: {
            metadata: { name: 'converter-1', labels: { 'kubernetes.io/service-name': 'converter' } },
            addressType: 'IPv4',
            endpoints: [{ addresses: [ownAddress ?? ''] }],
            ports: [{ name: 'https', port, protocol: 'TCP' }],
          },
        });
        await servesBothVersions('crates', 'Crate', {
          service: { namespace: 'default', name: 'converter', path: '/convert', port: 443 },
        });
      },
    );
  });
});
