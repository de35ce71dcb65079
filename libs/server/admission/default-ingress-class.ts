import type { Ingress } from '@drydock/api/networking/v1';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AdmissionPlugin } from './types.ts';

const classes = { group: 'networking.k8s.io', resource: 'ingressclasses' };
const mark = 'ingressclass.kubernetes.io/is-default-class';
const older = 'kubernetes.io/ingress.class';

/** Kubernetes' DefaultIngressClass: an Ingress that names no class gets the default one, where there is one. */
export function defaultIngressClass(cache: Pick<WatchCache, 'items'>): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: ({ group, resource }, subresource, operation) =>
      group === classes.group && resource === 'ingresses' && subresource === '' && operation === 'CREATE',
    admit({ object }) {
      const { spec, metadata } = object as Ingress;
      if (spec === undefined || spec.ingressClassName !== undefined) return;
      if (metadata.annotations?.[older] !== undefined) return;
      const [chosen] = cache
        .items(classes)
        .map((item) => item.object.metadata)
        .filter(({ annotations }) => annotations?.[mark] === 'true')
        .sort((a, b) => {
          const newer = (b.creationTimestamp ?? '').localeCompare(a.creationTimestamp ?? '');
          return newer !== 0 ? newer : (a.name ?? '') < (b.name ?? '') ? -1 : 1;
        });
      if (chosen !== undefined) spec.ingressClassName = chosen.name ?? '';
    },
  };
}
