import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1123Subdomain,
  validateLabels,
  validateLabelName,
  validateLabelValue,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec, PodTemplateSpec, Toleration } from '@drydock/api/core/v1';
import { validateContainers, validateVolumes } from './containers.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const operators = ['Equal', 'Exists'];

function validateTolerations(tolerations: readonly Toleration[] | undefined, where: FieldPath): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, index) => {
    const at = where.index(index);
    const errors: FieldError[] = [];
    if (toleration.key) errors.push(...validateLabelName(toleration.key, at.child('key')));
    if (!toleration.key && toleration.operator !== 'Exists') {
      errors.push(
        invalidValue(
          at.child('operator'),
          toleration.operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      errors.push(
        invalidValue(
          at.child('effect'),
          toleration.effect ?? '',
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      );
    }
    switch (toleration.operator) {
      case undefined:
      case '':
      case 'Equal':
        for (const message of validateLabelValue(toleration.value ?? '')) {
          errors.push(invalidValue(at.child('operator'), toleration.value, message));
        }
        break;
      case 'Exists':
        if (toleration.value) {
          errors.push(
            invalidValue(at.child('operator'), toleration, "value must be empty when `operator` is 'Exists'"),
          );
        }
        break;
      default:
        errors.push(notSupported(at.child('operator'), toleration.operator, operators));
    }
    if (toleration.effect && !effects.includes(toleration.effect)) {
      errors.push(notSupported(at.child('effect'), toleration.effect, effects));
    }
    return errors;
  });
}

/** A Pod's spec, as in a Pod or a template. */
export function validatePodSpec(spec: PodSpec | undefined, where: FieldPath): FieldError[] {
  if (spec === undefined) return [required(where.child('containers'))];
  const errors: FieldError[] = [];
  const volumes = spec.volumes ?? [];
  const names = new Set<string>();
  errors.push(...validateVolumes(volumes, where.child('volumes')));
  if ((spec.containers ?? []).length === 0) errors.push(required(where.child('containers')));
  errors.push(
    ...validateContainers(spec.containers, where.child('containers'), { volumes, init: false }, names),
  );
  errors.push(
    ...validateContainers(spec.initContainers, where.child('initContainers'), { volumes, init: true }, names),
  );
  if (!spec.restartPolicy) errors.push(required(where.child('restartPolicy')));
  else if (!restartPolicies.includes(spec.restartPolicy)) {
    errors.push(notSupported(where.child('restartPolicy'), spec.restartPolicy, restartPolicies));
  }
  if (!spec.dnsPolicy) errors.push(required(where.child('dnsPolicy')));
  else if (!dnsPolicies.includes(spec.dnsPolicy)) {
    errors.push(notSupported(where.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies));
  }
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    for (const message of validateQualifiedName(key))
      errors.push(invalidValue(where.child('nodeSelector'), key, message));
    for (const message of validateLabelValue(value))
      errors.push(invalidValue(where.child('nodeSelector'), value, message));
  }
  for (const [name, value] of [
    ['serviceAccountName', spec.serviceAccountName],
    ['nodeName', spec.nodeName],
    ['priorityClassName', spec.priorityClassName],
  ] as const) {
    if (value)
      for (const message of validateDns1123Subdomain(value))
        errors.push(invalidValue(where.child(name), value, message));
  }
  if (spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1) {
    errors.push(
      invalidValue(
        where.child('activeDeadlineSeconds'),
        spec.activeDeadlineSeconds,
        'must be between 1 and 2147483647, inclusive',
      ),
    );
  }
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) {
    errors.push(
      invalidValue(
        where.child('terminationGracePeriodSeconds'),
        spec.terminationGracePeriodSeconds,
        'must be greater than or equal to 0',
      ),
    );
  }
  errors.push(...validateTolerations(spec.tolerations, where.child('tolerations')));
  return errors;
}

/** A Pod template: its labels and its spec. */
export function validatePodTemplateSpec(
  template: PodTemplateSpec | undefined,
  where: FieldPath,
): FieldError[] {
  const errors = [
    ...validateLabels(template?.metadata?.labels, where.child('labels')),
    ...validatePodSpec(template?.spec, where.child('spec')),
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
