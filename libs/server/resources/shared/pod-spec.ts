import {
  compareQuantities,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
  validateAnnotations,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabels,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec, PodTemplateSpec, Volume } from '@drydock/api/core/v1';
import { oneOf, optionalOneOf, textErrors } from '../common/index.ts';
import {
  validateContainers,
  validateEphemeralContainers,
  validateImages,
  validateInitContainers,
} from './containers.ts';
import { validateResources } from './container-resources.ts';
import { validateAffinity, validateSpreadConstraints } from './placement.ts';
import { podAnnotationErrors, profileMatchErrors } from './pod-annotations.ts';
import { validateDnsConfig, validateHostAliases, validateHostnames } from './pod-names.ts';
import { validatePodSecurity } from './security-context.ts';
import { validateTolerations } from './tolerations.ts';
import { hostProcessErrors } from './windows-options.ts';
import { validateVolumes } from './volume-sources.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const maxDeadlineSeconds = 2 ** 31 - 1;

/** On the node's own network a container's port is the node's. */
function hostNetworkErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  return (['containers', 'initContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ ports }, index) =>
      (ports ?? []).flatMap(({ hostPort, containerPort }, place) => {
        if (hostPort === containerPort) return [];
        const at = where.child(list).index(index).child('ports').index(place);
        const detail = 'must match `hostPort` when `hostNetwork` is true';
        return [invalidValue(at.child('containerPort'), containerPort, detail)];
      }),
    ),
  );
}

function hostUsersErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const shares = [
    ['hostNetwork', 'hostNetwork'],
    ['hostPID', 'HostPID'],
    ['hostIPC', 'HostIPC'],
  ] as const;
  return shares
    .filter(([field]) => spec[field] === true)
    .map(([, shown]) => forbiddenField(where.child(shown), 'when `pod.Spec.HostUsers` is false'));
}

function gateErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const errors = (spec.readinessGates ?? []).flatMap(({ conditionType = '' }, index) =>
    textErrors(
      validateQualifiedName(conditionType),
      conditionType,
      where.child('readinessGates').index(index).child('conditionType'),
    ),
  );
  const seen = new Set<string>();
  spec.schedulingGates?.forEach(({ name = '' }, index) => {
    const at = where.child('schedulingGates').index(index);
    errors.push(...textErrors(validateQualifiedName(name), name, at));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
  return errors;
}

function claimErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return (spec.resourceClaims ?? []).flatMap((claim, index) => {
    const at = where.index(index);
    const { name = '', resourceClaimName, resourceClaimTemplateName } = claim;
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(at.child('name')));
    else if (seen.has(name)) errors.push(duplicate(at.child('name'), name));
    else errors.push(...textErrors(validateDns1123Label(name), name, at.child('name')));
    seen.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const detail = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(invalidValue(at, claim, detail));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      const detail = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      errors.push(invalidValue(at, claim, detail));
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const given = claim[field];
      if (given !== undefined)
        errors.push(...textErrors(validateDns1123Subdomain(given), given, at.child(field)));
    }
    return errors;
  });
}

function nameErrors(spec: PodSpec, where: FieldPath, names: readonly (keyof PodSpec)[]): FieldError[] {
  return names.flatMap((field) => {
    const value = spec[field];
    return typeof value === 'string' && value !== ''
      ? textErrors(validateDns1123Subdomain(value), value, where.child(field))
      : [];
  });
}

/** What the whole Pod may use is not below what one container may. */
function podResourceErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const limits = spec.resources?.limits ?? {};
  return (spec.containers ?? []).flatMap(({ resources }, index) =>
    Object.entries(resources?.limits ?? {}).flatMap(([name, limit]) => {
      const most = limits[name];
      if (most === undefined || compareQuantities(limit, most) <= 0) return [];
      const at = where.child('containers').index(index).key(name).child('limits');
      return [invalidValue(at, limit, `must be less than or equal to pod limits of ${most}`)];
    }),
  );
}

function deadlineErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const seconds = spec.activeDeadlineSeconds ?? undefined;
  return seconds !== undefined && (seconds < 1 || seconds > maxDeadlineSeconds)
    ? [invalidValue(where, seconds, `must be between 1 and ${maxDeadlineSeconds}, inclusive`)]
    : [];
}

