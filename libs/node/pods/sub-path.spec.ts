import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '@drydock/api/core/v1';
import { subPathFault } from './sub-path.ts';

const pod = { metadata: { name: 'p', annotations: { part: 'mine' } } } as Pod;
const field = (fieldPath: string) => ({ name: 'A', valueFrom: { fieldRef: { fieldPath } } });
const container = (subPathExpr: string, env: Container['env']): Container => ({
  name: 'c',
  env,
  volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr }],
});

describe('a part of a volume that variables name', () => {
  it.each([
    ['$(A)/x', [{ name: 'A', value: 'a' }], undefined],
    ['$(A)', [field('metadata.name')], undefined],
    ['$(A)/$(A)', [field("metadata.annotations['part']")], undefined],
    ['$(A)', [field('status.podIP')], undefined],
    ['$(A)', [{ name: 'A', value: '/tmp' }], 'error SubPath `/tmp` must not be an absolute path'],
    ['$(A)/x', [field("metadata.annotations['none']")], 'error SubPath `/x` must not be an absolute path'],
    ['$(A)', [{ name: 'A', value: '..' }], "unable to provision SubPath `..`: must not contain '..'"],
    ['$(B)', [], 'missing value for B'],
    ['$$(B)', [], undefined],
  ] as const)('%s', (expression, env, fault) =>
    expect(subPathFault(pod, container(expression, [...env] as Container['env']))).toBe(fault),
  );
});
