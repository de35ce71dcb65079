import { expect, it } from 'vitest';
import { Namespace, ServiceAccount } from '@drydock/api/core/v1';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createServiceAccountController } from './index.ts';

// The facts of kube-controller-manager's own table about the account that every namespace has.

const namespace = (phase: string): Namespace => ({ metadata: { name: 'home' }, status: { phase } });
const account = (name: string): ServiceAccount => ({ metadata: { name, namespace: 'home' } });
const [active, going] = [namespace('Active'), namespace('Terminating')];
const [main, other] = [account('default'), account('other')];

it.each<[string, (Namespace | undefined)[], ServiceAccount[], (stage: Stage) => void, created: number]>([
  ['a new namespace without', [undefined], [], (stage) => stage.put(Namespace, active), 1],
  ['a new namespace with another', [undefined], [other], (stage) => stage.put(Namespace, active), 1],
  ['a new namespace with it', [undefined], [main, other], (stage) => stage.put(Namespace, active), 0],
  ['a new namespace that ends', [undefined], [], (stage) => stage.put(Namespace, going), 0],
  ['a namespace that changes, without', [going], [], (stage) => stage.put(Namespace, active), 1],
  ['a namespace that changes, with it', [active], [main], (stage) => stage.put(Namespace, active), 0],
  ['a namespace that begins to end', [active], [main], (stage) => stage.put(Namespace, going), 0],
  ['it goes, without namespace', [undefined], [main], (stage) => stage.remove(ServiceAccount, main), 0],
  ['it goes', [active], [main, other], (stage) => stage.remove(ServiceAccount, main), 1],
  ['it goes with its namespace', [going], [main], (stage) => stage.remove(ServiceAccount, main), 0],
  ['another goes', [active], [main, other], (stage) => stage.remove(ServiceAccount, other), 0],
  ['another goes with its namespace', [going], [other], (stage) => stage.remove(ServiceAccount, other), 0],
])('%s', async (_title, [home], accounts, change, created) => {
  const stage = createStage();
  if (home !== undefined) stage.put(Namespace, home);
  for (const one of accounts) stage.put(ServiceAccount, one);
  await stage.play(createServiceAccountController);
  expect(stage.told()).toEqual([]);
  change(stage);
  await stage.settle();
  expect(stage.told()).toEqual(Array(created).fill('create serviceaccounts default'));
  await stage.stop();
});
