import type { ExtenderEndpoint } from '@drydock/port/scheduler-extender';
import { describe, expect, it } from 'vitest';
import type { ExtenderConfiguration } from '../config/index.ts';
import { info, nodeWith, snapshot } from '../framework/testing.spec-support.ts';
import { createExtender, createExtenders } from './extender.ts';

const urlPrefix = 'http://127.0.0.1:8888/scheduler/';

/** An extender that answers `answer`, and what it was asked. */
function extender(more: Partial<ExtenderConfiguration>, answer: unknown = {}) {
  const asked: { endpoint: ExtenderEndpoint; body: unknown }[] = [];
  const made = createExtender(
    { urlPrefix, ...more },
    {
      post(endpoint, _, body) {
        asked.push({ endpoint, body });
        return Promise.resolve(answer);
      },
    },
  );
  return { made, asked };
}

const nodes = [nodeWith('n1'), nodeWith('n2'), nodeWith('n3')];
const pod = info({ name: 'p', requests: { cpu: '1', 'example.com/gpu': '1' } });
const names = (list: readonly { readonly name: string }[] | undefined) => list?.map(({ name }) => name);

describe('an extender', () => {
  it('is sent the nodes, at its verb, and takes some away for its reasons', async () => {
    const { made, asked } = extender(
      { filterVerb: 'filter' },
      {
        Nodes: { items: [{ metadata: { name: 'n2' } }] },
        FailedNodes: { n1: 'full' },
        FailedAndUnresolvableNodes: { n3: 'of another make' },
      },
    );
    const verdict = await made.filter?.(pod, nodes);
    expect(names(verdict?.nodes)).toEqual(['n2']);
    expect([...(verdict?.failed ?? [])]).toEqual([['n1', 'full']]);
    expect([...(verdict?.unresolvable ?? [])]).toEqual([['n3', 'of another make']]);
    expect(asked[0]).toEqual({
      endpoint: { url: 'http://127.0.0.1:8888/scheduler/filter', timeoutMs: 5_000 },
      body: { Pod: pod.pod, Nodes: { metadata: {}, items: nodes.map(({ node }) => node) }, NodeNames: null },
    });
  });

  it('that knows the nodes is sent their names, and answers with names, in whatever case', async () => {
    const { made, asked } = extender(
      { filterVerb: 'filter', nodeCacheCapable: true, httpTimeout: '300ms' },
      { nodenames: ['n3', 'n1'] },
    );
    expect(names((await made.filter?.(pod, nodes))?.nodes)).toEqual(['n3', 'n1']);
    expect(asked[0]?.body).toEqual({ Pod: pod.pod, Nodes: null, NodeNames: ['n1', 'n2', 'n3'] });
    expect(asked[0]?.endpoint.timeoutMs).toBe(300);
  });

  it('fails with its own words, and when it invents nodes', async () => {
    await expect(
      extender({ filterVerb: 'f' }, { Error: 'no idea' }).made.filter?.(pod, nodes),
    ).rejects.toThrow('no idea');
    const inventive = extender({ filterVerb: 'f', nodeCacheCapable: true }, { NodeNames: ['n9'] });
    await expect(inventive.made.filter?.(pod, nodes)).rejects.toThrow(
      `extender "${urlPrefix}" claims a filtered node "n9" which is not found in the input node list`,
    );
  });

  it('rates from 0 to 10, which counts ten times its weight', async () => {
    const { made } = extender({ prioritizeVerb: 'rate', weight: 3 }, [
      { Host: 'n1', Score: 10 },
      { Host: 'n2', Score: 1 },
    ]);
    expect([...((await made.prioritize?.(pod, nodes)) ?? [])]).toEqual([
      ['n1', 300],
      ['n2', 30],
    ]);
  });

  it('binds, or says why not', async () => {
    const { made, asked } = extender({ bindVerb: 'bind' });
    await made.bind?.(pod, 'n1');
    expect(asked[0]?.body).toEqual({ PodName: 'p', PodNamespace: 'default', PodUID: 'uid-p', Node: 'n1' });
    await expect(extender({ bindVerb: 'b' }, { error: 'too late' }).made.bind?.(pod, 'n1')).rejects.toThrow(
      'too late',
    );
  });

  it('agrees to candidates, by the uids of the victims', async () => {
    const [a, b] = [info({ name: 'a' }), info({ name: 'b' })];
    const busy = [nodeWith('n1', { pods: [a] }), nodeWith('n2', { pods: [b] })];
    const candidates = [
      { node: 'n1', victims: [a], violations: 1 },
      { node: 'n2', victims: [b], violations: 0 },
    ];
    const { made, asked } = extender(
      { preemptVerb: 'preempt', nodeCacheCapable: true },
      { NodeNameToMetaVictims: { n1: { Pods: [{ UID: 'uid-a' }], NumPDBViolations: 1 } } },
    );
    expect(await made.preempt?.(pod, candidates, snapshot(busy))).toEqual([candidates[0]]);
    expect(asked[0]?.body).toEqual({
      Pod: pod.pod,
      NodeNameToVictims: null,
      NodeNameToMetaVictims: {
        n1: { Pods: [{ UID: 'uid-a' }], NumPDBViolations: 1 },
        n2: { Pods: [{ UID: 'uid-b' }], NumPDBViolations: 0 },
      },
    });
    const wrong = extender(
      { preemptVerb: 'p' },
      { NodeNameToMetaVictims: { n1: { Pods: [{ UID: 'uid-b' }] } } },
    );
    await expect(wrong.made.preempt?.(pod, candidates, snapshot(busy))).rejects.toThrow(
      `extender: ${urlPrefix} claims to preempt pod (UID: uid-b) on node: n1, but the pod is not found on that node`,
    );
  });

  it('is asked only about Pods that want what it manages', () => {
    const { made } = extender({ managedResources: [{ name: 'example.com/gpu' }] });
    expect(made.isInterested(pod)).toBe(true);
    expect(made.isInterested(info())).toBe(false);
    const limited = info({ containers: [{ name: 'c', resources: { limits: { 'example.com/gpu': '1' } } }] });
    expect(made.isInterested(limited)).toBe(true);
  });

  it('has only the calls that its verbs name, and comes last when it may be ignored', () => {
    const { made } = extender({});
    expect([made.filter, made.prioritize, made.preempt, made.bind]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const caller = { post: () => Promise.resolve({}) };
    const all = [{ urlPrefix: 'a', ignorable: true }, { urlPrefix: 'b' }, { urlPrefix: 'c' }];
    expect(names(createExtenders(all, caller))).toEqual(['b', 'c', 'a']);
  });

  it('is trusted without an authority only where nothing is checked', async () => {
    const tls = async (more: Partial<ExtenderConfiguration>) => {
      const { made, asked } = extender({ ...more, bindVerb: 'b' });
      await made.bind?.(pod, 'n1');
      return asked[0]?.endpoint.tls;
    };
    expect(await tls({})).toBeUndefined();
    expect(await tls({ enableHTTPS: true })).toEqual({ insecure: true });
    expect(await tls({ enableHTTPS: true, tlsConfig: { caData: btoa('pem'), serverName: 's' } })).toEqual({
      insecure: false,
      serverName: 's',
      ca: new TextEncoder().encode('pem'),
    });
  });
});
