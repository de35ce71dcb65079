import { fieldPath } from '@drydock/base/apimachinery';
import type { Service } from '@drydock/api/core/v1';
import { addressWarnings, rangeWarnings } from '../shared/index.ts';

const spec = fieldPath('spec');
const oldHints = 'service.kubernetes.io/topology-aware-hints';
const newHints = 'service.kubernetes.io/topology-mode';

/** Advice on a Service: what has no effect, what goes away, and addresses that not everybody reads alike. */
export function serviceWarnings({ metadata, spec: value = {} }: Service): string[] {
  const { type, clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP, externalName } = value;
  const isHeadless = type === 'ClusterIP' && clusterIP === 'None';
  const isElsewhere = type === 'ExternalName';
  const warnings: string[] = [];
  if (metadata.annotations?.[oldHints] !== undefined)
    warnings.push(`annotation ${oldHints} is deprecated, please use ${newHints} instead`);
  clusterIPs.forEach((ip, index) =>
    warnings.push(...addressWarnings(ip, spec.child('clusterIPs').index(index))),
  );
  if (isHeadless) {
    if (loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (value.sessionAffinity !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  externalIPs.forEach((ip, index) =>
    warnings.push(...addressWarnings(ip, spec.child('externalIPs').index(index))),
  );
  if (externalIPs.length > 0 && !isHeadless && !isElsewhere)
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  warnings.push(...addressWarnings(loadBalancerIP, spec.child('loadBalancerIP')));
  value.loadBalancerSourceRanges?.forEach((range, index) =>
    warnings.push(...rangeWarnings(range.trim(), spec.child('loadBalancerSourceRanges').index(index))),
  );
  if (isElsewhere && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (!isElsewhere && externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (value.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

/** The same on its status. */
export function serviceStatusWarnings({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
    addressWarnings(ip, fieldPath('status', 'loadBalancer', 'ingress').index(index)),
  );
}
