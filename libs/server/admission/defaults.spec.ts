import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest({ core: { disableAdmission: ['ServiceAccount'] } });
});
afterEach(() => server.stop());

const post = (path: string, body: object) => server.call('POST', path, { body });

describe('RuntimeClass', () => {
  const pod = (more: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }], runtimeClassName: 'kata', ...more },
  });
  const create = (more: object = {}) => post('/api/v1/namespaces/default/pods', pod(more));

  it('gives Pods its overhead and its nodes, and refuses what does not fit it', async () => {
    expect((await create()).json.message).toBe(
      'pods "p" is forbidden: pod rejected: RuntimeClass "kata" not found',
    );
    await post('/apis/node.k8s.io/v1/runtimeclasses', {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'kata' },
      handler: 'kata',
      overhead: { podFixed: { memory: '64Mi' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    });
    expect((await create({ overhead: { memory: '1Mi' } })).json.message).toContain("Overhead doesn't match");
    expect((await create({ nodeSelector: { vm: 'no' } })).json.message).toContain(
      'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    );
    expect((await create()).json).toMatchObject({
      spec: {
        overhead: { memory: '64Mi' },
        nodeSelector: { vm: 'yes' },
        tolerations: expect.arrayContaining([{ key: 'vm', operator: 'Exists' }]),
      },
    });
  });
});

describe('DefaultIngressClass', () => {
  it('is given to Ingresses that name none', async () => {
    const group = 'networking.k8s.io';
    await post(`/apis/${group}/v1/ingressclasses`, {
      apiVersion: `${group}/v1`,
      kind: 'IngressClass',
      metadata: { name: 'usual', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'example.org/c' },
    });
    const { json } = await post(`/apis/${group}/v1/namespaces/default/ingresses`, {
      apiVersion: `${group}/v1`,
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    });
    expect(json).toMatchObject({ spec: { ingressClassName: 'usual' } });
  });
});

describe('PersistentVolumeClaimResize', () => {
  it('asks the class', async () => {
    const storageClass = (name: string, allowVolumeExpansion: boolean) =>
      post('/apis/storage.k8s.io/v1/storageclasses', {
        ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, provisioner: 'p' },
        allowVolumeExpansion,
      });
    await storageClass('fixed', false);
    const path = '/api/v1/namespaces/default/persistentvolumeclaims';
    await post(path, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'v' },
      spec: {
        storageClassName: 'fixed',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    });
    // It stays until nothing uses it.
    expect((await server.call('GET', `${path}/v`)).json.metadata.finalizers).toEqual([
      'kubernetes.io/pvc-protection',
    ]);
    await server.call('PATCH', `${path}/v/status`, {
      type: 'application/merge-patch+json',
      body: { status: { phase: 'Bound' } },
    });
    const { status, json } = await server.call('PATCH', `${path}/v`, {
      type: 'application/merge-patch+json',
      body: { spec: { resources: { requests: { storage: '2Gi' } } } },
    });
    expect(status).toBe(403);
    expect(json.message).toContain('only dynamically provisioned pvc can be resized');
  });
});
