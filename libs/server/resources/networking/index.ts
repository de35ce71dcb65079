import type { ResourceDefinition } from '../../registry/types.ts';
import { ingressClassDefinition } from './ingress-class.ts';
import { ingressDefinition } from './ingress.ts';
import { ipAddressDefinition } from './ip-address.ts';
import { networkPolicyDefinition } from './network-policy.ts';
import { serviceCidrDefinition } from './service-cidr.ts';

/** All of networking.k8s.io/v1. */
export const networkingDefinitions: ResourceDefinition[] = [
  ingressClassDefinition,
  ingressDefinition,
  ipAddressDefinition,
  networkPolicyDefinition,
  serviceCidrDefinition,
];
