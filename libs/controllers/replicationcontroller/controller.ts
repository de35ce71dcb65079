import { nothing, selectorFromSet, type LabelMatcher } from '@drydock/base/apimachinery';
import { ReplicationController, type ReplicationControllerStatus } from '@drydock/api/core/v1';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createReplicaController } from '../replicas/index.ts';

/** `replicationcontroller-controller`: as many Pods as each ReplicationController asks for. */
export const createReplicationControllerController: ControllerFactory = (deps) => {
  const selectors = new WeakMap<object, LabelMatcher>();
  const selectorOf = (labels: Record<string, string> | undefined): LabelMatcher => {
    if (!labels || Object.keys(labels).length === 0) return nothing;
    let selector = selectors.get(labels);
    if (!selector) selectors.set(labels, (selector = selectorFromSet(labels)));
    return selector;
  };
  return createReplicaController(
    {
      name: 'replicationcontroller-controller',
      component: 'replication-controller',
      type: ReplicationController,
      countsTerminating: false,
      read: ({ spec = {} }) => ({
        replicas: spec.replicas ?? 1,
        minReadySeconds: spec.minReadySeconds ?? 0,
        selector: selectorOf(spec.selector),
        template: spec.template,
      }),
      status: (object) => object.status,
      withStatus: (object, status) => ({ ...object, status: status as ReplicationControllerStatus }),
    },
    deps,
  );
};
