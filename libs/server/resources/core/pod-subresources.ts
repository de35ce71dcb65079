import type { Container, Pod } from '@drydock/api/core/v1';
import {
  cloneJson,
  conflict,
  deepEqual,
  fieldPath,
  forbiddenField,
  formatTime,
  invalid,
  notSupported,
  required,
  type FieldError,
  type KubeObject,
  observed,
} from '@drydock/base/apimachinery';
import type { SubresourceHandler } from '../../registry/types.ts';
import { applyPodDefaults } from '@drydock/api/defaulting';
import { validatePodSpec } from '../shared/index.ts';

const spec = fieldPath('spec');

/** `pods/binding`: gives the Pod its node. */
export const binding: SubresourceHandler = {
  kind: 'Binding',
  version: 'v1',
  verbs: ['create'],
  async create(request, body) {
    const { target } = body as KubeObject & { target?: { kind?: string; name?: string } };
    const errors: FieldError[] = [];
    if (target?.kind && target.kind !== 'Node') {
      errors.push(notSupported(fieldPath('target', 'kind'), target.kind, ['Node', '<empty>']));
    }
    if (!target?.name) errors.push(required(fieldPath('target', 'name')));
    if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, request.name, errors);
    const now = formatTime(request.context.clock.now());
    await request.updateParent((draft) => {
      const pod = draft as Pod;
      const refuse = (why: string): never => {
        throw conflict({ group: '', resource: 'pods/binding' }, request.name, why);
      };
      const { uid } = body.metadata ?? {};
      if (uid !== undefined && uid !== pod.metadata.uid) {
        refuse(
          `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`,
        );
      }
      if (pod.metadata.deletionTimestamp !== undefined)
        refuse(`pod ${request.name} is being deleted, cannot be assigned to a host`);
      if (pod.spec?.nodeName)
        refuse(`pod ${request.name} is already assigned to node "${pod.spec.nodeName}"`);
      if ((pod.spec?.schedulingGates ?? []).length > 0)
        refuse(`pod ${request.name} has non-empty .spec.schedulingGates`);
      if (pod.spec === undefined) return;
      pod.spec.nodeName = target?.name;
      const annotations = body.metadata?.annotations;
      if (annotations !== undefined)
        pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
      pod.status ??= {};
      // The promise is kept: it must not be taken for news.
      delete pod.status.nominatedNodeName;
      const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
      pod.status.conditions = [
        ...others,
        {
          type: 'PodScheduled',
          status: 'True',
          ...observed(pod),
          lastProbeTime: null as never,
          lastTransitionTime: now,
        },
      ];
    });
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as KubeObject;
  },
};

/** `pods/ephemeralcontainers`: adds containers for debugging; those that are there stay as they are. */
export const ephemeralContainers: SubresourceHandler = {
  kind: 'Pod',
  version: 'v1',
  verbs: ['get', 'update', 'patch'],
  get: (request) => request.parent(),
  update: (request, body) =>
    request.updateParent((draft) => {
      const pod = draft as Pod;
      for (const one of [pod, body as Pod]) applyPodDefaults(one);
      const wanted = (body as Pod).spec?.ephemeralContainers ?? [];
      const present = pod.spec?.ephemeralContainers ?? [];
      for (const before of present) {
        const after = wanted.find(({ name }) => name === before.name);
        if (after === undefined || !deepEqual(before, after)) {
          throw invalid({ group: '', kind: 'Pod' }, request.name, [
            forbiddenField(
              spec.child('ephemeralContainers'),
              `existing ephemeral containers "${before.name}" may not be ${after === undefined ? 'removed' : 'changed'}\n`,
            ),
          ]);
        }
      }
      if (pod.spec === undefined) return;
      pod.spec.ephemeralContainers = wanted;
      const errors = validatePodSpec(pod.spec, spec);
      if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, request.name, errors);
    }),
};

/** What a resize may change of a container, taken out. */
function unsized(containers: readonly Container[] | undefined): unknown {
  return (containers ?? []).map(({ resources: _resources, resizePolicy: _policy, ...rest }) => rest);
}

/** `pods/resize`: changes the resources of containers in place, and nothing else. */
export const resize: SubresourceHandler = {
  kind: 'Pod',
  version: 'v1',
  verbs: ['get', 'update', 'patch'],
  get: (request) => request.parent(),
  update: (request, body) =>
    request.updateParent((draft) => {
      const pod = draft as Pod;
      applyPodDefaults(body as Pod);
      const wanted = (body as Pod).spec;
      if (pod.spec === undefined || wanted === undefined) return;
      const rest = (one: typeof wanted) => {
        const { containers, initContainers, ...others } = cloneJson(one);
        return [unsized(containers), unsized(initContainers), others];
      };
      if (!deepEqual(rest(wanted), rest(pod.spec))) {
        throw invalid({ group: '', kind: 'Pod' }, request.name, [
          forbiddenField(spec, 'only cpu and memory resources are mutable'),
        ]);
      }
      const errors = validatePodSpec(wanted, spec);
      if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, request.name, errors);
      if (deepEqual(wanted, pod.spec)) return;
      pod.spec = wanted;
      pod.metadata.generation = (pod.metadata.generation ?? 0) + 1;
    }),
};
