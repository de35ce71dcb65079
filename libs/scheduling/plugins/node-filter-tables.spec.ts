import type { NodeSelectorRequirement, NodeSelectorTerm, Taint, Toleration } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { info, nodeWith, verdict } from '../framework/testing.spec-support.ts';
import { nodeAffinity, type NodeAffinityArgs } from './node-affinity.ts';
import { nodeName, nodePorts, nodeUnschedulable, taintToleration } from './node-basics.ts';

// The facts of kube-scheduler's own tables about what a node is, and which Pods it takes.

const refuse = (words: string) => `UnschedulableAndUnresolvable: ${words}`;

describe('NodeAffinity', () => {
  const no = refuse("node(s) didn't match Pod's node affinity/selector");
  const enforced = refuse("node(s) didn't match scheduler-enforced node affinity");
  const expression = (key: string, operator: string, ...values: string[]): NodeSelectorRequirement => ({
    key,
    operator,
    ...(values.length > 0 ? { values } : {}),
  });
  const term = (...matchExpressions: NodeSelectorRequirement[]): NodeSelectorTerm => ({ matchExpressions });
  const named = (operator: string, ...values: string[]): NodeSelectorTerm => ({
    matchFields: [{ key: 'metadata.name', operator, values }],
  });
  const needs = (...nodeSelectorTerms: NodeSelectorTerm[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const foo = { foo: 'bar' };
  type Spec = NonNullable<Parameters<typeof info>[0]>['spec'];
  it.each<[string, Spec, Record<string, string>, string]>([
    ['no selector', {}, {}, 'ok'],
    ['a label that is not there', { nodeSelector: foo }, {}, no],
    ['a label', { nodeSelector: foo }, foo, 'ok'],
    ['a label among others', { nodeSelector: foo }, { ...foo, baz: 'blah' }, 'ok'],
    ['two labels of which one is there', { nodeSelector: { ...foo, baz: 'blah' } }, foo, no],
    ['In', needs(term(expression('foo', 'In', 'bar', 'value2'))), foo, 'ok'],
    ['Gt', needs(term(expression('version', 'Gt', '0204'))), { version: '0206' }, 'ok'],
    ['Gt, and it is not', needs(term(expression('version', 'Gt', '206'))), { version: '206' }, no],
    ['Gt, and it is no number', needs(term(expression('version', 'Gt', '206'))), { version: 'x' }, no],
    ['Lt', needs(term(expression('version', 'Lt', '206'))), { version: '0204' }, 'ok'],
    ['NotIn', needs(term(expression('mem', 'NotIn', '100', '200'))), { mem: '300' }, 'ok'],
    ['NotIn of a label that is not there', needs(term(expression('mem', 'NotIn', '100'))), {}, 'ok'],
    ['Exists', needs(term(expression('gpu', 'Exists'))), { gpu: 'x' }, 'ok'],
    ['DoesNotExist', needs(term(expression('gpu', 'DoesNotExist'))), { gpu: 'x' }, no],
    ['a value that is not there', needs(term(expression('foo', 'In', 'value1', 'value2'))), foo, no],
    ['no terms', needs(), foo, no],
    ['an empty term', needs(term()), foo, no],
    ['no requirement', { affinity: { nodeAffinity: {} } }, foo, 'ok'],
    [
      'several expressions, all met',
      needs(term(expression('gpu', 'Exists'), expression('gpu', 'NotIn', 'a'))),
      { gpu: 'b' },
      'ok',
    ],
    [
      'several expressions, one not met',
      needs(term(expression('gpu', 'Exists'), expression('gpu', 'In', 'a'))),
      { gpu: 'b' },
      no,
    ],
    [
      'several terms, one met',
      needs(term(expression('foo', 'In', 'x')), term(expression('foo', 'In', 'bar'))),
      foo,
      'ok',
    ],
    [
      'a selector and an affinity, both met',
      { nodeSelector: foo, ...needs(term(expression('foo', 'Exists'))) },
      foo,
      'ok',
    ],
    [
      'an affinity without its selector',
      { nodeSelector: foo, ...needs(term(expression('foo', 'Exists'))) },
      { foo: 'barrrrrr' },
      no,
    ],
    ['a value that is none of a label', needs(term(expression('foo', 'NotIn', '{{.bad-value.}}'))), foo, no],
    ['the name', needs(named('In', 'n')), {}, 'ok'],
    ['another name', needs(named('In', 'other')), {}, 'not named'],
    ['not another name', needs(named('NotIn', 'other')), {}, 'ok'],
    ['not its name', needs(named('NotIn', 'n')), {}, no],
    [
      'another name, or a label',
      needs(named('In', 'other'), term(expression('foo', 'In', 'bar'))),
      foo,
      'ok',
    ],
    [
      'another name together with a label',
      needs({ ...named('In', 'other'), ...term(expression('foo', 'In', 'bar')) }),
      foo,
      'not named',
    ],
    [
      'its name together with a label',
      needs({ ...named('In', 'n'), ...term(expression('foo', 'In', 'bar')) }),
      foo,
      'ok',
    ],
    [
      'two names at once',
      needs({
        matchFields: [...(named('In', 'n').matchFields ?? []), ...(named('In', 'other').matchFields ?? [])],
      }),
      {},
      refuse('pod affinity terms conflict'),
    ],
    ['two names, one or the other', needs(named('In', 'n'), named('In', 'other')), {}, 'ok'],
  ])('%s', (_, spec, labels, expected) => {
    expect(verdict(nodeAffinity(), info({ spec: spec ?? {} }), nodeWith('n', { labels }))).toBe(expected);
  });

  const added = (...terms: NodeSelectorTerm[]): NodeAffinityArgs => ({
    addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  });
  it.each<[string, NodeAffinityArgs, Spec, string]>([
    ['that is met', added(term(expression('zone', 'In', 'foo'))), {}, 'ok'],
    ['that is not met', added(term(expression('zone', 'In', 'bar'))), {}, enforced],
    ['by name, which is not met', added(named('In', 'other')), {}, enforced],
    [
      'and its own, both met',
      added(term(expression('zone', 'Exists'))),
      needs(term(expression('zone', 'In', 'foo'))),
      'ok',
    ],
    [
      'and its own, which is not met',
      added(term(expression('zone', 'Exists'))),
      needs(term(expression('zone', 'In', 'bar'))),
      no,
    ],
  ])('of the profile %s', (_, args, spec, expected) => {
    const on = nodeWith('n', { labels: { zone: 'foo' } });
    expect(verdict(nodeAffinity(args), info({ spec: spec ?? {} }), on)).toBe(expected);
  });
});

describe('NodeName', () => {
  it.each([
    ['', 'ok'],
    ['n', 'ok'],
    ['bar', refuse("node(s) didn't match the requested node name")],
  ])('wanted %j: %s', (wanted, expected) => {
    expect(verdict(nodeName, info({ spec: { nodeName: wanted } }), nodeWith('n'))).toBe(expected);
  });
});

describe('NodePorts', () => {
  const taken = "Unschedulable: node(s) didn't have free ports for the requested pod ports";
  /** `TCP/127.0.0.1/8080` */
  const using = (...ports: string[]) =>
    info({
      containers: [
        {
          name: 'c',
          ports: ports.map((one, at) => {
            const [protocol = '', hostIP = '', hostPort] = one.split('/');
            return { containerPort: 1000 + at, protocol, hostIP, hostPort: Number(hostPort) };
          }),
        },
      ],
    });
  it.each<[string[], string[], string]>([
    [[], [], 'ok'],
    [['UDP/127.0.0.1/8080'], ['UDP/127.0.0.1/9090'], 'ok'],
    [['UDP/127.0.0.1/8080'], ['UDP/127.0.0.1/8080'], taken],
    [['TCP/127.0.0.1/8080'], ['TCP/127.0.0.1/8080'], taken],
    [['TCP/127.0.0.1/8080'], ['TCP/127.0.0.2/8080'], 'ok'],
    [['UDP/127.0.0.1/8080'], ['TCP/127.0.0.1/8080'], 'ok'],
    [['UDP/127.0.0.1/8000', 'UDP/127.0.0.1/8080'], ['UDP/127.0.0.1/8080'], taken],
    [['TCP/127.0.0.1/8001', 'UDP/127.0.0.1/8080'], ['TCP/127.0.0.1/8001', 'UDP/127.0.0.1/8081'], taken],
    [['TCP/0.0.0.0/8001'], ['TCP/127.0.0.1/8001'], taken],
    [['TCP/10.0.10.10/8001', 'TCP/0.0.0.0/8001'], ['TCP/127.0.0.1/8001'], taken],
    [['TCP/127.0.0.1/8001'], ['TCP/0.0.0.0/8001'], taken],
    [['UDP/127.0.0.1/8001'], ['TCP/0.0.0.0/8001'], 'ok'],
    [['UDP/127.0.0.1/8001'], ['TCP/0.0.0.0/8001', 'UDP/0.0.0.0/8001'], taken],
  ])('%j where %j are used: %s', (wanted, used, expected) => {
    expect(verdict(nodePorts, using(...wanted), nodeWith('n', { pods: [using(...used)] }))).toBe(expected);
  });

  it('counts those of sidecars, not of containers that end', () => {
    const withInit = (restartPolicy?: string) =>
      info({
        spec: {
          initContainers: [
            {
              name: 'i',
              ports: [{ containerPort: 1, hostPort: 8080 }],
              ...(restartPolicy === undefined ? {} : { restartPolicy }),
            },
          ],
        },
      });
    const on = nodeWith('n', { pods: [using('TCP/0.0.0.0/8080')] });
    expect(verdict(nodePorts, withInit('Always'), on)).toBe(taken);
    expect(verdict(nodePorts, withInit(), on)).toBe('ok');
  });
});

describe('taints', () => {
  const no = refuse('node(s) had untolerated taint(s)');
  const taint = (key: string, value: string, effect: string): Taint => ({ key, value, effect });
  const tolerates = (key: string, operator: string, value?: string, effect?: string): Toleration => ({
    key,
    operator,
    ...(value === undefined ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  });
  const dedicated = taint('dedicated', 'user1', 'NoSchedule');
  it.each<[string, Toleration[], Taint[], string]>([
    ['none is tolerated', [], [dedicated], no],
    ['it is tolerated', [tolerates('dedicated', 'Equal', 'user1', 'NoSchedule')], [dedicated], 'ok'],
    ['another value is tolerated', [tolerates('dedicated', 'Equal', 'user2', 'NoSchedule')], [dedicated], no],
    [
      'any value is tolerated',
      [tolerates('foo', 'Exists', undefined, 'NoSchedule')],
      [taint('foo', 'bar', 'NoSchedule')],
      'ok',
    ],
    [
      'several are tolerated',
      [
        tolerates('dedicated', 'Equal', 'user2', 'NoSchedule'),
        tolerates('foo', 'Exists', undefined, 'NoSchedule'),
      ],
      [taint('dedicated', 'user2', 'NoSchedule'), taint('foo', 'bar', 'NoSchedule')],
      'ok',
    ],
    [
      'another effect is tolerated',
      [tolerates('foo', 'Equal', 'bar', 'PreferNoSchedule')],
      [taint('foo', 'bar', 'NoSchedule')],
      no,
    ],
    [
      'all effects are tolerated',
      [tolerates('foo', 'Equal', 'bar')],
      [taint('foo', 'bar', 'NoSchedule')],
      'ok',
    ],
    [
      'it is soft, and its value is another',
      [tolerates('dedicated', 'Equal', 'user2', 'NoSchedule')],
      [taint('dedicated', 'user1', 'PreferNoSchedule')],
      'ok',
    ],
    ['it is soft', [], [taint('dedicated', 'user1', 'PreferNoSchedule')], 'ok'],
    ['it evicts', [], [taint('dedicated', 'user1', 'NoExecute')], no],
    ['everything is tolerated', [{ operator: 'Exists' }], [dedicated, taint('a', 'b', 'NoExecute')], 'ok'],
  ])('%s', (_, tolerations, taints, expected) => {
    expect(verdict(taintToleration, info({ spec: { tolerations } }), nodeWith('n', { taints }))).toBe(
      expected,
    );
  });

  const mark = 'node.kubernetes.io/unschedulable';
  it.each<[string, boolean, Toleration[], string]>([
    ['is not marked', false, [], 'ok'],
    ['is marked', true, [], refuse('node(s) were unschedulable')],
    ['is marked, which is tolerated', true, [tolerates(mark, 'Exists', undefined, 'NoSchedule')], 'ok'],
    [
      'is marked, which is tolerated for another effect',
      true,
      [tolerates(mark, 'Exists', undefined, 'NoExecute')],
      refuse('node(s) were unschedulable'),
    ],
  ])('a node %s', (_, unschedulable, tolerations, expected) => {
    expect(
      verdict(nodeUnschedulable, info({ spec: { tolerations } }), nodeWith('n', { unschedulable })),
    ).toBe(expected);
  });
});
