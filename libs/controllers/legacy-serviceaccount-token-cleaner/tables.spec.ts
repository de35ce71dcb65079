import { expect, it } from 'vitest';
import { ConfigMap, Pod, Secret, ServiceAccount } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createLegacyTokenCleaner } from './index.ts';

// The facts of kube-controller-manager's own table about tokens that nobody uses. `since` is the day up to which nothing counts.

const now = '2023-01-10';
const startMs = Date.parse(`${now}T12:00:00Z`);
const periodSince = (day: string) => startMs - Date.parse(`2022-12-${day}T00:00:00Z`);
interface SecretFacts {
  readonly used?: string;
  readonly invalid?: string;
  readonly created?: string;
  readonly account?: string;
  readonly uid?: string;
  readonly deleted?: boolean;
  readonly type?: string;
}
function secret(facts: SecretFacts = {}): Secret {
  const {
    used,
    invalid,
    created = '2022-12-27',
    account = 'default',
    uid = '12345',
    deleted = false,
  } = facts;
  return {
    metadata: {
      name: 'token-secret-1',
      namespace: 'default',
      uid: '23456',
      creationTimestamp: `${created}T00:00:00Z`,
      labels: {
        ...(used === undefined ? {} : { 'kubernetes.io/legacy-token-last-used': used }),
        ...(invalid === undefined ? {} : { 'kubernetes.io/legacy-token-invalid-since': invalid }),
      },
      annotations: {
        'kubernetes.io/service-account.name': account,
        'kubernetes.io/service-account.uid': uid,
      },
      ...(deleted ? { deletionTimestamp: `${now}T00:00:00Z` } : {}),
    },
    type: facts.type ?? 'kubernetes.io/service-account-token',
  };
}
const listed: ServiceAccount = {
  metadata: { name: 'default', namespace: 'default', uid: '12345' },
  secrets: [{ name: 'token-secret-1' }],
};
const unlisted: ServiceAccount = { metadata: listed.metadata };
const mounts = { volumes: [{ name: 'foo', secret: { secretName: 'token-secret-1' } }] };
const [mark, remove] = ['patch secrets token-secret-1', 'delete secrets token-secret-1'];

it.each<
  [
    string,
    {
      tracked?: string;
      data?: object;
      since: string;
      secret?: SecretFacts;
      account?: ServiceAccount | undefined;
      mounted?: boolean;
    },
    string | undefined,
  ]
>([
  ['nobody notes use', { data: {}, since: '28', secret: { used: '2022-12-27' } }, undefined],
  [
    'use is not noted for long enough',
    { tracked: '2022-12-29', since: '29', secret: { used: '2022-12-27' } },
    undefined,
  ],
  [
    'use is noted since an odd date',
    { tracked: '2022-12-27-1', since: '29', secret: { used: '2022-12-27' } },
    undefined,
  ],
  ['it is no token', { tracked: '2022-12-28', since: '29', secret: { type: 'Opaque' } }, undefined],
  ['its account does not list it', { tracked: '2022-12-27', since: '29', account: unlisted }, undefined],
  [
    'it is young',
    { tracked: '2022-12-27', since: '29', secret: { used: '2022-12-27', created: '2022-12-30' } },
    undefined,
  ],
  ['it is on its way out', { tracked: '2022-12-27', since: '30', secret: { deleted: true } }, undefined],
  ['it was used of late', { tracked: '2022-12-27', since: '29', secret: { used: '2022-12-30' } }, undefined],
  [
    'it was used on that very day',
    { tracked: '2022-12-27', since: '29', secret: { used: '2022-12-29' } },
    undefined,
  ],
  [
    'it was used at an odd date',
    { tracked: '2022-12-27', since: '29', secret: { used: '2022-12-27-1' } },
    undefined,
  ],
  ['its account is gone', { tracked: '2022-12-27', since: '29', account: undefined }, undefined],
  [
    'its account is another one of the name',
    { tracked: '2022-12-27', since: '29', secret: { uid: '123456' } },
    undefined,
  ],
  ['it names no account', { tracked: '2022-12-27', since: '29', secret: { account: '' } }, undefined],
  ['it was never used', { tracked: '2022-12-28', since: '30' }, mark],
  [
    'it was marked at an odd date',
    { tracked: '2022-12-28', since: '30', secret: { invalid: '2022-12-29-1' } },
    mark,
  ],
  [
    'it was marked of late',
    { tracked: '2022-12-27', since: '29', secret: { invalid: '2023-01-01' } },
    undefined,
  ],
  [
    'it was marked long ago',
    { tracked: '2022-12-28', since: '31', secret: { invalid: '2022-12-29' } },
    remove,
  ],
  ['it was used long ago', { tracked: '2022-12-27', since: '29', secret: { used: '2022-12-28' } }, mark],
  [
    'it was used and marked long ago',
    { tracked: '2022-12-28', since: '31', secret: { used: '2022-12-27', invalid: '2022-12-29' } },
    remove,
  ],
  [
    'a Pod mounts it',
    { tracked: '2022-12-28', since: '31', secret: { invalid: '2022-12-29' }, mounted: true },
    undefined,
  ],
])('%s', async (_title, given, expected) => {
  const { tracked, since, mounted = false } = given;
  const account = 'account' in given ? given.account : listed;
  const stage = createStage({ startMs });
  stage.put(ConfigMap, {
    metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
    data: tracked === undefined ? {} : { since: tracked },
  });
  if (account !== undefined) stage.put(ServiceAccount, account);
  stage.put(Secret, secret(given.secret));
  stage.put(Pod, { metadata: { name: 'pod-1', namespace: 'default' }, spec: mounted ? mounts : {} } as Pod);
  await stage.play((deps) => createLegacyTokenCleaner({ periodMs: periodSince(since) }, deps));
  expect(stage.told()).toEqual(expected === undefined ? [] : [expected]);
  const body = stage.writes[0]?.body as Secret | undefined;
  if (expected === mark)
    expect(body?.metadata.labels).toEqual({ 'kubernetes.io/legacy-token-invalid-since': now });
  await stage.stop();
});
