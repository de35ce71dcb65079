import { describe, expect, it } from 'vitest';
import { Secret, ServiceAccount } from '@drydock/api/core/v1';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { base64, createServiceAccountTokenController } from './controller.ts';

// The facts of kube-controller-manager's own table about token Secrets, those of accounts without any apart: since v1.24
// nobody makes them one.

const keys = { sign: () => 'ABC', verify: () => undefined } as never;
const loop = (deps: Stage['deps']) => createServiceAccountTokenController({ keys, rootCa: 'CA Data' }, deps);
const account = (...names: string[]): ServiceAccount => ({
  metadata: { name: 'default', namespace: 'default', uid: '12345' },
  ...(names.length === 0 ? {} : { secrets: names.map((name) => ({ name })) }),
});
const full = { token: 'ABC', 'ca.crt': 'CA Data', namespace: 'default' };
const secret = (data: Record<string, string | undefined> = {}, uid = '12345'): Secret => ({
  metadata: {
    name: 'token-secret-1',
    namespace: 'default',
    uid: '23456',
    annotations: {
      'kubernetes.io/service-account.name': 'default',
      ...(uid === '' ? {} : { 'kubernetes.io/service-account.uid': uid }),
    },
  },
  type: 'kubernetes.io/service-account-token',
  data: Object.fromEntries(
    Object.entries({ ...full, ...data })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, base64(value ?? '')]),
  ),
});
const plain: Secret = {
  metadata: { name: 'regular-secret-1', namespace: 'default', uid: '23456' },
  type: 'Opaque',
  data: { mykey: base64('mydata') },
};
const none = { token: undefined };
const [remove, update, unlist] = [
  'delete secrets token-secret-1',
  'update secrets token-secret-1',
  'update serviceaccounts default',
];

async function played(before: (ServiceAccount | Secret)[], change: (stage: Stage) => void) {
  const stage = createStage();
  for (const one of before) {
    if ('type' in one) stage.put(Secret, one as Secret);
    else stage.put(ServiceAccount, one as ServiceAccount);
  }
  await stage.play(loop);
  expect(stage.told()).toEqual([]);
  change(stage);
  await stage.settle();
  expect(stage.errors).toEqual([]);
  await stage.stop();
  return stage;
}

describe('news of an account', () => {
  it.each<[string, (ServiceAccount | Secret)[], (stage: Stage) => void, string[]]>([
    ['a new one without Secrets', [], (stage) => stage.put(ServiceAccount, account()), []],
    ['a new one whose Secret is missing', [], (stage) => stage.put(ServiceAccount, account('missing')), []],
    [
      'a new one with a plain Secret',
      [plain],
      (stage) => stage.put(ServiceAccount, account('regular-secret-1')),
      [],
    ],
    ['one that goes', [account()], (stage) => stage.remove(ServiceAccount, account()), []],
    [
      'one with a plain Secret goes',
      [account('regular-secret-1'), plain],
      (stage) => stage.remove(ServiceAccount, account('regular-secret-1')),
      [],
    ],
    [
      'one with a token Secret goes',
      [account('token-secret-1'), secret()],
      (stage) => stage.remove(ServiceAccount, account('token-secret-1')),
      [remove],
    ],
    [
      'one goes and another one comes',
      [account('token-secret-1'), secret()],
      (stage) => stage.put(ServiceAccount, { metadata: { ...account().metadata, uid: '6789' } }),
      [remove],
    ],
  ])('%s', async (_title, before, change, told) => {
    // On a stage a deletion does not show: it may be asked for twice.
    expect([...new Set((await played(before, change)).told())]).toEqual(told);
  });
});

describe('news of a Secret', () => {
  const whole = Object.fromEntries(Object.entries(full).map(([key, value]) => [key, base64(value)]));
  it.each<[string, ServiceAccount | undefined, Secret, string[]]>([
    ['without account', undefined, secret(), [remove]],
    ['of another account of the name', account(), secret({}, '6789'), [remove]],
    ['that is whole', account('token-secret-1'), secret(), []],
    ['without a token', account('token-secret-1'), secret(none), [update]],
    ['without the authority', account('token-secret-1'), secret({ 'ca.crt': undefined }), [update]],
    ['with another authority', account('token-secret-1'), secret({ 'ca.crt': 'mismatched' }), [update]],
    ['without a namespace', account('token-secret-1'), secret({ namespace: undefined }), [update]],
    ['with another namespace', account('token-secret-1'), secret({ namespace: 'custom' }), []],
    ['that says no uid', account('token-secret-1'), secret({}, ''), [update]],
    ['that is plain', account(), plain, []],
  ])('one %s', async (_title, of, one, told) => {
    for (const first of [undefined, plain]) {
      const before = [...(of === undefined ? [] : [of]), ...(first === undefined ? [] : [first])];
      const stage = await played(before, (on) => on.put(Secret, one));
      expect(stage.told()).toEqual(told);
      const [write] = stage.writes;
      if (told[0] === remove) expect(write?.body).toEqual({ preconditions: { uid: '23456' } });
      if (told[0] === update) {
        const written = write?.body as Secret;
        expect(written.data).toEqual(whole);
        expect(written.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe('12345');
      }
    }
  });

  it('one that the cache shows no account of, and the server does', async () => {
    const stage = await played([], (on) => {
      on.live(ServiceAccount, 'default', account());
      on.put(Secret, secret(none));
    });
    expect(stage.told()).toEqual([update]);
  });

  it.each<[string, ServiceAccount | undefined, string[], left: string[] | undefined]>([
    ['without account', undefined, [], undefined],
    ['of an account that lists it', account('token-secret-1'), [unlist], undefined],
    ['of an account that lists others too', account('a', 'token-secret-1', 'b'), [unlist], ['a', 'b']],
    ['of an account that does not list it', account(), [], undefined],
  ])('one goes %s', async (_title, of, told, left) => {
    const stage = createStage();
    if (of !== undefined) stage.put(ServiceAccount, of);
    stage.put(Secret, secret());
    await stage.play(loop);
    const from = stage.writes.length;
    stage.remove(Secret, secret());
    await stage.settle();
    expect(stage.told().slice(from)).toEqual(told);
    const written = stage.writes[from]?.body as ServiceAccount | undefined;
    expect(written?.secrets?.map(({ name }) => name)).toEqual(left);
    await stage.stop();
  });
});
