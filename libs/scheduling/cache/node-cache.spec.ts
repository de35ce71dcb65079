import { selectorFromSet } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import { podInfo } from '../framework/index.ts';
import { node, pod } from '../framework/testing.spec-support.ts';
import { createNodeCache } from './node-cache.ts';

const bound = (name: string, nodeName: string, more: Parameters<typeof pod>[0] = {}) =>
  pod({ name, requests: { cpu: '1' }, ...more, spec: { ...more.spec, nodeName } });

describe('the node cache', () => {
  it('counts Pods by events, and forgets finished ones', () => {
    const cache = createNodeCache();
    cache.setNode(node('n'));
    cache.setPod(bound('a', 'n'));
    expect(cache.node('n')?.requested.get('cpu')).toBe(1000);
    cache.setPod({ ...bound('a', 'n'), status: { phase: 'Succeeded' } });
    expect(cache.node('n')?.requested.get('cpu')).toBe(0);
  });

  it('keeps an assumption until events confirm or it is taken back', () => {
    const cache = createNodeCache();
    cache.setNode(node('n'));
    const waiting = pod({ name: 'a', requests: { cpu: '1' } });
    cache.assume(podInfo(waiting), 'n');
    cache.setPod(waiting);
    expect(cache.isAssumed('default/a')).toBe(true);
    cache.forget('default/a');
    expect(cache.node('n')?.pods.size).toBe(0);
    cache.assume(podInfo(waiting), 'n');
    cache.setPod(bound('a', 'n'));
    cache.forget('default/a');
    expect(cache.node('n')?.pods.size).toBe(1);
  });

  it('remembers Pods of nodes that come later, and hides nodes that went', () => {
    const cache = createNodeCache();
    cache.setPod(bound('a', 'n'));
    expect(cache.nodes).toEqual([]);
    cache.setNode(node('n'));
    expect(cache.nodes[0]?.pods.size).toBe(1);
    cache.removeNode('n');
    expect(cache.node('n')).toBeUndefined();
  });

  it('keeps counts of selectors as Pods come and go', () => {
    const cache = createNodeCache();
    cache.setNode(node('n'));
    cache.setPod(bound('a', 'n', { labels: { app: 'x' } }));
    const count = () => cache.counts('default', selectorFromSet({ app: 'x' })).get('n') ?? 0;
    expect(count()).toBe(1);
    cache.setPod(bound('b', 'n', { labels: { app: 'x' } }));
    cache.setPod(bound('c', 'n', { labels: { app: 'x' }, namespace: 'other' }));
    expect(count()).toBe(2);
    const ending = bound('a', 'n', { labels: { app: 'x' } });
    cache.setPod({ ...ending, metadata: { ...ending.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(count()).toBe(1);
    cache.removePod(bound('b', 'n'));
    expect(count()).toBe(0);
  });

  it('takes zones in turn', () => {
    const cache = createNodeCache();
    for (const [name, zone] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
    ] as const)
      cache.setNode(node(name, { labels: { 'topology.kubernetes.io/zone': zone } }));
    expect(cache.nodes.map(({ name }) => name)).toEqual(['a1', 'b1', 'a2']);
  });
});
