import { Pod } from '@drydock/api/core/v1';
import { formatTime, isNotFound, observed } from '@drydock/base/apimachinery';
import { retryOnConflict, type ControllerDeps, type EventRecorder } from '@drydock/machinery/controller';
import type { PodInfo } from '../framework/index.ts';

/** What the scheduler writes about Pods. None of it throws, but `bind`. */
export interface PodWrites {
  bind(pod: PodInfo, nodeName: string): Promise<void>;
  /** Why a Pod waits; and the node it is promised ('' none any more, undefined as before). */
  markUnscheduled(pod: Pod, reason: string, message: string, nominatedNodeName?: string): Promise<void>;
  clearNomination(pod: Pod): Promise<void>;
  /** Tells the node that a Pod is on its way to. */
  nominate(pod: Pod, nodeName: string): Promise<void>;
  /** Evicts a Pod in favour of a more important one; answers whether it goes. */
  preempt(victim: Pod, by: PodInfo, nodeName: string, recorder: EventRecorder): Promise<boolean>;
}

const conditionOf = (pod: Pod, name: string) => pod.status?.conditions?.find(({ type }) => type === name);

export function createPodWrites({
  client,
  clock,
  logger,
}: Pick<ControllerDeps, 'client' | 'clock' | 'logger'>): PodWrites {
  async function patchStatus(pod: Pod, status: object): Promise<boolean> {
    const { namespace = '', name = '', uid } = pod.metadata;
    try {
      await retryOnConflict(() =>
        client
          .resource(Pod)
          .namespace(namespace)
          .patch(name, { type: 'strategic', body: { metadata: { uid }, status } }, { subresource: 'status' }),
      );
      return true;
    } catch (error) {
      if (!isNotFound(error))
        logger.warn('could not write the status of a pod', { pod: `${namespace}/${name}`, err: error });
      return false;
    }
  }

  return {
    async bind({ pod }, nodeName) {
      const { namespace = '', name = '', uid } = pod.metadata;
      await client
        .resource(Pod)
        .namespace(namespace)
        .createSubresource(name, 'binding', {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid },
          target: { kind: 'Node', name: nodeName },
        } as never);
    },
    async markUnscheduled(pod, reason, message, nominatedNodeName) {
      const present = conditionOf(pod, 'PodScheduled');
      const said = present?.status === 'False' && present.reason === reason && present.message === message;
      const promised = pod.status?.nominatedNodeName ?? '';
      const renominate = nominatedNodeName !== undefined && nominatedNodeName !== promised;
      if (said && !renominate) return;
      await patchStatus(pod, {
        ...(renominate ? { nominatedNodeName: nominatedNodeName || null } : {}),
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason,
            message,
            ...observed(pod),
            lastTransitionTime:
              present?.status === 'False' ? present.lastTransitionTime : formatTime(clock.now()),
          },
        ],
      });
    },
    async nominate(pod, nodeName) {
      if (pod.status?.nominatedNodeName !== nodeName) await patchStatus(pod, { nominatedNodeName: nodeName });
    },
    async clearNomination(pod) {
      if (pod.status?.nominatedNodeName) await patchStatus(pod, { nominatedNodeName: null });
    },
    async preempt(victim, by, nodeName, recorder) {
      const { namespace = '', name = '', uid } = victim.metadata;
      const marked = await patchStatus(victim, {
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'PreemptionByScheduler',
            message: `${by.pod.spec?.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
            ...observed(victim),
            lastTransitionTime: formatTime(clock.now()),
          },
        ],
      });
      if (!marked) return false;
      try {
        await client
          .resource(Pod)
          .namespace(namespace)
          .delete(name, { preconditions: uid === undefined ? {} : { uid } });
      } catch (error) {
        if (isNotFound(error)) return true;
        logger.warn('could not evict a pod', { pod: `${namespace}/${name}`, err: error });
        return false;
      }
      recorder.event(
        victim,
        'Normal',
        'Preempted',
        `Preempted by pod ${by.pod.metadata.uid ?? ''} on node ${nodeName}`,
      );
      return true;
    },
  };
}
