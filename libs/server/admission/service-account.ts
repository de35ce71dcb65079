import type { Container, Pod, ServiceAccount, Volume, VolumeMount } from '@drydock/api/core/v1';
import { forbidden } from '@drydock/base/apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** Kubernetes asks for an hour and a bit: kubelets renew before clients that cache for an hour would notice. */
const tokenSeconds = 3607;
const mirrorAnnotation = 'kubernetes.io/config.mirror';
/** The default account of a new namespace is made by a controller: it is waited for. */
const defaultAccount = { name: 'default', tries: 10, delayMs: 100 };

/** Kubernetes' ServiceAccount: Pods get an account, its token as a projected volume, and its pull secrets. */
export function serviceAccount(): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: (definition, subresource, operation) =>
      definition.group === '' &&
      definition.resource === 'pods' &&
      subresource === '' &&
      operation === 'CREATE',
    admit(request) {
      const pod = request.object as Pod;
      if (pod.spec === undefined || pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
      pod.spec.serviceAccountName ||= defaultAccount.name;
      pod.spec.serviceAccount = pod.spec.serviceAccountName;
      const account = find(request, pod.spec.serviceAccountName);
      if (account !== undefined) return furnish(request, pod, account);
      return waitForAccount(request, pod.spec.serviceAccountName).then((found) =>
        furnish(request, pod, found),
      );
    },
  };
}

function find({ context, namespace }: AdmissionRequest, name: string): ServiceAccount | undefined {
  return context.lookup('', 'serviceaccounts', `${namespace}/${name}`) as ServiceAccount | undefined;
}

async function waitForAccount(request: AdmissionRequest, name: string): Promise<ServiceAccount> {
  const { context, namespace } = request;
  const tries = name === defaultAccount.name ? defaultAccount.tries : 0;
  for (let tried = 0; tried < tries; tried++) {
    await context.clock.sleep(defaultAccount.delayMs);
    const account = find(request, name);
    if (account !== undefined) return account;
  }
  throw forbidden(
    { group: '', resource: 'pods' },
    request.object.metadata.name ?? '',
    `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
  );
}

function furnish({ context }: AdmissionRequest, pod: Pod, account: ServiceAccount): void {
  const spec = pod.spec!;
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
    mountToken(pod, () => context.random.suffix(5));
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
    spec.imagePullSecrets = account.imagePullSecrets!.map((secret) => ({ ...secret }));
  }
}

function mountToken(pod: Pod, suffix: () => string): void {
  const spec = pod.spec!;
  const existing = spec.volumes?.find((volume) => (volume.name ?? '').startsWith(volumePrefix));
  const name = existing?.name ?? volumePrefix + suffix();
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (mountInto(container, name)) mounted = true;
  }
  if (existing === undefined && mounted) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

/** False when the container has something of its own in that place. */
function mountInto(container: Container, name: string): boolean {
  if (container.volumeMounts?.some((mount) => mount.mountPath === mountPath) === true) return false;
  const mount: VolumeMount = { name, readOnly: true, mountPath };
  container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  return true;
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  } as Volume;
}
