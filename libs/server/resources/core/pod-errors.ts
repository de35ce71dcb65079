import {
  cloneJson,
  deepEqual,
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  semanticEqual,
  validateDns1123Subdomain,
  validateIp,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Pod, PodSpec } from '@drydock/api/core/v1';
import { immutable, textErrors } from '../common/index.ts';
import { podAnnotationChangeErrors, podAnnotationErrors, profileMatchErrors } from '../shared/index.ts';

const spec = fieldPath('spec');
const maxDeadlineSeconds = 2 ** 31 - 1;
const gatedNode = 'cannot be set until all schedulingGates have been cleared';

function isGated(value: PodSpec | undefined): boolean {
  return (value?.schedulingGates ?? []).length > 0;
}

/** What a new Pod may not have yet. */
export function podCreateErrors({ metadata, spec: value }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if ((value?.ephemeralContainers ?? []).length > 0)
    errors.push(forbiddenField(spec.child('ephemeralContainers'), 'cannot be set on create'));
  if (value?.nodeName && isGated(value)) errors.push(forbiddenField(spec.child('nodeName'), gatedNode));
  return [...errors, ...profileMatchErrors(metadata.annotations, value, spec)];
}

/** A deadline may be set and shortened. */
function deadlineErrors(now: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  const at = spec.child('activeDeadlineSeconds');
  const after = now?.activeDeadlineSeconds;
  const before = old?.activeDeadlineSeconds;
  if (after === undefined) {
    return before === undefined
      ? []
      : [invalidValue(at, null, 'must not update from a positive integer to nil value')];
  }
  if (after < 0 || after > maxDeadlineSeconds)
    return [invalidValue(at, after, `must be between 0 and ${maxDeadlineSeconds}, inclusive`)];
  return before !== undefined && before < after
    ? [invalidValue(at, after, 'must be less than or equal to previous value')]
    : [];
}

type NodeAffinity = NonNullable<PodSpec['affinity']>['nodeAffinity'];
type Term = NonNullable<
  NonNullable<
    NonNullable<NodeAffinity>['requiredDuringSchedulingIgnoredDuringExecution']
  >['nodeSelectorTerms']
>[number];

/** Whether a term still demands all that it did, in the same order, and nothing of a term that demanded nothing. */
function onlyAdds(now: Term | undefined, old: Term): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  if (lists.every((list) => (old[list] ?? []).length === 0))
    return lists.every((list) => (now?.[list] ?? []).length === 0);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return semanticEqual((now?.[list] ?? []).slice(0, before.length), before);
  });
}

/** A Pod that is held back may get demands on its node, and lose none. */
function affinityErrors(now: NodeAffinity, old: NodeAffinity): FieldError[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const at = spec.child('affinity', 'nodeAffinity', required, 'nodeSelectorTerms');
  const before = old?.[required]?.nodeSelectorTerms ?? [];
  const after = now?.[required]?.nodeSelectorTerms ?? [];
  if (before.length === 0) return [];
  if (before.length !== after.length) {
    const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [invalidValue(at, after, detail)];
  }
  const detail = 'only additions are allowed (no mutations or deletions)';
  return before.flatMap((term, index) =>
    onlyAdds(after[index], term) ? [] : [invalidValue(at.index(index), after[index], detail)],
  );
}

/** Gates only go; while there are some, a Pod may be bound closer but not elsewhere, and not to a node. */
function gateErrors(now: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  const known = new Set(old?.schedulingGates?.map(({ name }) => name));
  const errors = (now?.schedulingGates ?? []).flatMap(({ name }, index) => {
    if (known.has(name)) return [];
    const at = spec.child('schedulingGates').index(index).child('name');
    return [forbiddenField(at, `only deletion is allowed, but found new scheduling gate '${name}'`)];
  });
  if (!isGated(old)) return errors;
  const wanted = now?.nodeSelector ?? {};
  if (Object.entries(old?.nodeSelector ?? {}).some(([key, value]) => wanted[key] !== value)) {
    const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.push(invalidValue(spec.child('nodeSelector'), wanted, detail));
  }
  errors.push(...affinityErrors(now?.affinity?.nodeAffinity, old?.affinity?.nodeAffinity));
  if ((now?.nodeName ?? '') !== (old?.nodeName ?? ''))
    errors.push(forbiddenField(spec.child('nodeName'), gatedNode));
  return errors;
}

/** Addresses that a Pod reports: each an address, one of each family at most, none twice. */
function addressErrors({ status }: Pod): FieldError[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((field) => {
    const at = fieldPath('status', field);
    const addresses = (status?.[field] ?? []).map(({ ip = '' }) => ip);
    const errors = addresses.flatMap((ip, index) => textErrors(validateIp(ip), ip, at.index(index)));
    if (addresses.length < 2) return errors;
    const families = new Set(addresses.map((ip) => ip.includes(':')));
    if (addresses.length > 2 || families.size === 1)
      errors.push(invalidValue(at, status?.[field], 'may specify no more than one IP for each IP family'));
    addresses.forEach((ip, index) => {
      if (addresses.indexOf(ip) < index) errors.push(duplicate(at.index(index), { IP: ip }));
    });
    return errors;
  });
}

type ContainerStatuses = NonNullable<Pod['status']>['containerStatuses'];

/** Containers that have ended for good do not run again; `again` says which may. */
function restartErrors(
  now: ContainerStatuses,
  old: ContainerStatuses,
  where: FieldPath,
  again: (name: string, exitCode: number) => boolean,
): FieldError[] {
  return (old ?? []).flatMap(({ name, state }, index) => {
    const ended = state?.terminated;
    if (!ended || again(name, ended.exitCode ?? 0)) return [];
    const runs = now?.some((one) => one.name === name && !one.state?.terminated) === true;
    const at = where.index(index).child('state');
    return runs ? [forbiddenField(at, 'may not be transitioned to non-terminated state')] : [];
  });
}

