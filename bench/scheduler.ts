// Measures scheduling decisions a second: filters, scores and the choice, without API or bindings, on clusters of 1,000
// and 5,000 nodes in three zones, for Pods of 100 services. Bounded in count. Prints a table, and each figure as a JSON line.
import type { Node, Pod } from '@drydock/api/core/v1';
import { selectorFromSet } from '@drydock/base/apimachinery';
import { createSeededRandom, systemClock } from '@drydock/base/clock';
import { createNodeCache } from '@drydock/scheduling/cache';
import { buildProfiles } from '@drydock/scheduling/config';
import { podInfo } from '@drydock/scheduling/framework';
import type { Listers } from '@drydock/scheduling/plugins';
import { decide } from '@drydock/scheduling/scheduler';

const services = 100;
const decisions = 3_000;
const random = createSeededRandom(1);

const listers: Listers = {
  namespaceLabels: () => undefined,
  defaultSelector: (pod) => selectorFromSet({ app: pod.metadata.labels?.['app'] ?? '' }),
  claim: () => undefined,
  volume: () => undefined,
  volumesOfClass: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  storageCapacities: () => [],
  attachments: () => [],
  budgets: () => [],
  resourceClaim: () => undefined,
  resourceClaims: () => [],
  deviceClass: () => undefined,
  classOfResource: () => undefined,
  resourceSlices: () => [],
};
const nothing = () => Promise.resolve();
const [profile] = buildProfiles(undefined, {
  listers,
  volumes: { bindVolume: nothing, selectNode: nothing, untilBound: nothing },
  devices: {
    actions: {
      bindClaim: (claim) => Promise.resolve(claim),
      unreserve: () => undefined,
      deallocate: () => undefined,
      createClaim: (claim) => Promise.resolve(claim),
      deleteClaim: () => undefined,
      tellExtended: nothing,
      tellWaiting: () => undefined,
      untilReady: nothing,
    },
    compile: () => ({ matches: () => false }),
    shareId: () => '',
    now: () => systemClock.now(),
    monotonicMs: () => systemClock.monotonicMs(),
  },
  bind: nothing,
  preemption: {
    filter: () => undefined,
    changed: () => undefined,
    pick: () => 0,
    now: () => systemClock.now(),
    message: () => '',
  },
}).values();
if (profile === undefined) throw new Error('no profile');

function node(index: number): Node {
  const name = `node-${index}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${index % 3}` },
    },
    spec: {},
    status: { allocatable: { cpu: '32', memory: '256Gi', pods: '110' } },
  } as Node;
}

function pod(index: number, affinity: boolean): Pod {
  const app = `app-${index % services}`;
  const term = { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { app } } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'default', uid: `uid-${index}`, labels: { app } },
    spec: {
      containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m', memory: '128Mi' } } }],
      ...(affinity
        ? {
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
              },
            },
          }
        : {}),
    },
  } as Pod;
}

const rows: { what: string; value: number }[] = [];
for (const nodes of [1_000, 5_000]) {
  for (const affinity of [false, true]) {
    const cache = createNodeCache();
    for (let at = 0; at < nodes; at++) cache.setNode(node(at));
    const count = affinity ? decisions / 10 : decisions;
    const infos = Array.from({ length: count + 200 }, (_, at) => podInfo(pod(at, affinity)));
    let startAt = 0;
    const run = (from: number, to: number) => {
      for (const info of infos.slice(from, to)) {
        const decision = decide(profile, info, cache, { pick: (choices) => random.int(choices), startAt });
        if (decision.kind !== 'node') throw new Error(decision.message);
        startAt = decision.next;
        cache.assume(info, decision.node);
      }
    };
    run(0, 200);
    const startedMs = systemClock.monotonicMs();
    run(200, infos.length);
    const value = Math.round((count * 1000) / (systemClock.monotonicMs() - startedMs));
    const what = `decisions, ${nodes.toLocaleString('en')} nodes${affinity ? ', pod anti-affinity' : ''}`;
    rows.push({ what, value });
    process.stdout.write(`${JSON.stringify({ bench: 'scheduler', what, value, unit: '/s' })}\n`);
  }
}
const width = Math.max(...rows.map(({ what }) => what.length));
process.stdout.write(`\n${rows.map(({ what, value }) => `${what.padEnd(width)}  ${value}/s`).join('\n')}\n`);
