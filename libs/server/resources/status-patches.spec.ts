import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { Patch } from '@drydock/port/transport';
import type { TestServer } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';
import { podTemplate } from './common/definition.spec-support.ts';
import { allDefinitions } from './index.ts';

const context = { user: { name: 'alice', groups: ['staff'] } };
const selector = { matchLabels: { app: 'x' } };
const template = { ...podTemplate, metadata: { labels: { app: 'x' } } };
const jobTemplate = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
const storage = { resources: { requests: { storage: '1Gi' } }, accessModes: ['ReadWriteOnce'] };

/** Kinds whose defaults reach deep, each with what it cannot do without. */
const specs: Record<string, object> = {
  Pod: template.spec,
  ReplicationController: { selector: { app: 'x' }, template },
  ReplicaSet: { selector, template },
  Deployment: { selector, template },
  DaemonSet: { selector, template },
  StatefulSet: { selector, template, serviceName: 's', volumeClaimTemplates: [] },
  Job: { template: jobTemplate },
  CronJob: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } },
  Service: { ports: [{ port: 80 }], type: 'NodePort' },
  PersistentVolumeClaim: storage,
  PersistentVolume: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: '/x' },
  },
  HorizontalPodAutoscaler: { maxReplicas: 2, scaleTargetRef },
  PodDisruptionBudget: { selector, minAvailable: 1 },
  Ingress: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  Node: {},
  Namespace: {},
  ResourceQuota: { hard: { pods: '2' } },
};

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

async function make(kind: string) {
  const { transport } = (server ??= await startRegistry({ definitions: allDefinitions }));
  const found = allDefinitions.find((one) => one.kind === kind && one.status === true);
  if (found === undefined) throw new Error(`no ${kind} with a status`);
  const { group, version, resource, namespaced } = found;
  const where = { group, version, resource, ...(namespaced ? { namespace: 'default' } : {}) };
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const object = { apiVersion, kind, metadata: { name: 'x', labels: { app: 'x' } }, spec: specs[kind] };
  return { where, created: (await transport.create(where, object)) as KubeObject & { spec?: object } };
}

describe('a patch of the status', () => {
  const condition = {
    type: 'Odd',
    status: 'True',
    reason: 'R',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };

  it.each(Object.keys(specs))('leaves the object that others read alone: %s', async (kind) => {
    await startNamespace();
    const { where, created } = await make(kind);
    // Whoever writes into what the draft shares with the present object fails.
    freeze(created.spec);
    freeze(created.metadata.managedFields);
    const body = kind === 'ResourceQuota' ? { used: { pods: '1' } } : { conditions: [condition] };
    const patches: Patch[] = [
      { type: 'merge', body: { metadata: { labels: { a: 'b' } }, status: body } },
      { type: 'strategic', body: { status: body } },
    ];
    for (const patch of patches) {
      const patched = (await server!.transport.patch(
        { ...where, name: 'x', subresource: 'status' },
        patch,
      )) as typeof created;
      expect(Object.keys(patched)).toEqual(Object.keys(patched).toSorted(byPlace));
      expect(patched.spec).toEqual(created.spec);
      expect(patched.metadata.generation).toBe(created.metadata.generation);
    }
  });

  it('is told with the whole object where it does not fit', async () => {
    await startNamespace();
    const { where } = await make('Pod');
    const wrong = server!.registry.patch(
      { ...where, name: 'x', subresource: 'status' },
      { type: 'merge', body: { status: { phase: 1 } } },
      {},
      context,
    );
    await expect(wrong).rejects.toThrow(/"spec\\":.*"phase\\":1/s);
  });
});

const places = ['kind', 'apiVersion', 'metadata', 'spec', 'status'];
const byPlace = (a: string, b: string): number => places.indexOf(a) - places.indexOf(b);

async function startNamespace(): Promise<void> {
  server = await startRegistry({ definitions: allDefinitions });
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
  await server.registry.create({ group: '', version: 'v1', resource: 'namespaces' }, body, {}, context);
}
