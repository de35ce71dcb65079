import type { Pod } from '@drydock/api/core/v1';

export function podHostname(pod: Pod): string {
  const name = pod.spec?.hostname ?? '';
  if (name !== '') return name;
  return pod.spec?.hostNetwork === true ? (pod.spec.nodeName ?? '') : (pod.metadata.name ?? '').slice(0, 63);
}
