import { selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { ReplicaSet } from '@drydock/api/apps/v1';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createReplicaController } from '../replicas/index.ts';

/** `replicaset-controller`: as many Pods as each ReplicaSet asks for. */
export const createReplicaSetController: ControllerFactory = (deps) =>
  createReplicaController(
    {
      name: 'replicaset-controller',
      component: 'replicaset-controller',
      type: ReplicaSet,
      countsTerminating: true,
      read: ({ spec }) => ({
        replicas: spec.replicas ?? 1,
        minReadySeconds: spec.minReadySeconds ?? 0,
        selector: selectorFromLabelSelector(spec.selector),
        template: spec.template,
      }),
      status: (object) => object.status,
      withStatus: (object, status) => ({ ...object, status }),
    },
    deps,
  );
