import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue } from '@drydock/base/apimachinery';
import type { Ingress } from '@drydock/api/networking/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { addressWarnings } from '../shared/index.ts';
import { ingressSpecErrors, ingressStatusErrors } from './ingress-errors.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
/** How many hosts a cell shows before it counts the rest. */
const shownHosts = 3;

/** Both ways of naming the class must agree when an Ingress is created. */
function classErrors(object: Ingress): FieldError[] {
  const annotation = object.metadata.annotations?.[classAnnotation];
  const name = object.spec?.ingressClassName;
  if (annotation === undefined || name === undefined || annotation === name) return [];
  const where = fieldPath('annotations', classAnnotation);
  return [invalidValue(where, annotation, 'must match `ingressClassName` when both are specified')];
}

function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host = '' } of rules) {
    if (shown.length === shownHosts) more = true;
    if (!more && host !== '') shown.push(host);
  }
  if (shown.length === 0) return '*';
  const text = shown.join(',');
  return more ? `${text} + ${rules.length - shownHosts} more...` : text;
}

function addressText({ status }: Ingress): string {
  const points = (status?.loadBalancer?.ingress ?? []).map(({ ip = '', hostname = '' }) =>
    ip === '' ? hostname : ip,
  );
  return [...new Set(points.filter((point) => point !== ''))].sort().join(',');
}

/** networking.k8s.io/v1 Ingress: which requests from outside go to which Services. */
export const ingressDefinition: ResourceDefinition<Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  namespaced: true,
  schema: 'k8s.io.api.networking.v1.Ingress',
  status: true,
  strategy: {
    defaults(object) {
      object.spec ??= {};
    },
    prepareForCreate(object) {
      object.status = { loadBalancer: {} };
    },
    validate: (object) => [
      ...ingressSpecErrors(object.spec ?? {}, fieldPath('spec')),
      ...classErrors(object),
    ],
    updatesValidateAlone: true,
    validateUpdate: (object, old) => ingressSpecErrors(object.spec ?? {}, fieldPath('spec'), old.spec),
    validateStatusUpdate: (object) => ingressStatusErrors(object.status),
    warnings({ metadata, spec }, old) {
      return old !== undefined ||
        metadata.annotations?.[classAnnotation] === undefined ||
        spec?.ingressClassName !== undefined
        ? []
        : [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
    },
    statusWarnings: ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
        addressWarnings(ip, fieldPath('status', 'loadBalancer', 'ingress').index(index).child('ip')),
      ),
  },
  columns: [
    nameColumn,
    textColumn('Class', 'Class that serves it.', (object) => object.spec?.ingressClassName ?? '<none>'),
    textColumn('Hosts', 'Hosts it answers for.', hostsText),
    textColumn('Address', 'Where it is reached.', addressText),
    textColumn('Ports', 'Ports it answers on.', (object) =>
      (object.spec?.tls ?? []).length === 0 ? '80' : '80, 443',
    ),
    ageColumn,
  ],
};
