import type { AppArmorProfile, Pod, PodAffinity, PodAffinityTerm } from '@drydock/api/core/v1';
import type { LabelSelector } from '@drydock/base/apimachinery';
import { deepEqual, fieldPath } from '@drydock/base/apimachinery';

type Labels = Readonly<Record<string, string>>;

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';
const maxProfileLength = 4095;

/**
 * Adds to a selector what keys of the Pod's own labels stand for. A selector that is absent finds nothing whatever is added;
 * what is there already is not added again, since a Pod that a webhook changed is prepared anew.
 */
function addKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): void {
  if (selector === undefined) return;
  const added = (keys ?? [])
    .filter((key) => labels[key] !== undefined)
    .map((key) => ({ key, operator, values: [labels[key] ?? ''] }));
  const present = selector.matchExpressions ?? [];
  const fresh = added.filter((one) => !present.some((other) => deepEqual(one, other)));
  if (fresh.length > 0) selector.matchExpressions = [...present, ...fresh];
}

function termsOf(affinity: PodAffinity | undefined): PodAffinityTerm[] {
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...preferred.flatMap(({ podAffinityTerm }) => (podAffinityTerm === undefined ? [] : [podAffinityTerm])),
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
}

/** Merges `matchLabelKeys` and `mismatchLabelKeys` into the selectors beside them (KEP-3633, KEP-3243). */
export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const { labels = {} } = metadata;
  for (const { labelSelector, matchLabelKeys } of spec?.topologySpreadConstraints ?? [])
    addKeys(labelSelector, matchLabelKeys, 'In', labels);
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const term of [...termsOf(podAffinity), ...termsOf(podAntiAffinity)]) {
    addKeys(term.labelSelector, term.matchLabelKeys, 'In', labels);
    addKeys(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels);
  }
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(localhost)) return undefined;
  const localhostProfile = annotation.slice(localhost.length);
  const fits =
    localhostProfile !== '' &&
    localhostProfile === localhostProfile.trim() &&
    localhostProfile.length <= maxProfileLength;
  return fits ? { type: 'Localhost', localhostProfile } : undefined;
}

/** Fills the AppArmor profile of containers in from the annotations that came before the field, and advises on those (KEP-24). */
export function fillAppArmorProfiles({ metadata, spec }: Pod, warn: (text: string) => void): void {
  if (spec === undefined || spec.os?.name === 'windows') return;
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const container of spec[list] ?? []) {
      const key = `${appArmorPrefix}${container.name}`;
      const annotation = metadata.annotations?.[key];
      if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
      const profile = profileOf(annotation);
      if (profile !== undefined && deepEqual(profile, spec.securityContext?.appArmorProfile)) continue;
      if (profile !== undefined) (container.securityContext ??= {}).appArmorProfile = profile;
      const at = fieldPath('metadata', 'annotations').key(key).toString();
      warn(`${at}: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  }
}
