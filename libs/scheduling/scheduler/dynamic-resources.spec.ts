import { describe, expect, it } from 'vitest';
import {
  DeviceClass,
  ResourceClaim,
  ResourceSlice,
  type ResourceClaimStatus,
} from '@drydock/api/resource/v1';
import { Pod } from '@drydock/api/core/v1';
import { claimFinalizer } from '@drydock/api/resource-claims';
import { compileDeviceSelector } from '@drydock/server/device-selectors';
import { cluster, driver, withDevices } from './devices.spec-support.ts';
import { start } from './scheduler.spec-support.ts';

describe('a Pod with resource claims', () => {
  it('goes where its devices are, which are written to its claim first', async () => {
    const made = await withDevices('d1');
    await made.addClaim('c');
    await made.addUser('a', 'c');
    expect(await made.where('a')).toBe('n2');
    const { metadata, status } = await made.claims.get('c');
    expect(metadata.finalizers).toEqual([claimFinalizer]);
    expect(status).toEqual({
      allocation: {
        allocationTimestamp: expect.any(String) as string,
        devices: { results: [{ request: 'gpu', driver, pool: 'n2', device: 'd1' }] },
        nodeSelector: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }],
        },
      },
      reservedFor: [{ resource: 'pods', name: 'a', uid: (await made.pods.get('a')).metadata.uid }],
    });
  });

  it('waits until there are devices, in Kubernetes’ words', async () => {
    const made = await withDevices('d1');
    await made.addClaim('c');
    await made.addUser('a', 'c');
    await made.addClaim('e');
    await made.addUser('b', 'e');
    const words =
      '0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, ' +
      'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
    expect(await made.why('b')).toBe(words);
    expect(await made.events('b')).toEqual([`Warning FailedScheduling ${words}`]);
    await made.pods.delete('a', { gracePeriodSeconds: 0 });
    await made.release('c');
    await made.clock.advance(11_000);
    expect(await made.where('b')).toBe('n2');
    expect(await made.deviceOf('e')).toEqual(['n2/d1']);
  });

  it('goes on when a slice or a class comes', async () => {
    const made = await cluster();
    await made.addNode('n1');
    await made.addClaim('c');
    await made.addUser('a', 'c');
    expect(await made.why('a')).toMatch(
      /^0\/1 nodes are available: request gpu: device class gpu does not exist. no new claims to deallocate/,
    );
    await made.addClass();
    await made.clock.advance(2_000);
    expect(await made.why('a')).toMatch(/^0\/1 nodes are available: 1 cannot allocate all claims\./);
    await made.addSlice('n1', 'd1');
    await made.clock.advance(11_000);
    expect(await made.where('a')).toBe('n1');
  });

  it('is not tried before its claim is there, and says nothing meanwhile', async () => {
    const made = await withDevices('d1');
    await made.addUser('a', 'c');
    expect(await made.condition('a')).toBeUndefined();
    expect(made.scheduler.explain('default/a')).toMatchObject({
      outcome: 'gated',
      message: 'resourceclaim.resource.k8s.io "c" not found',
    });
    await made.addClaim('c');
    expect(await made.where('a')).toBe('n2');
  });

  it('waits for the claim that is made of a template', async () => {
    const made = await withDevices('d1');
    await made.add({
      name: 'a',
      spec: { resourceClaims: [{ name: 'own', resourceClaimTemplateName: 't' }] },
    });
    expect(made.scheduler.explain('default/a')?.message).toBe(
      'pod "default/a": ResourceClaim not created yet',
    );
    const { metadata } = await made.pods.get('a');
    const tell = (resourceClaimName: string) =>
      made.settled(
        made.pods.patch(
          'a',
          {
            type: 'merge',
            body: { status: { resourceClaimStatuses: [{ name: 'own', resourceClaimName }] } },
          },
          { subresource: 'status' },
        ),
      );
    await made.addClaim('stranger');
    await tell('stranger');
    expect(made.scheduler.explain('default/a')?.message).toBe(
      'ResourceClaim default/stranger was not created for Pod default/a (Pod is not owner)',
    );
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: metadata.uid ?? '', controller: true };
    await made.settled(
      made.claims.create({
        metadata: { name: 'a-own-1', namespace: 'default', ownerReferences: [owner] },
        spec: { devices: { requests: [made.request()] } },
      }),
    );
    await tell('a-own-1');
    expect(await made.where('a')).toBe('n2');
  });

  it('shares a claim with others, on the node of its devices', async () => {
    const made = await withDevices('d1');
    await made.addClaim('c');
    await Promise.all(['a', 'b', 'c'].map((name) => made.addUser(name, 'c')));
    await made.clock.advance(11_000);
    expect(await Promise.all(['a', 'b', 'c'].map((name) => made.where(name)))).toEqual(['n2', 'n2', 'n2']);
    expect((await made.usersOf('c'))?.sort()).toEqual(['a', 'b', 'c']);
  });

  it('waits for a claim that as many use as may', async () => {
    const made = await withDevices('d1');
    const claim = await made.addClaim('c');
    const users = Array.from({ length: 256 }, (_, at) => ({
      resource: 'pods',
      name: `p${at}`,
      uid: `u${at}`,
    }));
    const status: ResourceClaimStatus = {
      allocation: { devices: { results: [{ request: 'gpu', driver, pool: 'n2', device: 'd1' }] } },
      reservedFor: users,
    };
    await made.settled(made.claims.updateStatus({ ...claim, status }));
    await made.addUser('a', 'c');
    expect(await made.why('a')).toMatch(/^0\/2 nodes are available: resourceclaim in use\./);
  });

  it('has a claim deallocated that nobody uses, where it cannot go to its devices', async () => {
    const made = await withDevices('d1');
    await made.addSlice('n1', 'd9');
    await made.addClaim('c');
    const claim = await made.claims.get('c');
    const gone = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n3'] }] }];
    await made.settled(
      made.claims.updateStatus({
        ...claim,
        status: {
          allocation: {
            devices: { results: [{ request: 'gpu', driver, pool: 'n3', device: 'd1' }] },
            nodeSelector: { nodeSelectorTerms: gone },
          },
        },
      }),
    );
    await made.addUser('a', 'c');
    expect((await made.events('a'))[0]).toMatch(
      /2 resourceclaim not available on the node\. deallocation of ResourceClaim completed/,
    );
    await made.clock.advance(11_000);
    expect(await made.where('a')).toBeDefined();
    expect(await made.usersOf('c')).toEqual(['a']);
  });

  it('fails with what is wrong with a selector, and is tried again', async () => {
    const made = await withDevices('d1');
    const selectors = [{ cel: { expression: `device.attributes["${driver}"].nothing == "x"` } }];
    await made.addClaim('c', { name: 'gpu', exactly: { deviceClassName: 'gpu', selectors } });
    await made.addUser('a', 'c');
    expect(await made.condition('a')).toMatchObject({
      reason: 'SchedulerError',
      message:
        'running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: nothing',
    });
  });

  it('gives back what it was to get when it cannot be bound', async () => {
    let refused = 1;
    const made = await start({
      deviceSelectors: compileDeviceSelector,
      plugins: {
        Refuse: () => ({
          name: 'Refuse',
          preBind: () => Promise.resolve(refused-- > 0 ? { code: 'Error', reasons: ['not now'] } : undefined),
        }),
      },
      configuration: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ plugins: { preBind: { enabled: [{ name: 'Refuse' }] } } }],
      },
    });
    await made.addNode('n1');
    const claims = made.client.resource(ResourceClaim).namespace('default');
    await made.client.resource(DeviceClass).create({ metadata: { name: 'gpu' }, spec: {} });
    await made.client.resource(ResourceSlice).create({
      metadata: { name: 's' },
      spec: {
        driver,
        nodeName: 'n1',
        pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'd1' }],
      },
    });
    await claims.create({
      metadata: { name: 'c', namespace: 'default' },
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
    });
    await made.settle();
    await made.add({ name: 'a', spec: { resourceClaims: [{ name: 'c', resourceClaimName: 'c' }] } });
    expect((await made.condition('a'))?.message).toBe('running PreBind plugin "Refuse": not now');
    expect((await claims.get('c')).status?.reservedFor ?? []).toEqual([]);
    await made.clock.advance(11_000);
    expect(await made.where('a')).toBe('n1');
    expect((await claims.get('c')).status?.reservedFor?.map(({ name }) => name)).toEqual(['a']);
  });

  it('gives nothing by one profile that another has given already', async () => {
    const multiPoint = { enabled: [{ name: 'Hold' }] };
    const made = await start({
      deviceSelectors: compileDeviceSelector,
      plugins: {
        Hold: () => ({
          name: 'Hold',
          permit: () => ({ status: { code: 'Wait', reasons: [] }, timeoutMs: 60_000 }),
        }),
      },
      configuration: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ schedulerName: 'holding', plugins: { multiPoint } }, { schedulerName: 'other' }],
      },
    });
    await made.addNode('n1');
    const claims = made.client.resource(ResourceClaim).namespace('default');
    await made.client.resource(DeviceClass).create({ metadata: { name: 'gpu' }, spec: {} });
    const pool = { name: 'n1', generation: 1, resourceSliceCount: 1 };
    await made.client.resource(ResourceSlice).create({
      metadata: { name: 's' },
      spec: { driver, nodeName: 'n1', pool, devices: [{ name: 'd1' }] },
    });
    for (const name of ['a', 'b'])
      await claims.create({
        metadata: { name, namespace: 'default' },
        spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
      });
    await made.settle();
    const user = (name: string, schedulerName: string) =>
      made.add({ name, spec: { schedulerName, resourceClaims: [{ name, resourceClaimName: name }] } });
    await user('a', 'holding');
    await user('b', 'other');
    expect((await made.condition('b'))?.message).toMatch(/1 cannot allocate all claims/);
    made.scheduler.waitingPods.get('default/a')?.allow('Hold');
    await made.settle();
    expect(await made.where('a')).toBe('n1');
    expect(await made.where('b')).toBeUndefined();
  });

  it('gives many Pods a device each, no device twice', async () => {
    const made = await withDevices('d1', 'd2', 'd3', 'd4');
    const names = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'];
    for (const name of names) await made.addClaim(name);
    await Promise.all(
      names.map((name) =>
        made.client
          .resource(Pod)
          .namespace('default')
          .create({
            metadata: { name },
            spec: {
              containers: [{ name: 'c', image: 'i' }],
              resourceClaims: [{ name: 'own', resourceClaimName: name }],
            },
          }),
      ),
    );
    await made.clock.advance(30_000);
    const given = (await made.claims.list()).items.flatMap(
      ({ status }) => status?.allocation?.devices?.results?.map(({ device }) => device) ?? [],
    );
    expect(given.sort()).toEqual(['d1', 'd2', 'd3', 'd4']);
    expect((await Promise.all(names.map((name) => made.where(name)))).filter(Boolean)).toHaveLength(4);
  });

  it('prefers the node with the better alternative', async () => {
    const made = await cluster();
    await made.addNode('n1');
    await made.addNode('n2');
    await made.addClass();
    await made.addSlice('n1', 'd1');
    await made.addSlice('n2', 'd1', 'd2');
    const one = (name: string, count: number) => ({
      name,
      deviceClassName: 'gpu',
      allocationMode: 'ExactCount',
      count,
    });
    for (const at of [0, 1, 2]) {
      await made.addClaim(`c${at}`, { name: 'gpu', firstAvailable: [one('two', 2), one('one', 1)] });
      await made.addUser(`a${at}`, `c${at}`);
      expect(await made.where(`a${at}`)).toBe('n2');
      await made.pods.delete(`a${at}`, { gracePeriodSeconds: 0 });
      await made.release(`c${at}`);
    }
  });

  it('waits for its devices to be made ready for the node', async () => {
    const made = await cluster();
    await made.addNode('n1');
    await made.addClass();
    await made.settled(
      made.client.resource(ResourceSlice).create({
        metadata: { name: 's' },
        spec: {
          driver,
          allNodes: true,
          pool: { name: 'fabric', generation: 1, resourceSliceCount: 1 },
          devices: [
            {
              name: 'd1',
              bindsToNode: true,
              bindingConditions: ['example.com/attached'],
              bindingFailureConditions: ['example.com/failed'],
            },
          ],
        },
      }),
    );
    await made.addClaim('c');
    await made.addUser('a', 'c');
    expect(await made.where('a')).toBeUndefined();
    expect(await made.events('a')).toEqual([
      'Normal BindingConditionsPending waiting for binding conditions for device on node n1',
    ]);
    const claim = await made.claims.get('c');
    const tell = {
      driver,
      pool: 'fabric',
      device: 'd1',
      conditions: [
        {
          type: 'example.com/attached',
          status: 'True',
          reason: 'Done',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    await made.settled(made.claims.updateStatus({ ...claim, status: { ...claim.status, devices: [tell] } }));
    expect(await made.where('a')).toBe('n1');
  });
});