/** Whether the kubelet starts a container again that ended with this code. */
function restarts({ spec: value }: Pod, exitCode: number): boolean {
  const policy = value?.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** What a Pod's status may not say, by itself and after what it said before. */
export function podStatusErrors(pod: Pod, old: Pod): FieldError[] {
  const { status: now = {}, metadata } = pod;
  const before = old.status ?? {};
  const at = fieldPath('status');
  const annotations = fieldPath('metadata', 'annotations');
  const errors = [
    ...podAnnotationChangeErrors(metadata.annotations, old.metadata.annotations, annotations),
    ...podAnnotationErrors(metadata.annotations, pod.spec, annotations),
  ];
  now.conditions?.forEach(({ type = '' }, index) => {
    // Told of the metadata, and with Go's name.
    const where = fieldPath('metadata', 'conditions').index(index).child('Type');
    if (!systemConditions.has(type)) errors.push(...textErrors(validateQualifiedName(type), type, where));
  });
  const nominated = now.nominatedNodeName ?? '';
  if (nominated !== '' && nominated !== before.nominatedNodeName)
    errors.push(...textErrors(validateDns1123Subdomain(nominated), nominated, at.child('nominatedNodeName')));
  const sidecars = new Set(
    old.spec?.initContainers?.filter((one) => one.restartPolicy === 'Always').map(({ name }) => name),
  );
  return [
    ...errors,
    ...immutable(now.qosClass, before.qosClass, at.child('qosClass')),
    ...restartErrors(
      now.containerStatuses,
      before.containerStatuses,
      at.child('containerStatuses'),
      (_name, code) => restarts(old, code),
    ),
    ...restartErrors(
      now.initContainerStatuses,
      before.initContainerStatuses,
      at.child('initContainerStatuses'),
      (name, code) => sidecars.has(name) || restarts(old, code),
    ),
    ...restartErrors(
      now.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      at.child('ephemeralContainerStatuses'),
      () => false,
    ),
    ...addressErrors(pod),
  ];
}

/** The parts of a Pod's spec that may change, taken out, so that the rest can be compared. */
function frozenPart(podSpec: PodSpec | undefined, old: PodSpec | undefined): PodSpec {
  const frozen = cloneJson(podSpec ?? ({} as PodSpec));
  frozen.containers?.forEach((container, index) => (container.image = old?.containers?.[index]?.image));
  frozen.initContainers?.forEach(
    (container, index) => (container.image = old?.initContainers?.[index]?.image),
  );
  frozen.activeDeadlineSeconds = old?.activeDeadlineSeconds;
  frozen.tolerations = old?.tolerations;
  if ((old?.terminationGracePeriodSeconds ?? 0) < 0 && frozen.terminationGracePeriodSeconds === 1) {
    frozen.terminationGracePeriodSeconds = old?.terminationGracePeriodSeconds;
  }
  frozen.schedulingGates = old?.schedulingGates;
  if (isGated(old)) {
    frozen.nodeSelector = old?.nodeSelector;
    const nodeAffinity = old?.affinity?.nodeAffinity;
    const affinity = { ...frozen.affinity, nodeAffinity };
    const empty = Object.values(affinity).every((part) => part === undefined);
    frozen.affinity = empty && old?.affinity === undefined ? undefined : affinity;
  }
  return JSON.parse(JSON.stringify(frozen)) as PodSpec;
}

/** What may not change in a Pod, beside what is wrong with it. */
export function podUpdateErrors(pod: Pod, old: Pod): FieldError[] {
  const annotations = fieldPath('metadata', 'annotations');
  const errors = podAnnotationChangeErrors(pod.metadata.annotations, old.metadata.annotations, annotations);
  for (const list of ['containers', 'initContainers'] as const) {
    if ((pod.spec?.[list] ?? []).length === (old.spec?.[list] ?? []).length) continue;
    return [...errors, forbiddenField(spec.child(list), 'pod updates may not add or remove containers')];
  }
  const tolerations = pod.spec?.tolerations ?? [];
  const lost = (old.spec?.tolerations ?? []).some(
    (before) =>
      !tolerations.some((after) =>
        deepEqual({ ...after, tolerationSeconds: 0 }, { ...before, tolerationSeconds: 0 }),
      ),
  );
  if (lost) {
    errors.push(
      forbiddenField(
        spec.child('tolerations'),
        'existing toleration can not be modified except its tolerationSeconds',
      ),
    );
  }
  const deadline = deadlineErrors(pod.spec, old.spec);
  if (deadline.length > 0) return [...errors, ...deadline];
  errors.push(...gateErrors(pod.spec, old.spec));
  const before = frozenPart(old.spec, old.spec);
  const after = frozenPart(pod.spec, old.spec);
  if (!deepEqual(before, after)) {
    errors.push(
      forbiddenField(
        spec,
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
          '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
          '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n' +
          difference(before, after),
      ),
    );
  }
  return errors;
}

/** The top-level fields that differ, the old ones marked `-` and the new ones `+`. */
function difference(before: PodSpec, after: PodSpec): string {
  const lines: string[] = ['  core.PodSpec{'];
  const olds = before as unknown as Record<string, unknown>;
  const news = after as unknown as Record<string, unknown>;
  for (const name of [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort()) {
    if (deepEqual(olds[name], news[name])) continue;
    const label = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
    if (olds[name] !== undefined) lines.push(`- \t${label}: ${JSON.stringify(olds[name])},`);
    if (news[name] !== undefined) lines.push(`+ \t${label}: ${JSON.stringify(news[name])},`);
  }
  lines.push('  }\n');
  return lines.join('\n');
}
