import type { Container, Pod, PodSpec, Volume } from '../gen/core/v1.ts';
import { defaultPodLevelResources } from './pod-level-resources.ts';

/** The tag `latest`, given or implied, means Always; any other tag, or a digest alone, IfNotPresent. */
function pullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const [named = '', digest] = (image ?? '').split('@');
  const last = named.slice(named.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon < 0) return digest === undefined ? 'Always' : 'IfNotPresent';
  return last.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function volumeDefaults(volume: Volume): void {
  const { name: _name, ...sources } = volume;
  if (Object.values(sources).every((source) => source === undefined)) volume.emptyDir = {};
  if (volume.image !== undefined) volume.image.pullPolicy ||= pullPolicy(volume.image.reference);
}

/** Defaults of a Pod's spec that follow from its other fields, in Pods and in templates. In place, idempotent. */
export function applyPodSpecDefaults(spec: PodSpec): void {
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    container.imagePullPolicy ||= pullPolicy(container.image);
    container.resources ??= {};
  }
  for (const container of spec.ephemeralContainers ?? [])
    container.imagePullPolicy ||= pullPolicy(container.image);
  for (const volume of spec.volumes ?? []) volumeDefaults(volume);
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount !== undefined) spec.serviceAccountName = spec.serviceAccount;
}

function podContainerDefaults(container: Container, hostNetwork: boolean): void {
  const { resources } = container;
  if (resources?.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
  if (hostNetwork) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

/** Defaults of Pods: those of their spec, and what a template leaves open until a Pod is made of it. In place, idempotent. */
export function applyPodDefaults(pod: Pod): void {
  const { spec } = pod;
  if (spec === undefined) return;
  applyPodSpecDefaults(spec);
  const hostNetwork = spec.hostNetwork === true;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    podContainerDefaults(container, hostNetwork);
  defaultPodLevelResources(pod);
  spec.enableServiceLinks ??= true;
}
