import type { Container, Pod, PodSpec, Volume } from '../gen/core/v1.ts';
import { defaultPodLevelResources } from './pod-level-resources.ts';

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domain = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/** A reference to an image: registry, path, tag (1) and digest (2). */
const reference = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component})*(?::(\\w[\\w.-]{0,127}))?` +
    '(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$',
);

/** The tag `latest`, given or implied, means Always; any other tag, a digest alone, or what is no image at all, IfNotPresent. */
function pullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const parts = reference.exec(image ?? '');
  if (parts === null) return 'IfNotPresent';
  const [, tag, digest] = parts;
  return (tag ?? (digest === undefined ? 'latest' : '')) === 'latest' ? 'Always' : 'IfNotPresent';
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
