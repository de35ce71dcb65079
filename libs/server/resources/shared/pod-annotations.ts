import {
  forbiddenField,
  goQuote,
  invalidValue,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec, SeccompProfile } from '@drydock/api/core/v1';
import { descendingPathErrors } from './paths.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

function containersOf(spec: PodSpec | undefined, where: FieldPath) {
  return containerLists.flatMap((list) =>
    (spec?.[list] ?? []).map((container, index) => ({ container, at: where.child(list).index(index) })),
  );
}

function seccompErrors(profile: string, where: FieldPath): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  return profile.startsWith(localhost)
    ? descendingPathErrors(profile.slice(localhost.length), where)
    : [invalidValue(where, profile, 'must be a valid seccomp profile')];
}

function appArmorErrors(
  key: string,
  profile: string,
  spec: PodSpec | undefined,
  where: FieldPath,
): FieldError[] {
  const name = key.slice(appArmorContainer.length);
  const at = where.key(key);
  const errors: FieldError[] = [];
  if (!containersOf(spec, where).some(({ container }) => container.name === name))
    errors.push(invalidValue(at, name, 'container not found'));
  if (!['', 'runtime/default', 'unconfined'].includes(profile) && !profile.startsWith(localhost))
    errors.push(invalidValue(at, profile, `invalid AppArmor profile name: ${goQuote(profile)}`));
  return errors;
}

/** Annotations of a Pod or a template that Kubernetes itself reads. */
export function podAnnotationErrors(
  annotations: Annotations,
  spec: PodSpec | undefined,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const mirrored = annotations?.[mirror];
  if (mirrored !== undefined && !spec?.nodeName) {
    const detail = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(invalidValue(where.key(mirror), mirrored, detail));
  }
  const cost = annotations?.[deletionCost];
  if (cost !== undefined && !(/^(0|-?[1-9]\d*)$/.test(cost) && Number(cost) === (Number(cost) | 0)))
    errors.push(invalidValue(where.key(deletionCost), cost, 'must be a 32bit integer'));
  for (const [key, profile] of Object.entries(annotations ?? {})) {
    if (key === seccompPod || key.startsWith(seccompContainer))
      errors.push(...seccompErrors(profile, where.child(key)));
    else if (key.startsWith(appArmorContainer)) errors.push(...appArmorErrors(key, profile, spec, where));
  }
  return errors;
}

/** What a Pod may not do to its annotations later. */
export function podAnnotationChangeErrors(
  now: Annotations,
  old: Annotations,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [what, kept] of [
    ['AppArmor annotations', (key: string) => key.startsWith(appArmorContainer)],
    ['mirror pod annotation', (key: string) => key === mirror],
  ] as const) {
    for (const [key, value] of Object.entries(old ?? {}))
      if (kept(key) && now?.[key] !== value)
        errors.push(forbiddenField(where.key(key), `may not remove or update ${what}`));
    for (const key of Object.keys(now ?? {}))
      if (kept(key) && old?.[key] === undefined)
        errors.push(forbiddenField(where.key(key), `may not add ${what}`));
  }
  return errors;
}

/** Whether a Pod was made from a file on its node. */
export function isMirror(annotations: Annotations): boolean {
  return annotations?.[mirror] !== undefined;
}

/** An annotation and a field that both name a profile must name the same. */
function mismatch(
  kind: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  profile: SeccompProfile | undefined,
  where: FieldPath,
): FieldError[] {
  if (annotation === undefined || profile === undefined || profile === null) return [];
  const differs = (field: string, what: string) => [
    forbiddenField(where.child(field), `${kind} ${what} in annotation and field must match`),
  ];
  const { type, localhostProfile } = profile;
  if (type === 'Unconfined') return annotation === 'unconfined' ? [] : differs('type', 'type');
  if (type === 'RuntimeDefault') {
    const same = annotation === 'runtime/default' || (kind === 'seccomp' && annotation === 'docker/default');
    return same ? [] : differs('type', 'type');
  }
  if (type !== 'Localhost') return [];
  if (!annotation.startsWith(localhost)) return differs('type', 'type');
  return annotation.slice(localhost.length) === localhostProfile
    ? []
    : differs('localhostProfile', 'profile');
}

/** Profiles that a new Pod or a template names twice, by annotation and by field. */
export function profileMatchErrors(
  annotations: Annotations,
  spec: PodSpec | undefined,
  where: FieldPath,
): FieldError[] {
  const whole = spec?.securityContext;
  const containers = containersOf(spec, where);
  return [
    ...mismatch(
      'seccomp',
      annotations?.[seccompPod],
      whole?.seccompProfile,
      where.child('securityContext', 'seccompProfile'),
    ),
    ...containers.flatMap(({ container, at }) =>
      mismatch(
        'seccomp',
        annotations?.[seccompContainer + container.name],
        container.securityContext?.seccompProfile,
        at.child('securityContext', 'seccompProfile'),
      ),
    ),
    ...(spec?.os?.name === 'windows' ? [] : containers).flatMap(({ container, at }) =>
      mismatch(
        'apparmor',
        annotations?.[appArmorContainer + container.name],
        container.securityContext?.appArmorProfile ?? whole?.appArmorProfile,
        at.child('securityContext', 'appArmorProfile'),
      ),
    ),
  ];
}
