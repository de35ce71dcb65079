import type { Container, PodSpec } from '../gen/core/v1.ts';

/** The tag `latest`, given or implied, means Always; a digest or any other tag IfNotPresent. */
function pullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const text = image ?? '';
  if (text.includes('@')) return 'IfNotPresent';
  const last = text.slice(text.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 || last.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function containerDefaults(container: Container, hostNetwork: boolean): void {
  container.imagePullPolicy ||= pullPolicy(container.image);
  container.resources ??= {};
  const { limits } = container.resources;
  if (limits !== undefined) {
    container.resources.requests = { ...limits, ...container.resources.requests };
  }
  for (const port of container.ports ?? []) {
    if (hostNetwork) port.hostPort ||= port.containerPort;
  }
}

/** Defaults of a Pod's spec that follow from its other fields. In place, idempotent. */
export function applyPodSpecDefaults(spec: PodSpec): void {
  const hostNetwork = spec.hostNetwork === true;
  for (const container of spec.initContainers ?? []) containerDefaults(container, hostNetwork);
  for (const container of spec.containers ?? []) containerDefaults(container, hostNetwork);
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount !== undefined) spec.serviceAccountName = spec.serviceAccount;
}
