import { expect, it } from 'vitest';
import { ApiError, notFound } from '@drydock/base/apimachinery';
import { ConfigMap, Namespace } from '@drydock/api/core/v1';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createRootCaPublisher } from './index.ts';

// The facts of kube-controller-manager's own table about the certificate that every namespace has.

const described = { 'kubernetes.io/description': 'Contains a CA bundle' };
const namespace = (name: string, phase = 'Active'): Namespace => ({ metadata: { name }, status: { phase } });
const map = (name: string, data: Record<string, string>, annotations: object = described): ConfigMap =>
  ({ metadata: { name, namespace: 'default', annotations }, data }) as ConfigMap;
const right = map('kube-root-ca.crt', { 'ca.crt': 'fake-root-ca' });
const other = map('other', {});
const [create, update] = ['create configmaps kube-root-ca.crt', 'update configmaps kube-root-ca.crt'];

it.each<[string, ConfigMap[], (stage: Stage) => void, string[]]>([
  ['a new namespace', [right], (stage) => stage.put(Namespace, namespace('new')), [create]],
  ['another one is deleted', [right, other], (stage) => stage.remove(ConfigMap, other), []],
  ['it is deleted', [right, other], (stage) => stage.remove(ConfigMap, right), [create]],
  [
    'a field is added',
    [right],
    (stage) => stage.put(ConfigMap, { ...right, data: { ...right.data, test: 'test' } }),
    [update],
  ],
  [
    'a field is changed',
    [right],
    (stage) => stage.put(ConfigMap, { ...right, data: { 'ca.crt': 'abc' } }),
    [update],
  ],
  [
    'what it says of itself is taken away',
    [right],
    (stage) => stage.put(ConfigMap, map('kube-root-ca.crt', { 'ca.crt': 'fake-root-ca' }, {})),
    [update],
  ],
  [
    'another one is changed',
    [right, other],
    (stage) => stage.put(ConfigMap, { ...other, data: { aa: 'bb' } }),
    [],
  ],
  ['the namespace ends', [right], (stage) => stage.put(Namespace, namespace('default', 'Terminating')), []],
  [
    'it is deleted as the namespace ends',
    [right],
    (stage) => {
      stage.put(Namespace, namespace('default', 'Terminating'));
      stage.remove(ConfigMap, right);
    },
    [],
  ],
])('%s', async (_title, maps, change, expected) => {
  const stage = createStage();
  stage.put(Namespace, namespace('default'));
  for (const one of maps) stage.put(ConfigMap, one);
  await stage.play((deps) => createRootCaPublisher({ rootCa: 'fake-root-ca' }, deps));
  expect(stage.told()).toEqual([]);
  change(stage);
  await stage.settle();
  expect(stage.told()).toEqual(expected);
  for (const { body } of stage.writes) {
    expect((body as ConfigMap).data).toEqual(right.data);
    expect((body as ConfigMap).metadata.annotations?.['kubernetes.io/description']).toBeDefined();
  }
  await stage.stop();
});

it.each<[string, Error | undefined, string]>([
  ['what went well', undefined, '200'],
  ['what the server answered', notFound({ group: '', resource: 'configmaps' }, 'kube-root-ca.crt'), '404'],
  [
    'what the server did not explain',
    new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 0 }),
    '500',
  ],
  ['what else went wrong', new Error('mock error'), '500'],
])('is counted: %s', async (_title, refusal, code) => {
  const stage = createStage({ refuse: () => refusal });
  stage.put(Namespace, namespace('default'));
  await stage.play((deps) => createRootCaPublisher({ rootCa: 'fake-root-ca' }, deps));
  expect(stage.counted).toEqual({
    [`root_ca_cert_publisher_sync_total{${code}}`]: 1,
    [`root_ca_cert_publisher_sync_duration_seconds{${code}}`]: 1,
  });
  await stage.stop();
});
