import { describe, expect, it } from 'vitest';
import { createErrors } from '../common/definition.spec-support.ts';
import { flowSchemaDefinition } from './flow-schema.ts';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from './mandatory.ts';
import { priorityLevelConfigurationDefinition } from './priority-level-configuration.ts';

const resourceRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] };
const user = { kind: 'User', user: { name: 'u' } };
const schema = (rule: object, fields: object = {}, name = 'mine') =>
  createErrors(
    flowSchemaDefinition,
    {
      spec: { priorityLevelConfiguration: { name: 'p' }, rules: [{ subjects: [user], ...rule }], ...fields },
    },
    { name },
  ).map((line) => line.replace('spec.rules[0].', ''));
const at = 'resourceRules[0]';

describe('a FlowSchema', () => {
  it.each<[rule: object, ...expected: string[]]>([
    [{ resourceRules: [resourceRule] }],
    [
      { resourceRules: [{ ...resourceRule, verbs: ['get', '*'] }] },
      `${at}.verbs: Invalid value: ["get","*"]: if '*' is present, must not specify other verbs`,
    ],
    [
      { resourceRules: [{ ...resourceRule, verbs: ['feed'] }] },
      `${at}.verbs: Unsupported value: ["feed"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
    ],
    [
      { resourceRules: [{ ...resourceRule, namespaces: ['*', 'a'] }] },
      `${at}.namespaces: Invalid value: ["*","a"]: if '*' is present, must not specify other namespaces`,
    ],
    [
      { resourceRules: [{ ...resourceRule, namespaces: [] }] },
      `${at}.namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
    ],
    [{ resourceRules: [{ ...resourceRule, namespaces: [], clusterScope: true }] }],
    [
      { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['x'] }] },
      'nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash',
    ],
    [
      { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/a*'] }] },
      'nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching',
    ],
    [{ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }] }],
  ])('has rules that say something: %j', (rule, ...expected) => {
    expect(schema(rule)).toEqual(expected);
  });

  it('has subjects of one kind each', () => {
    const subjects = (...list: object[]) => schema({ subjects: list, resourceRules: [resourceRule] });
    expect(subjects({ ...user, group: { name: 'g' } })).toEqual([
      "subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
    ]);
    expect(subjects({ kind: 'ServiceAccount', serviceAccount: { name: '*' } })).toEqual([
      'subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account',
    ]);
  });

  it('of every cluster is what it is', () => {
    for (const [name, spec] of Object.entries(mandatoryFlowSchemas)) {
      expect(createErrors(flowSchemaDefinition, { spec }, { name })).toEqual([]);
      expect(createErrors(flowSchemaDefinition, { spec: { ...spec, rules: [] } }, { name })).toEqual([
        expect.stringContaining(`spec of '${name}' must equal the fixed value`),
      ]);
    }
    expect(schema({ resourceRules: [resourceRule] }, { matchingPrecedence: 1 })).toEqual([
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ]);
  });
});

describe('a PriorityLevelConfiguration', () => {
  const level = (spec: object, name = 'mine') =>
    createErrors(priorityLevelConfigurationDefinition, { spec }, { name });
  const queue = (queues: number, handSize: number) => ({
    type: 'Limited',
    limited: { limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } } },
  });

  it('deals no hand that a hash cannot', () => {
    expect(level(queue(128, 8))).toEqual([]);
    expect(level(queue(512, 8))).toEqual([
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60',
    ]);
  });

  it('of every cluster is what it is', () => {
    expect(level({ type: 'Exempt' })).toEqual([
      "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
    ]);
    expect(level({ ...mandatoryPriorityLevels['catch-all'] }, 'catch-all')).toEqual([]);
    expect(level(queue(64, 6), 'catch-all')).toEqual([
      expect.stringContaining("spec of 'catch-all' must equal the fixed value"),
    ]);
  });
});