/**
 * A Pod's spec, as in a Pod or a template. Errors come in Kubernetes' order.
 * @param podName of a Pod; none in a template
 */
export function validatePodSpec(spec: PodSpec | undefined, where: FieldPath, podName = ''): FieldError[] {
  if (spec === undefined) return [required(where.child('containers'))];
  const names = new Set<string>();
  const volumes = new Map((spec.volumes ?? []).map((volume): [string, Volume] => [volume.name, volume]));
  const context = { spec, volumes };
  const osErrors =
    spec.os === undefined || spec.os === null
      ? []
      : oneOf(spec.os.name, ['linux', 'windows'], where.child('os', 'name'));
  return [
    ...validateVolumes(spec.volumes, where.child('volumes'), podName),
    ...claimErrors(spec, where.child('resourceClaims')),
    ...validateContainers(where.child('containers'), context, names),
    ...validateInitContainers(where.child('initContainers'), context, names),
    ...validateEphemeralContainers(where.child('ephemeralContainers'), context, names),
    ...podResourceErrors(spec, where.child('resources')),
    ...hostNetworkErrors(spec, where),
    ...oneOf(spec.restartPolicy, restartPolicies, where.child('restartPolicy')),
    ...oneOf(spec.dnsPolicy, dnsPolicies, where.child('dnsPolicy')),
    ...validateLabels(spec.nodeSelector, where.child('nodeSelector')),
    ...validatePodSecurity(spec, where),
    ...validateAffinity(spec.affinity, where.child('affinity')),
    ...validateDnsConfig(spec, where.child('dnsConfig')),
    ...gateErrors(spec, where),
    ...validateSpreadConstraints(spec.topologySpreadConstraints, where.child('topologySpreadConstraints')),
    ...hostUsersErrors(spec, where),
    ...nameErrors(spec, where, ['serviceAccountName', 'nodeName']),
    ...deadlineErrors(spec, where.child('activeDeadlineSeconds')),
    ...validateHostnames(spec, where),
    ...validateTolerations(spec.tolerations, where.child('tolerations')),
    ...validateHostAliases(spec, where.child('hostAliases')),
    ...nameErrors(spec, where, ['priorityClassName', 'runtimeClassName']),
    ...optionalOneOf(
      spec.preemptionPolicy ?? undefined,
      ['PreemptLowerPriority', 'Never'],
      where.child('preemptionPolicy'),
    ),
    ...validateResources({ limits: spec.overhead }, where.child('overhead')),
    ...osErrors,
    ...hostProcessErrors(spec, where),
  ];
}

/** Of Pods only, not of templates. */
export function validatePodOnly(spec: PodSpec | undefined, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec?.serviceAccountName) {
    spec?.volumes?.forEach((volume, index) =>
      volume.projected?.sources?.forEach((source, place) => {
        if (!source.serviceAccountToken) return;
        const at = where.child('volumes').index(index).child('projected', 'sources').index(place);
        const detail = 'must not be specified when serviceAccountName is not set';
        errors.push(forbiddenField(at.child('serviceAccountToken'), detail));
      }),
    );
  }
  return [
    ...errors,
    ...validateImages(spec?.containers, where.child('containers')),
    ...validateImages(spec?.initContainers, where.child('initContainers')),
  ];
}

/** A Pod template: its labels and its spec. */
export function validatePodTemplateSpec(
  template: PodTemplateSpec | undefined,
  where: FieldPath,
): FieldError[] {
  const { labels, annotations } = template?.metadata ?? {};
  const spec = template?.spec;
  const errors = [
    ...validateLabels(labels, where.child('labels')),
    ...validateAnnotations(annotations, where.child('annotations')),
    ...podAnnotationErrors(annotations, spec, where.child('annotations')),
    ...validatePodSpec(spec, where.child('spec')),
    ...profileMatchErrors(annotations, spec, where.child('spec')),
  ];
  if ((template?.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push(
      forbiddenField(
        where.child('spec', 'ephemeralContainers'),
        'ephemeral containers not allowed in pod template',
      ),
    );
  }
  return errors;
}
