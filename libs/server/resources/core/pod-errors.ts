import {
  cloneJson,
  deepEqual,
  fieldPath,
  forbiddenField,
  invalidValue,
  validateIp,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Pod, PodSpec } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';

const spec = fieldPath('spec');
const maxDeadlineSeconds = 2 ** 31 - 1;
const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const gatedNode = 'cannot be set until all schedulingGates have been cleared';

function isGated(value: PodSpec | undefined): boolean {
  return (value?.schedulingGates ?? []).length > 0;
}

/** Annotations that Kubernetes itself reads. */
export function podAnnotationErrors({ metadata, spec: value }: Pod): FieldError[] {
  const annotations = metadata.annotations ?? {};
  const at = fieldPath('metadata', 'annotations');
  const errors: FieldError[] = [];
  const mirrored = annotations[mirror];
  if (mirrored !== undefined && !value?.nodeName) {
    const detail = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(invalidValue(at.key(mirror), mirrored, detail));
  }
  const cost = annotations[deletionCost];
  if (cost !== undefined && !(/^(0|-?[1-9]\d*)$/.test(cost) && Number(cost) === (Number(cost) | 0)))
    errors.push(invalidValue(at.key(deletionCost), cost, 'must be a 32bit integer'));
  return errors;
}

/** What a new Pod may not have yet. */
export function podCreateErrors({ spec: value }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if ((value?.ephemeralContainers ?? []).length > 0)
    errors.push(forbiddenField(spec.child('ephemeralContainers'), 'cannot be set on create'));
  if (value?.nodeName && isGated(value)) errors.push(forbiddenField(spec.child('nodeName'), gatedNode));
  return errors;
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
  if ((now?.nodeName ?? '') !== (old?.nodeName ?? ''))
    errors.push(forbiddenField(spec.child('nodeName'), gatedNode));
  return errors;
}

/** Addresses that a Pod reports: each an address, one of each family at most. */
export function podStatusErrors({ status }: Pod): FieldError[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((field) => {
    const at = fieldPath('status', field);
    const addresses = (status?.[field] ?? []).map(({ ip = '' }) => ip);
    const errors = addresses.flatMap((ip, index) => textErrors(validateIp(ip), ip, at.index(index)));
    const families = new Set(addresses.map((ip) => ip.includes(':')));
    if (addresses.length > 1 && (addresses.length > 2 || families.size === 1))
      errors.push(invalidValue(at, status?.[field], 'may specify no more than one IP for each IP family'));
    return errors;
  });
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
  if (old?.terminationGracePeriodSeconds !== undefined && old.terminationGracePeriodSeconds < 0) {
    frozen.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  frozen.schedulingGates = old?.schedulingGates;
  if (isGated(old)) {
    frozen.nodeSelector = old?.nodeSelector;
    frozen.affinity = old?.affinity;
  }
  return JSON.parse(JSON.stringify(frozen)) as PodSpec;
}

/** What may not change in a Pod, beside what is wrong with it. */
export function podUpdateErrors(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if ((pod.spec?.containers ?? []).length !== (old.spec?.containers ?? []).length) {
    return [forbiddenField(spec.child('containers'), 'pod updates may not add or remove containers')];
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
