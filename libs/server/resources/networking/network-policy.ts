import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  cidrContains,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  parseCidr,
  required,
  validateCidr,
  validateLabelSelector,
  validatePortName,
  validatePortNumber,
} from '@drydock/base/apimachinery';
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '@drydock/api/networking/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { rangeWarnings } from '../shared/index.ts';
import { ageColumn, nameColumn, selectorText, textColumn, textErrors } from '../common/index.ts';

const protocols = ['TCP', 'UDP', 'SCTP'];
const directions = ['Ingress', 'Egress'];
const spec = fieldPath('spec');

function portErrors({ protocol, port, endPort }: NetworkPolicyPort, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !protocols.includes(protocol)) {
    errors.push(notSupported(where.child('protocol'), protocol, protocols));
  }
  const at = where.child('port');
  const atEnd = where.child('endPort');
  if (typeof port === 'number') {
    errors.push(...textErrors(validatePortNumber(port), port, at));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalidValue(atEnd, port, 'must be greater than or equal to `port`'));
    return [...errors, ...textErrors(validatePortNumber(endPort), endPort, atEnd)];
  }
  if (endPort !== undefined) {
    const reason = port === undefined ? 'not specified' : 'non-numeric';
    errors.push(invalidValue(atEnd, endPort, `may not be specified when \`port\` is ${reason}`));
  }
  return port === undefined ? errors : [...errors, ...textErrors(validatePortName(port), port, at)];
}

function blockErrors(block: IPBlock, where: FieldPath): FieldError[] {
  const text = block.cidr ?? '';
  if (text === '') return [required(where.child('cidr'))];
  const errors = textErrors(validateCidr(text), text, where.child('cidr'));
  const whole = parseCidr(text);
  if (whole === undefined) return errors;
  (block.except ?? []).forEach((except, index) => {
    const at = where.child('except').index(index);
    errors.push(...textErrors(validateCidr(except), except, at));
    const part = parseCidr(except);
    if (part === undefined) return;
    const within = cidrContains(whole, { family: part.family, value: part.base });
    if (!within || whole.prefixLength >= part.prefixLength) {
      errors.push(invalidValue(at, except, 'must be a strict subset of `cidr`'));
    }
  });
  return errors;
}

function peerErrors(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  where: FieldPath,
): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, where.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, where.child('namespaceSelector')),
    ...(ipBlock === undefined ? [] : blockErrors(ipBlock, where.child('ipBlock'))),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(where, 'must specify a peer'));
  else if (selects && ipBlock !== undefined) {
    errors.push(forbiddenField(where, 'may not specify both ipBlock and another peer'));
  }
  return errors;
}

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

function rulesErrors(rules: readonly Rule[], name: string, peerName: string): FieldError[] {
  return rules.flatMap(({ ports, peers }, index) => {
    const at = spec.child(name).index(index);
    return [
      ...ports.flatMap((port, position) => portErrors(port, at.child('ports').index(position))),
      ...peers.flatMap((peer, position) => peerErrors(peer, at.child(peerName).index(position))),
    ];
  });
}

function specErrors(value: NetworkPolicySpec): FieldError[] {
  const types = value.policyTypes ?? [];
  const at = spec.child('policyTypes');
  const ingress = (value.ingress ?? []).map(({ ports = [], from = [] }) => ({ ports, peers: from }));
  const egress = (value.egress ?? []).map(({ ports = [], to = [] }) => ({ ports, peers: to }));
  return [
    ...validateLabelSelector(value.podSelector, spec.child('podSelector')),
    ...rulesErrors(ingress, 'ingress', 'from'),
    ...rulesErrors(egress, 'egress', 'to'),
    ...(types.length > directions.length
      ? [invalidValue(at, types, 'may not specify more than two policyTypes')]
      : types.flatMap((type, index) =>
          directions.includes(type) ? [] : [notSupported(at.index(index), type, directions)],
        )),
  ];
}

function blockWarnings(block: IPBlock | undefined, at: FieldPath): string[] {
  return [
    ...rangeWarnings(block?.cidr, at.child('cidr')),
    ...(block?.except ?? []).flatMap((range, index) => rangeWarnings(range, at.child('except').index(index))),
  ];
}

function warnings({ spec: value }: NetworkPolicy): string[] {
  const at = (rule: 'ingress' | 'egress', index: number, peers: 'from' | 'to', position: number): FieldPath =>
    spec.child(rule).index(index).child(peers).index(position).child('ipBlock');
  return [
    ...(value?.ingress ?? []).flatMap(({ from = [] }, index) =>
      from.flatMap(({ ipBlock }, position) => blockWarnings(ipBlock, at('ingress', index, 'from', position))),
    ),
    ...(value?.egress ?? []).flatMap(({ to = [] }, index) =>
      to.flatMap(({ ipBlock }, position) => blockWarnings(ipBlock, at('egress', index, 'to', position))),
    ),
  ];
}

/** networking.k8s.io/v1 NetworkPolicy: which traffic Pods may have. */
export const networkPolicyDefinition: ResourceDefinition<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  namespaced: true,
  schema: 'k8s.io.api.networking.v1.NetworkPolicy',
  strategy: {
    defaults(object) {
      const value = (object.spec ??= {});
      value.podSelector ??= {};
      const rules = [...(value.ingress ?? []), ...(value.egress ?? [])];
      for (const rule of rules) for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
      if ((value.policyTypes ?? []).length > 0) return;
      // Every policy is about incoming traffic; about outgoing only when it says so.
      value.policyTypes = (value.egress ?? []).length === 0 ? ['Ingress'] : ['Ingress', 'Egress'];
    },
    validate: (object) => specErrors(object.spec ?? {}),
    warnings,
  },
  columns: [
    nameColumn,
    textColumn('Pod-Selector', 'Pods it is about.', (object) => selectorText(object.spec?.podSelector ?? {})),
    ageColumn,
  ],
};
