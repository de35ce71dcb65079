import type { Container } from '@drydock/api/core/v1';
import { claimFinalizer } from '@drydock/api/resource-claims';
import { describe, expect, it } from 'vitest';
import { cluster, driver } from './devices.spec-support.ts';

const gpu = 'example.com/gpu';

/** Two nodes, the second with devices, which `example.com/gpu` stands for. */
async function withGpus(...devices: string[]) {
  const made = await cluster();
  await made.addNode('n1');
  await made.addNode('n2');
  await made.addClass('gpu', gpu);
  await made.addSlice('n2', ...devices);
  const asking = (amount: string, resource = gpu): Container => ({
    name: 'c',
    image: 'i',
    resources: { requests: { [resource]: amount }, limits: { [resource]: amount } },
  });
  return {
    ...made,
    asking,
    ask: (name: string, amount: string, resource?: string) =>
      made.add({ name, containers: [asking(amount, resource)] }),
    all: async () => (await made.claims.list()).items,
  };
}

describe('a Pod that asks for devices as for extended resources', () => {
  it('gets a claim of its own, which its status names', async () => {
    const made = await withGpus('d1', 'd2');
    await made.ask('a', '2');
    expect(await made.where('a')).toBe('n2');
    const pod = await made.pods.get('a');
    const [claim] = await made.all();
    expect(claim?.metadata.name).toMatch(/^a-extended-resources-/);
    expect(claim?.metadata).toMatchObject({
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      finalizers: [claimFinalizer],
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: pod.metadata.uid, controller: true },
      ],
    });
    expect(claim?.spec?.devices?.requests).toEqual([
      {
        name: 'container-0-request-0',
        exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
      },
    ]);
    expect(claim?.status?.allocation?.devices?.results).toEqual(
      ['d1', 'd2'].map((device) => ({ request: 'container-0-request-0', driver, pool: 'n2', device })),
    );
    expect(claim?.status?.reservedFor).toEqual([{ resource: 'pods', name: 'a', uid: pod.metadata.uid }]);
    expect(pod.status?.extendedResourceClaimStatus).toEqual({
      resourceClaimName: claim?.metadata.name,
      requestMappings: [{ containerName: 'c', resourceName: gpu, requestName: 'container-0-request-0' }],
    });
  });

  it('may name the class itself', async () => {
    const made = await withGpus('d1');
    await made.ask('a', '1', 'deviceclass.resource.kubernetes.io/gpu');
    expect(await made.where('a')).toBe('n2');
    expect(await made.all()).toHaveLength(1);
  });

  it('needs no claim where the node has the resource itself', async () => {
    const made = await withGpus('d1');
    await made.addNode('n3', { allocatable: { cpu: '4', memory: '8Gi', pods: '110', [gpu]: '4' } });
    await made.ask('a', '3');
    expect(await made.where('a')).toBe('n3');
    expect(await made.all()).toEqual([]);
    expect((await made.pods.get('a')).status?.extendedResourceClaimStatus).toBeUndefined();
  });

  it('shares no device with others', async () => {
    const made = await withGpus('d1', 'd2');
    await made.ask('a', '1');
    await made.ask('b', '1');
    await made.ask('c', '1');
    expect([await made.where('a'), await made.where('b'), await made.where('c')]).toEqual([
      'n2',
      'n2',
      undefined,
    ]);
    expect(await made.why('c')).toBe(
      '0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, ' +
        'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    );
    const devices = (await made.all()).map(({ status }) => status?.allocation?.devices?.results?.[0]?.device);
    expect(devices.sort()).toEqual(['d1', 'd2']);
  });

  it('waits for a class that has its devices', async () => {
    const made = await cluster();
    await made.addNode('n1');
    await made.addSlice('n1', 'd1');
    await made.add({
      name: 'a',
      containers: [
        { name: 'c', image: 'i', resources: { requests: { [gpu]: '1' }, limits: { [gpu]: '1' } } },
      ],
    });
    expect(await made.why('a')).toContain(`1 Insufficient ${gpu}`);
    await made.addClass('gpu', gpu);
    await made.clock.advance(3_000);
    expect(await made.where('a')).toBe('n1');
  });

  it('has its claim removed when it cannot be bound', async () => {
    const made = await withGpus('d1');
    // One that is left from an attempt that went wrong: its devices may be on a node that does not do any more.
    await made.settled(
      made.pods.create({
        metadata: { name: 'a' },
        spec: { containers: [made.asking('1')], schedulingGates: [{ name: 'wait' }] },
      } as never),
    );
    const { metadata } = await made.pods.get('a');
    await made.settled(
      made.claims.create({
        metadata: {
          name: 'left',
          namespace: 'default',
          annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: metadata.uid ?? '', controller: true },
          ],
        },
        spec: {
          devices: {
            requests: [
              {
                name: 'container-0-request-0',
                exactly: { deviceClassName: 'gpu', count: 1, allocationMode: 'ExactCount' },
              },
            ],
          },
        },
      }),
    );
    await made.settled(
      made.pods.patch('a', { type: 'merge', body: { spec: { schedulingGates: null } } } as never),
    );
    expect((await made.events('a'))[0]).toMatch(
      /2 cannot schedule extended resource claim\. deletion of ResourceClaim completed/,
    );
    expect(await made.where('a')).toBe('n2');
    expect((await made.all()).map((claim) => claim.metadata.name)).toEqual([
      expect.stringMatching(/^a-extended-resources-/) as string,
    ]);
  });
});
